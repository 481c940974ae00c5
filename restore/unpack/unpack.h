/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Unpacking: from an image to a tree, with the semantics of Linux's init/initramfs.c.
 */

#include <stdbool.h>
#include <stdint.h>

#include "skipcpio/image.h"
#include "util/exclude.h"

struct walk_options;

struct unpack_options {
        struct exclude exclude; /* hard links are never left out: any of them may carry the data */
        uint64_t window;        /* bytes, see decoder_start() */
        /* For dracut-extractinitrd; a restore sets none of these. */
        const struct walk_options *only; /* what to unpack of the image; NULL for its main parts */
        /* Unpack as cpio does, into a tree that may hold other files. Those as new or newer are kept; older ones are
         * replaced, not written to. Names with ".." are refused. */
        bool polite;
        bool names; /* print each name on standard error */
};

struct unpacked {
        uint64_t entries;                        /* made, or skipped as by the kernel */
        uint64_t bytes;                          /* of file data */
        char formats[64];                        /* of the parts unpacked, as "zstd" or "newc, xz" */
        uint64_t missing_bytes, missing_entries; /* what did not fit, if the result is -ENOSPC */
        uint64_t nodes;  /* devices left out because the caller is not root; the caller then owns all files */
        uint64_t failed; /* with polite: entries that could not be made, already logged */
};

/**
 * Unpack all parts of an image but the early ones, or those of @options->only.
 *
 * @param tree_fd  empty directory: / for the image
 * @param ret      filled on success, and if the result is -ENOSPC
 * @return 0; -ENOSPC if the tree is full, not logged; or another negative errno, already logged. After a failure,
 *         the tree keeps what was made
 */
int unpack_image(const struct image *image, int tree_fd, const struct unpack_options *options, struct unpacked *ret);
