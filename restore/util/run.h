/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Run a program to its end: silent, without a shell, no longer than it may, with a directory to itself.
 */

#include <stdbool.h>
#include <stddef.h>

struct run {
        const char *const *argv; /* argv[0] is a path, or with @in_root false a name to look for in $PATH; ends with
                                    NULL */
        int dir_fd;              /* directory to run it in */
        bool in_root;            /* that becomes its root, which it can only read; or else its root is the file system
                                  * of /, which it can only read but for that directory, where it can make files */
        unsigned timeout;        /* milliseconds until it is killed, or 0 for no limit */
};

/**
 * Run a program. It reads nothing, and what it writes to standard output is dropped; the last
 * line that it writes to standard error is kept. It gets no other descriptor of ours, starts
 * with SIGTERM ignored, and is killed when we die. When it ends its process group is killed.
 *
 * @param said  gets that line, or the empty string
 * @param size  bytes at @said, at least 1
 * @return its exit status, 0 to 255; or 128 and the number of the signal that ended it;
 *         -ENOENT and the like where it cannot be started, -ENOSYS where it cannot be kept to
 *         its directory (Linux before 5.12); -ETIMEDOUT
 */
int run_program(const struct run *run, char *said, size_t size);
