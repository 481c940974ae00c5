/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The command line of dracut-extractinitrd: that of dracut's program, and more.
 */

#include <stdbool.h>
#include <stdint.h>

#include "unpack/walk.h"

enum action { ACTION_EXTRACT, ACTION_LIST, ACTION_STDOUT, ACTION_EXAMINE, ACTION_TEST, ACTION_TAR };

enum table { TABLE_TEXT, TABLE_RAW, TABLE_JSON };

struct options {
        enum action action;
        enum table table;         /* of ACTION_EXAMINE */
        const char *directory;    /* -D, or NULL for the current one */
        const char *profile;      /* --profile, or NULL for a UKI's first */
        struct walk_options only; /* --parts, the patterns, and the options that change names */
        bool nested;              /* --nested */
        bool verbose;             /* -v */
        bool debug;               /* --debug */
        char **images;            /* INITRD and --file; at least one */
        size_t image_count;
        char **memory; /* of the lists, owned */
};

#define OPTIONS_INIT ((struct options){ 0 })

/**
 * Parse the command line.
 *
 * @param ret  to be freed by options_done() whatever the result
 * @return 1; 0 if nothing is left to do; -EINVAL for wrong usage, already reported; or -ENOMEM, already logged
 */
int options_parse(int argc, char **argv, struct options *ret);

/** Free what options_parse() has taken. Works as a cleanup function. */
void options_done(struct options *options);
