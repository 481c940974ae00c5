/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A tree being made: what each entry does to it.
 *
 * The kernel resolves each name as if the tree's root were / (openat2 with RESOLVE_IN_ROOT), so nothing outside is
 * within reach. Then one call acts on the last component. Entries have the same effect as in Linux's init/initramfs.c:
 * a file of another type in the entry's place is removed, unless it is a directory that is not empty. There is one
 * difference: missing parents are made, owned by root, with mode 0755.
 *
 * Unless stated otherwise, a function returns
 * - 0 on success;
 * - TREE_SKIPPED if the kernel would continue without the entry: a name below a file, a directory that is not empty in
 * a file's place, a name that is too long, and so on (the list is in skipped()). As with the kernel, what is in the
 *   entry's place may have got its owner, mode or time;
 * - or a negative errno, not logged, after which the tree is not complete: -ENOSPC if it is full (tree->full is then
 *   set, too), -ENOMEM, -EPERM, -EIO, or any other error of a system call.
 *
 * @name is the name in the archive, NUL-terminated, of less than PATH_MAX bytes. Of @header, mode, uid, gid and mtime
 * are used, and the fields that a function names. Only one thread may use a tree, apart from the writers (writers.h).
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
 * @param root  descriptor of an empty directory, readable: / for all names. It must outlive the tree
 */
void tree_init(struct tree *tree, int root);

/** Free @tree's memory and descriptors but for the root's. The files stay. May be called twice. */
void tree_done(struct tree *tree);

/**
 * Make a directory, or set an existing one's owner and mode. tree_finish() sets its time.
 *
 * @return as above; -E2BIG if the names of directories take more than TREE_DIRECTORIES_MAX
 */
int tree_directory(struct tree *tree, const char *name, const struct newc *header);

/**
 * Make a symbolic link.
 *
 * @param target  NUL-terminated; if the kernel does not accept it, what has the name is removed all the same
 */
int tree_symlink(struct tree *tree, const char *name, const char *target, const struct newc *header);

/**
 * Make a device node, a fifo or a socket. An existing node of the same type keeps its device number.
 *
 * @param header  its mode says which; its rdev_major and rdev_minor are cut to 12 and 20 bits, as by the kernel
 */
int tree_node(struct tree *tree, const char *name, const struct newc *header);

/**
 * Remove what has the name, unless it is of the wanted type. Missing parents are made.
 *
 * @param mode  the wanted type, as in st_mode; 0 for none
 * @return as above; 0 also if nothing was there
 */
int tree_clean(struct tree *tree, const char *name, uint32_t mode);

/** As tree_clean(), for an entry of no type: no parents are made. */
int tree_clear(struct tree *tree, const char *name, uint32_t mode);

/**
 * Make a hard link. What had its name is removed, whatever its type.
 *
 * @param name  of the new link
 * @param old   the file's first name in the archive
 * @return as above; TREE_SKIPPED if nothing, or a directory, is called @old now
 */
int tree_link(struct tree *tree, const char *name, const char *old);

/**
 * Open a regular file for writing, at its beginning. An existing file is not replaced and keeps all its links.
 *
 * @param header   owner and mode are set, not the time; an existing file is cut to filesize
 * @param linked   tree_link() has just made it: it keeps its data if the entry has none
 * @param ret_new  set on success: whether the file was made
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
 * Set the times of all directories, from the last entry to the first, as the kernel does. Directories that are gone
 * are ignored. No entry can be made afterwards.
 *
 * @return 0, or a negative errno
 */
int tree_finish(struct tree *tree);
