/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Trees as a whole: copied from another file system, or moved over another tree.
 */

/**
 * Copy all below @from_fd to below @to_fd: types, modes, owners, times, contents, hard links,
 * holes as the source tells them by its size alone; no extended attributes. On ENOSPC the
 * limits of a tmpfs are raised (grow.h).
 *
 * @param from_fd  directory, readable; nobody else changes what is below it
 * @param to_fd    directory, empty
 * @return 0 or a negative errno; -ENOSPC where the limits cannot be raised
 */
int copy_tree(int from_fd, int to_fd);

/**
 * Move all below @from_fd to below @to_fd, which is on the same file system, by renaming. What
 * stands in the way of something else than a directory is replaced, and all of a directory
 * with it; where a directory meets a directory their contents are joined, and @from_fd's
 * owner, mode and times win. No link is followed.
 *
 * @return 0 or a negative errno; some entries may have been moved by then
 */
int move_tree(int from_fd, int to_fd);
