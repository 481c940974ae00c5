/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Looking things up below a directory that is taken for the root: absolute names, symlinks
 * and `..` stay below it (openat2(2), RESOLVE_IN_ROOT). Automount points are entered.
 */

#include <stddef.h>

/**
 * Open a regular file for reading. Nothing else is opened, not even to see what it is.
 *
 * @param root  descriptor of the directory that is the root
 * @param path  with or without a leading slash
 * @return a descriptor; -EISDIR or -EINVAL where it is a directory or something else; or another negative errno
 */
int lookup_open(int root, const char *path);

/** Open a directory for reading. */
int lookup_directory(int root, const char *path);

/** Get a descriptor for what is there without opening it (O_PATH). */
int lookup_node(int root, const char *path);

/**
 * Read a small file whole, also one of /proc that has no size.
 *
 * @param max   bytes that it may have
 * @param ret   its bytes and a NUL, to be freed
 * @param size  bytes, the NUL not counted
 * @return 0, -EFBIG where there are more than @max, or another negative errno
 */
int lookup_read(int root, const char *path, size_t max, char **ret, size_t *size);

/** The same of a file that is open. */
int lookup_read_open(int fd, size_t max, char **ret, size_t *size);
