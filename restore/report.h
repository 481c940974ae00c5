/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The outcome of a restore, and the report of --check: whether the next shutdown will pivot.
 */

#include "options.h"
#include "unpack/unpack.h"

struct outcome {
        const struct image *image; /* the restored image, not owned; NULL if the exitrd was composed */
        const char *rule;          /* the rule that found it, or NULL */
        struct unpacked unpacked;
        uint64_t used;   /* bytes of memory that the tree takes */
        double start;    /* seconds, of CLOCK_MONOTONIC */
        bool thin;       /* kernel modules and firmware were left out because memory is short */
        bool superseded; /* another process finished an exitrd first */
};

/** A new outcome; its time starts now. */
struct outcome outcome_begin(const struct image *image, const char *rule);

/** Seconds since outcome_begin(). */
double outcome_seconds(const struct outcome *outcome);

/**
 * Print --check's report to standard output, one fact a line.
 *
 * @param directory  where the exitrd would be
 * @param outcome    of a restore that stopped before the commit; NULL if it failed, which is already logged
 * @return 0 if the next shutdown will pivot, else -ECANCELED; the last line printed then has the reason
 */
int report(const struct options *options, const char *directory, const struct outcome *outcome);
