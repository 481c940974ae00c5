/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files of the running system that nobody but root can have written: the file, and each directory
 * and link on the way to it, belong to root, and no one else may write to them.
 */

#include <limits.h>

/**
 * Open a file for reading, and make the directories and links on the way to it in a tree, too.
 *
 * @param root_fd  directory that is the root for links, ".." and names
 * @param path     with or without a leading slash
 * @param tree_fd  root of the tree, or -1 to make nothing
 * @param real     gets the file's name with all links resolved, relative to the root
 * @return a descriptor of a regular file or of a directory; -EPERM if others can write to it or
 *         to a directory on the way; -EINVAL for another type of file; or another negative errno
 */
int trusted_open(int root_fd, const char *path, int tree_fd, char real[static PATH_MAX]);

/** Why trusted_open() failed, for a message. */
const char *trusted_reason(int error);
