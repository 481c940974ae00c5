/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The walk over the parts of an image.
 *
 * Grammar (Linux, Documentation/driver-api/early-userspace/buffer-format.rst, and
 * init/initramfs.c, which is laxer): NUL bytes, plain cpio archives at multiples of four,
 * and compressed archives, in any order and number.
 */

#include <stdbool.h>
#include <stdint.h>

#include "image.h"
#include "magic.h"

/** Where in an image something is wrong, and what. @reason is a constant string. */
struct image_error {
        uint64_t at;
        const char *reason;
};

struct part {
        uint64_t start; /* offset in the image, in bytes */
        uint64_t end;   /* first offset behind it; for a compressed part 0, only its decoder can tell */
        enum format format;
        bool trailer; /* a plain part that was walked to its end, and that a trailer without data ends */
        bool early;   /* a plain part with nothing but kernel/…, early_cpio and their directories */
};

/**
 * Find the next part and tell what it is.
 *
 * A plain part is walked header by header, up to its trailer, the end of the image or the
 * first foreign byte, unless @ret->early is already known to be false, which is at its first
 * entry for nearly every main part: @ret->end is then 0 as well, and whoever unpacks the part
 * learns where it ends.
 *
 * @param at   where to look: 0, or the end of the part before
 * @param all  walk main plain parts too, so that @ret->end is always set for a plain part
 * @param ret  filled where the result is 1
 * @param e    filled where the result is -EBADMSG: bytes of no known format (reason NULL: the
 *             caller names the bytes), a plain part that starts between two multiples of four,
 *             or a bad header in an early part
 * @return 1, or 0 where nothing but NUL bytes is left, or -EBADMSG, or what image_read() returns
 */
int part_next(const struct image *image, uint64_t at, bool all, struct part *ret, struct image_error *e);
