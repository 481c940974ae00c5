/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The command line of dracut-extractinitrd: that of dracut's program, and more.
 */

#include <stdbool.h>
#include <stdint.h>

#include "unpack/walk.h"

enum action { ACTION_EXTRACT, ACTION_LIST, ACTION_STDOUT, ACTION_EXAMINE, ACTION_TEST };

enum table { TABLE_TEXT, TABLE_RAW, TABLE_JSON };

struct options {
        enum action action;
        enum table table;         /* of ACTION_EXAMINE */
        const char *directory;    /* -D, or NULL for the current one */
        struct walk_options only; /* --parts and the patterns */
        bool verbose;             /* -v */
        bool debug;               /* --debug */
        const char *image;
};

/**
 * Parse the command line.
 *
 * @return 1; 0 where nothing is left to do; or -EINVAL for wrong usage, already told
 */
int options_parse(int argc, char **argv, struct options *ret);
