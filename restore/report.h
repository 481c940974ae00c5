/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What became of a restore, and --check's report: whether the next shutdown will pivot.
 */

#include "options.h"
#include "unpack/unpack.h"

struct outcome {
        const struct image *image; /* that was restored, not owned; NULL: the exitrd is composed */
        const char *rule;          /* which rule found it, or NULL */
        struct unpacked unpacked;
        uint64_t used;   /* bytes of memory that the tree takes */
        double start;    /* seconds, of CLOCK_MONOTONIC */
        bool thin;       /* kernel modules and firmware were left out, as memory is short */
        bool superseded; /* somebody else has finished an exitrd meanwhile */
};

/** A new outcome, whose time runs from now on. */
struct outcome outcome_begin(const struct image *image, const char *rule);

/** Seconds since then. */
double outcome_seconds(const struct outcome *outcome);

/**
 * Print --check's report to standard output, a line a fact.
 *
 * @param directory  where the exitrd would be
 * @param outcome    of a restore that did all but its last call; NULL where it failed, which is already logged
 * @return 0 where the next shutdown will pivot, or -ECANCELED, with the reason as the last line
 */
int report(const struct options *options, const char *directory, const struct outcome *outcome);
