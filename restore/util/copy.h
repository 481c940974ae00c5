/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Trees as a whole: copied from another file system, moved over another tree, or counted.
 */

#include <sys/stat.h>

#include "content.h"

/**
 * Copy all below @from_fd to below @to_fd: types, modes, owners, times, contents and hard links.
 * Extended attributes are not copied. Only a file without any data stays sparse.
 *
 * @param from_fd  directory, readable; nobody else changes what is below it
 * @param to_fd    directory, empty
 * @return 0 or a negative errno
 */
int copy_tree(int from_fd, int to_fd);

/**
 * Called by copy_over() before it copies an entry. What was in its place is removed by then, unless both are
 * directories.
 *
 * @param dir_fd  directory that the entry is in
 * @param st      lstat() of the entry
 * @param to_fd   directory that it is to be copied to
 * @return 1 to have it copied, 0 if this function has handled it, or a negative errno, which ends the copy
 */
typedef int copy_other(int dir_fd, const char *name, const struct stat *st, int to_fd);

/**
 * Copy all below @from_fd over what is below @to_fd. A file of the same name is replaced. Two directories of
 * the same name are merged, with the owner, mode and times of @from_fd's.
 *
 * @return 0 or a negative errno
 */
int copy_over(int from_fd, int to_fd, copy_other *other);

/**
 * Move all below @from_fd to below @to_fd, on the same file system, by renaming. A file or directory of the
 * same name is replaced, a directory with all its contents. Two directories of the same name are
 * merged, with the owner, mode and times of @from_fd's. No link is followed.
 *
 * @return 0 or a negative errno; some entries may have been moved by then
 */
int move_tree(int from_fd, int to_fd);

/**
 * Count all below @dir_fd. The bytes of a file with several names are divided among them.
 *
 * @param dir_fd  directory, readable; nobody else changes what is below it
 * @param ret     what is found is added to it
 * @return 0 or a negative errno
 */
int count_tree(int dir_fd, struct content *ret);
