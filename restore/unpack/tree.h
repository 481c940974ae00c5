/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The staging tree: what an entry's name may do to it.
 *
 * Each name is resolved by the kernel as if the tree's root were / (openat2 with
 * RESOLVE_IN_ROOT), so that nothing outside is in reach; then one call acts on the last
 * component. What each type of entry does is what Linux's init/initramfs.c does.
 *
 * Results: 0; TREE_SKIPPED where the kernel would have gone on without the entry (a name below a
 * file, a directory in a file's place, …); or a negative errno, which ends the restore.
 */

#include <stdbool.h>
#include <stdint.h>

#include "skipcpio/newc.h"
#include "place.h"

/** Memory for the names of directories: hundreds of thousands of real ones. */
#define TREE_DIRECTORIES_MAX (UINT64_C(32) << 20)

void tree_init(struct tree *tree, int root);
void tree_done(struct tree *tree);

int tree_directory(struct tree *tree, const char *name, const struct newc *header);
int tree_symlink(struct tree *tree, const char *name, const char *target, const struct newc *header);
/** A device node, fifo or socket. */
int tree_node(struct tree *tree, const char *name, const struct newc *header);

/**
 * Remove what stands at @name if its type is another than @mode's; 0 for @mode removes any file, and a
 * directory that is empty.
 */
int tree_clean(struct tree *tree, const char *name, uint32_t mode);

/** The same for an entry of no type: no parents are made. */
int tree_clear(struct tree *tree, const char *name, uint32_t mode);

/** Make @name a hard link to @old, removing what stood there. */
int tree_link(struct tree *tree, const char *name, const char *old);

/**
 * Open a regular file for writing, with owner, mode and size set as @header says.
 *
 * @param linked   it was just made by tree_link(): its data so far stays
 * @param ret_new  false where the file was there before
 * @return its descriptor, or as above
 */
int tree_file(struct tree *tree, const char *name, const struct newc *header, bool linked, bool *ret_new, int *ret_fd);

/** Set a file's times. */
int tree_file_times(int fd, uint32_t mtime);

/** Set the directories' times. The kernel goes through them from the last to the first, and so does this. */
int tree_finish(struct tree *tree);
