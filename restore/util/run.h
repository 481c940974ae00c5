/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Running a program to its end: without a shell, with a time limit, confined to a directory.
 */

#include <stdbool.h>
#include <stddef.h>

struct run {
        const char *const *argv; /* ends with NULL; argv[0] is a path, or a name to look up in $PATH if @in_root is
                                    false */
        int dir_fd;              /* its working directory */
        bool in_root;            /* true: that directory becomes its root, read-only. false: its root is the file system
                                  * of /, read-only except for that directory */
        const char *const *environment; /* NAME=VALUE besides what is inherited, ends with NULL; or NULL */
        bool whole;                     /* what is said is all of both streams */
        unsigned timeout;               /* milliseconds until it is killed; 0 for no limit */
};

/**
 * Run a program and wait for it. Standard input and output are /dev/null. It inherits no other descriptor, ignores
 * SIGTERM, and is killed if this process dies. When it ends, its process group is killed.
 *
 * @param said  gets the last line that it wrote to standard error, or the empty string; with @whole, as much as has
 * room of all that it wrote to standard output, too. Tabs are blanks there, as the log shows control characters escaped
 * @param size  bytes at @said, at least 1
 * @return its exit status, 0 to 255; 128 plus the signal that killed it; -ETIMEDOUT; -ENOSYS where it cannot be
 * confined to its directory (Linux before 5.12); or another negative errno where it cannot be started, such as -ENOENT
 */
int run_program(const struct run *run, char *said, size_t size);
