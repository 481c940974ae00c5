/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Run a program with one fault: a system call that fails without being made, or a process that is killed before or
 * after one. A seccomp filter stops the program at the calls of one number only (SECCOMP_RET_TRACE), so that a run
 * takes hardly longer than without.
 */

#include <stdbool.h>
#include <stddef.h>

/** Whose calls: of the program with its threads, or of what it forks, until that starts another program. */
enum role { ROLE_MAIN, ROLE_CHILD, ROLE_COUNT };

enum action { ACTION_NONE, ACTION_FAIL, ACTION_FAIL_ON, ACTION_KILL_BEFORE, ACTION_KILL_AFTER };

struct fault {
        enum role role;
        int call;       /* its number */
        int occurrence; /* from 1, counted from the program's own beginning and not its loader's */
        enum action action;
        int error; /* ACTION_FAIL, and ACTION_FAIL_ON for all that follow too: an errno; 0: the call returns 0 */
};

struct result {
        bool hit;      /* the fault took place */
        int detail;    /* first argument of the call */
        int status;    /* as from waitpid() */
        bool hung;     /* it had to be ended */
        bool survived; /* a process of it was there after it ended */
        double seconds;
        char out[4096], err[4096]; /* what it said, with a NUL */
};

#define CALLS_MAX 512

/** How often each call is made in each role. */
struct profile {
        int counts[ROLE_COUNT][CALLS_MAX];
};

/**
 * @param argv         the program, by its path
 * @param fault        the fault, or NULL
 * @param profile      filled unless NULL
 * @param environment  of the program, or NULL for ours
 */
void inject(char *const *argv, const struct fault *fault, struct profile *profile, char *const *environment,
            struct result *ret);
