/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whether programs of a tree can start there: the tree's own dynamic loader resolves their libraries.
 */

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "util/run.h"

/* What is checked. */
struct check {
        int root_fd;       /* directory that will be the root */
        const char *image; /* what it was made of, for messages */
};

/* A program starts in a millisecond or two, but with twenty others at the same time it has taken over five seconds. The
 * unit has three minutes. */
#define CHECK_TIMEOUT_MS 30000U

/* How to run a program of the tree in the tree. */
#define CHECK_RUN(check, ...) \
        ((struct run){ .dir_fd = (check)->root_fd, .in_root = true, .timeout = CHECK_TIMEOUT_MS, __VA_ARGS__ })

/** Open a program of the tree for reading. @return a descriptor, or a negative errno: -EACCES if it is not a program */
int check_open_program(const struct check *check, const char *path);

/** Log that a program could not be run to its end. @return @r */
int check_not_run(const struct check *check, int r, const char *what);

/* The loader at work on one program; { 0 } for none. */
struct listing {
        char path[PATH_MAX], loader[PATH_MAX];
        dev_t device;
        ino_t inode;
        int error, not_started; /* negative errnos for listing_end() to report, or 0 */
        bool begun;
        struct running running;
};

/**
 * Have the loader in the tree list the libraries of a program of the tree, which is not started itself.
 *
 * @param fd    the program, which is ELF
 * @param path  its name in the tree
 * @param ret   for listing_end(), which also reports errors, and listing_done()
 */
void listing_begin(const struct check *check, int fd, const char *path, struct listing *ret);

/**
 * Wait for what the loader says.
 *
 * @param symbols  also look up all symbols, if the loader is glibc's
 * @return 0, also if nothing was begun or the program is static; or a negative errno, already logged
 */
int listing_end(const struct check *check, struct listing *listing, bool symbols);

/** Stop the loader if it still runs, and free all. Does nothing if nothing was begun. */
void listing_done(struct listing *listing);
