/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files of an archive that have several names.
 */

#include <stdbool.h>
#include <stddef.h>

#include "skipcpio/image.h"
#include "skipcpio/newc.h"

struct group {
        struct newc header; /* the last one; device, inode number and type identify the file */
        char **names;       /* in the archive's order, but the one that was written comes first */
        size_t count;
        bool written; /* the first name is in the output: the others are links to it */
};

struct groups {
        void *tree; /* of tsearch(3) */
        size_t memory;
};

/** Bytes that the names may take: hundreds of thousands of real ones. */
#define GROUPS_MEMORY_MAX ((size_t)32 << 20)

/**
 * The group of an entry; a new, empty one for the first entry of a file.
 *
 * @return the group, owned by @groups; or NULL if memory is short or GROUPS_MEMORY_MAX is used up
 */
struct group *group_find(struct groups *groups, const struct newc *header);

/** The group of an entry, or NULL if there is none. */
struct group *group_get(const struct groups *groups, const struct newc *header);

/** Add a name: in front with @first, else behind the others. @return 0, or -ENOMEM, or -E2BIG beyond GROUPS_MEMORY_MAX
 */
int group_add(struct groups *groups, struct group *group, const char *name, bool first);

/** Log that there is no memory for what group_find() or group_add() was to remember. @return -E2BIG */
int groups_full(const struct image *image);

/** Call @each for all groups, until one fails, and free them. @return 0 or the negative result */
int groups_end(struct groups *groups, int (*each)(void *argument, struct group *group), void *argument);

/** Forget all. Works as a cleanup function. */
void groups_done(struct groups *groups);
