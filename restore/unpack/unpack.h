/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Unpacking: from an image to a tree, with the semantics of Linux's init/initramfs.c.
 */

#include <stdint.h>

#include "skipcpio/image.h"
#include "util/exclude.h"

struct unpack_options {
        struct exclude exclude; /* but a file with several names is never left out: it may be its data that has them */
        uint64_t window;        /* bytes, see decoder_start() */
};

struct unpacked {
        uint64_t entries; /* made, or passed over as the kernel does */
        uint64_t bytes;   /* of file data */
        char formats[64]; /* of the parts unpacked, as "zstd" or "newc, xz" */
        /* what there was no room for, where the result is -ENOSPC */
        uint64_t missing_bytes, missing_entries;
};

/**
 * Unpack all parts of an image but the early ones.
 *
 * @param tree_fd  empty directory that is / for the image
 * @param ret      filled on success, and where the result is -ENOSPC
 * @return 0; -ENOSPC where the tree is full, not logged; or another negative errno, already logged. What was made by
 *         then stays in the tree
 */
int unpack_image(const struct image *image, int tree_fd, const struct unpack_options *options, struct unpacked *ret);
