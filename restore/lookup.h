/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Looking things up below a directory that is taken for the root: absolute names, symlinks
 * and `..` stay below it (openat2(2), RESOLVE_IN_ROOT). Automount points are entered.
 */

#include <stddef.h>

/**
 * Open a file. Never waits for a FIFO's other end.
 *
 * @param root   descriptor of the directory that is the root
 * @param path   with or without a leading slash
 * @param flags  of open(2), for reading; O_CLOEXEC, O_NONBLOCK and O_NOCTTY are added
 * @return a descriptor, or a negative errno
 */
int lookup_open(int root, const char *path, int flags);

/**
 * Read a small file whole, also one of /proc that has no size.
 *
 * @param max   bytes that it may have
 * @param ret   its bytes and a NUL, to be freed
 * @param size  bytes, the NUL not counted
 * @return 0, -EFBIG where there are more than @max, or another negative errno
 */
int lookup_read(int root, const char *path, size_t max, char **ret, size_t *size);
