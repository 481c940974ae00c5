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
        struct exclude exclude; /* but hard links never are: the one left out might carry the data */
        uint64_t window;        /* bytes, see decoder_start() */
        /* For dracut-extractinitrd; a restore has none of these. */
        const struct walk_options *only; /* what of the image, instead of its main parts */
        /* As cpio does it, where the tree may hold other files: those as new or newer are kept, others are replaced
         * and not written to, and no name has "..". */
        bool polite;
        bool names; /* print each name on standard error */
};

struct unpacked {
        uint64_t entries; /* made, or passed over as the kernel does */
        uint64_t bytes;   /* of file data */
        char formats[64]; /* of the parts unpacked, as "zstd" or "newc, xz" */
        /* what there was no room for, where the result is -ENOSPC */
        uint64_t missing_bytes, missing_entries;
        uint64_t nodes;  /* devices left out as the caller is not root, who then owns all files, too */
        uint64_t failed; /* where it is polite: entries that could not be made, already logged */
};

/**
 * Unpack all parts of an image but the early ones, or those of @options->only.
 *
 * @param tree_fd  empty directory that is / for the image
 * @param ret      filled on success, and where the result is -ENOSPC
 * @return 0; -ENOSPC where the tree is full, not logged; or another negative errno, already logged. What was made by
 *         then stays in the tree
 */
int unpack_image(const struct image *image, int tree_fd, const struct unpack_options *options, struct unpacked *ret);
