/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Lookups below a directory that acts as the root: absolute names, symlinks and `..` stay below it
 * (openat2(2), RESOLVE_IN_ROOT). Automount points are entered.
 */

#include <stddef.h>

/**
 * Open a regular file for reading. Its type is checked first, so that no device or fifo is ever opened.
 *
 * @param root  descriptor of the directory that is the root
 * @param path  with or without a leading slash
 * @return a descriptor; -EISDIR for a directory, -EINVAL for anything else that is not a regular file; or another
 * negative errno
 */
int lookup_open(int root, const char *path);

/** Open a directory for reading. */
int lookup_directory(int root, const char *path);

/** Get an O_PATH descriptor, for files of every type. */
int lookup_node(int root, const char *path);

/**
 * Read a whole small file. Its st_size is ignored: in /proc it is 0.
 *
 * @param max   the largest size, in bytes
 * @param ret   its bytes and a NUL, to be freed
 * @param size  bytes, the NUL not counted
 * @return 0, -EFBIG if it is larger than @max, or another negative errno
 */
int lookup_read(int root, const char *path, size_t max, char **ret, size_t *size);

/** The same for an open file. */
int lookup_read_open(int fd, size_t max, char **ret, size_t *size);
