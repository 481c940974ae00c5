/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * --exclude: names to leave out, with everything below them.
 */

#include <stdbool.h>
#include <stddef.h>

struct exclude {
        char **globs; /* patterns of fnmatch(3) for whole names; a leading slash is ignored; not owned */
        size_t count;
};

#define EXCLUDE_DISPENSABLE 4

/** Kernel modules and firmware. A pivot can do without: what the storage needs is loaded by then. */
extern const char *const exclude_dispensable[EXCLUDE_DISPENSABLE];

/**
 * fnmatch(3), in bytes where the name or the pattern is none of the locale's encoding: glibc does that by itself only
 * in later versions, and in older ones nothing matches such a name.
 *
 * @param flags  FNM_...
 */
bool glob_matches(const char *glob, const char *name, int flags);

/** Whether @name, or a directory above it, matches a pattern. Leading `/` and `./` of @name are ignored. */
bool exclude_matches(const struct exclude *exclude, const char *name);

/**
 * Remove everything that matches from a tree. Times of directories are preserved.
 *
 * @param tree_fd  the root directory's descriptor; O_PATH will do
 * @return 0, or a negative errno if something that matches is left
 */
int exclude_remove(const struct exclude *exclude, int tree_fd);
