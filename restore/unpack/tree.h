/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A tree being made: what each entry does to it.
 *
 * The kernel resolves each name as if the tree's root were / (openat2 with RESOLVE_IN_ROOT), so that nothing outside is
 * within reach. Then one call acts on the last component. Each type of entry does what it does in Linux's
 * init/initramfs.c: what is in the way is removed if it has another type, but for a directory that is not empty.
 * Parents that are missing are made, root's and 0755, and that is the one difference.
 *
 * Unless it says otherwise, a function returns
 * - 0 on success;
 * - TREE_SKIPPED where the kernel would have gone on without the entry: a name below a file, a directory that is not
 * empty in a file's place, a name that is too long, and so on (the list is in skipped()). Owner, mode or time of what
 * is in the way may be the entry's then, as the kernel has it;
 * - or a negative errno, not logged, after which the tree is not whole: -ENOSPC where it is full, which tree->full
 *   says too, -ENOMEM, -EPERM, -EIO and whatever else a system call gives.
 *
 * @name is the name in the archive, NUL-terminated, of less than PATH_MAX bytes. Of @header, mode, uid, gid and mtime
 * are used, and what a function names. One thread at a time may use a tree; writers.h has what others may do meanwhile.
 */

#include <stdbool.h>
#include <stdint.h>

#include "skipcpio/newc.h"
#include "place.h"

/** Memory for the names of directories, in bytes: enough for hundreds of thousands. */
#define TREE_DIRECTORIES_MAX (UINT64_C(32) << 20)

/**
 * Begin a tree.
 *
 * @param tree  initialized; tree_done() frees it
 * @param root  descriptor of an empty directory that is / for all names, readable; it has to outlive the tree
 */
void tree_init(struct tree *tree, int root);

/** Free what the tree has, but leave its files and its root's descriptor. May be called twice. */
void tree_done(struct tree *tree);

/**
 * Make a directory, or give the one that is there the entry's owner and mode. Its time is set by tree_finish().
 *
 * @return as above; -E2BIG where there are more directories than TREE_DIRECTORIES_MAX has room for
 */
int tree_directory(struct tree *tree, const char *name, const struct newc *header);

/**
 * Make a symbolic link.
 *
 * @param target  NUL-terminated; where the kernel takes no such target, what has the name is removed all the same
 */
int tree_symlink(struct tree *tree, const char *name, const char *target, const struct newc *header);

/**
 * Make a device node, a fifo or a socket. One of the same type that is there keeps its device number.
 *
 * @param header  its mode says which; its rdev_major and rdev_minor are cut to 12 and 20 bits, as by the kernel
 */
int tree_node(struct tree *tree, const char *name, const struct newc *header);

/**
 * Remove what has the name, unless it is of the type that is wanted.
 *
 * @param mode  the type that is wanted, as in st_mode; 0 for none
 * @return as above; 0 also where nothing was there. Parents are made
 */
int tree_clean(struct tree *tree, const char *name, uint32_t mode);

/** As tree_clean(), for an entry of no type: no parents are made. */
int tree_clear(struct tree *tree, const char *name, uint32_t mode);

/**
 * Make a hard link, and remove what had its name, whatever type it was of.
 *
 * @param name  of the new link
 * @param old   of the file, as it was in the archive; TREE_SKIPPED where nothing, or a directory, has this name now
 */
int tree_link(struct tree *tree, const char *name, const char *old);

/**
 * Open a regular file for writing, at its beginning. One that is there is the same file afterwards, with all its links.
 *
 * @param header   owner and mode are set, not the time; a file that was there is cut to filesize
 * @param linked   tree_link() has just made it: its data stays where the entry has none
 * @param ret_new  set on success: false where the file was there before
 * @param ret_fd   set on success: its descriptor, write-only; the caller closes it
 */
int tree_file(struct tree *tree, const char *name, const struct newc *header, bool linked, bool *ret_new, int *ret_fd);

/**
 * Set a file's access and modification times.
 *
 * @param fd     of the file, not O_PATH
 * @param mtime  seconds since 1970
 * @return 0, or a negative errno
 */
int tree_file_times(int fd, uint32_t mtime);

/**
 * Set the times of all directories, from the last entry to the first, as the kernel does. No entry can be made
 * afterwards. Directories that are gone by now are passed over.
 *
 * @return 0, or a negative errno
 */
int tree_finish(struct tree *tree);
