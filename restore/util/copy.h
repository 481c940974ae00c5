/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Trees as a whole: copied from another file system, moved over another tree, or counted.
 */

#include <sys/stat.h>

#include "content.h"

/**
 * Copy all below @from_fd to below @to_fd: types, modes, owners, times, contents, hard links,
 * holes as the source tells them by its size alone; no extended attributes.
 *
 * @param from_fd  directory, readable; nobody else changes what is below it
 * @param to_fd    directory, empty
 * @return 0 or a negative errno
 */
int copy_tree(int from_fd, int to_fd);

/**
 * Asked by copy_over() before it copies an entry, when nothing is in its way any more but a directory in a directory's.
 *
 * @param dir_fd  directory that the entry is in
 * @param st      of the entry itself, should it be a link
 * @param to_fd   directory that it is to be copied to
 * @return 1 to have it copied, 0 where it is done, or a negative errno, which ends the copy
 */
typedef int copy_other(int dir_fd, const char *name, const struct stat *st, int to_fd);

/**
 * Copy all below @from_fd over what is below @to_fd: what stands in the way is replaced, and where a
 * directory meets a directory their contents are joined, and @from_fd's owner, mode and times win.
 *
 * @return 0 or a negative errno
 */
int copy_over(int from_fd, int to_fd, copy_other *other);

/**
 * Move all below @from_fd to below @to_fd, which is on the same file system, by renaming. What
 * stands in the way of something else than a directory is replaced, and all of a directory
 * with it; where a directory meets a directory their contents are joined, and @from_fd's
 * owner, mode and times win. No link is followed.
 *
 * @return 0 or a negative errno; some entries may have been moved by then
 */
int move_tree(int from_fd, int to_fd);

/**
 * Count all below @dir_fd. Of the data of a file with several names, each name counts its share.
 *
 * @param dir_fd  directory, readable; nobody else changes what is below it
 * @param ret     what is found is added to it
 * @return 0 or a negative errno
 */
int count_tree(int dir_fd, struct content *ret);
