/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Running a program to its end: without a shell, with a time limit, confined to a directory.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct run {
        const char *const *argv; /* ends with NULL; argv[0] is a path, or a name to look up in $PATH if @in_root is
                                    false */
        int dir_fd;              /* its working directory */
        bool in_root;            /* true: that directory becomes its root, read-only. false: its root is the file system
                                  * of /, read-only except for that directory */
        const char *const *environment; /* NAME=VALUE besides what is inherited, ends with NULL; or NULL */
        bool whole;                     /* keep all output of both streams, not just the last line */
        unsigned timeout;               /* milliseconds until it is killed; 0 for no limit */
};

/* A program that was started; RUNNING_INIT for none. */
struct running {
        pid_t pid;
        int pid_fd;
        int out, why; /* pipes: what it says, and why it could not be started */
        bool whole;
        unsigned timeout;
};

#define RUNNING_INIT ((struct running){ .pid_fd = -1, .out = -1, .why = -1 })

/**
 * Start a program. Standard input and output are /dev/null. It inherits no other descriptor, ignores SIGTERM, and is
 * killed if this process dies.
 *
 * @param ret  for run_wait(), and run_done() in any case
 * @return 0, or a negative errno: no memory, no descriptors. run_wait() reports if it cannot be confined or executed
 */
int run_start(const struct run *run, struct running *ret);

/**
 * Wait for a program's end. Its process group is killed then. The time limit counts from here.
 *
 * @param said  gets its last line on standard error, or the empty string; with @whole, all of standard output and
 *              standard error that fits. Tabs are blanks there, as the log shows control characters escaped
 * @param size  bytes at @said, at least 1
 * @return its exit status, 0 to 255; 128 plus the signal that killed it; -ETIMEDOUT; -ENOSYS if it cannot be confined
 *         to its directory (for an ordinary user, Linux before 5.12); or another negative errno if it cannot be
 *         started, such as -ENOENT
 */
int run_wait(struct running *running, char *said, size_t size);

/** Kill it if it still runs, and free what it has here. Works as a cleanup function. */
void run_done(struct running *running);

/** run_start() and run_wait() in one. */
int run_program(const struct run *run, char *said, size_t size);
