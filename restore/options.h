/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The command line of dracut-initramfs-restore.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/decoder.h"
#include "locate/locate.h"
#include "util/exclude.h"

struct options {
        const char *directory;        /* -C, or NULL for /run/initramfs below the sysroot */
        struct locate_options search; /* -S ("/" unless given), -k and IMAGE arguments */
        bool force;                   /* -f */
        bool compose;                 /* --compose */
        bool locate;                  /* --locate */
        bool check;                   /* --check */
        bool stash;                   /* --stash */
        bool verbose;                 /* -v */
        bool quiet;                   /* -q */
        struct exclude exclude;       /* -x */
        uint64_t window;              /* --window, in bytes */
};

#define OPTIONS_INIT ((struct options){ .search = { .sysroot = "/" }, .window = DECODER_WINDOW })

/**
 * Read the command line.
 *
 * @param ret  filled; its strings are those of @argv, the array of its globs is allocated
 * @return 1 to go on; 0 where --help or --version was answered; -EINVAL for wrong usage and
 *         -ENOMEM, both already reported
 */
int options_parse(int argc, char **argv, struct options *ret);

/** Free what options_parse() allocated. Works as a cleanup function. */
void options_done(struct options *options);
