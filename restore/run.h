/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Run a program to its end: silent, without a shell, no longer than it may.
 */

#include <stdbool.h>
#include <stddef.h>

struct run {
        const char *const *argv; /* argv[0] is a path, or a name to look for in $PATH; ends with NULL */
        int dir_fd;              /* directory to run it in, or -1 for the present one */
        bool in_root;            /* that directory becomes its root, and it loses its privileges but for reading */
        unsigned timeout;        /* milliseconds until it is killed, or 0 for no limit */
};

/**
 * Run a program. It reads nothing, and what it writes to standard output is dropped; the last
 * line that it writes to standard error is kept. It gets no other descriptor of ours, starts
 * with SIGTERM ignored, and is killed when we die, with what it started when it ends.
 *
 * @param said  gets that line, or the empty string
 * @param size  bytes at @said, at least 1
 * @return its exit status, 0 to 255; or 128 and the number of the signal that ended it;
 *         -ENOENT and the like where it cannot be started; -ETIMEDOUT
 */
int run_program(const struct run *run, char *said, size_t size);
