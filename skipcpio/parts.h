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

/** An error at an offset in an image. @reason is a constant string. */
struct image_error {
        uint64_t at;
        const char *reason;
};

struct part {
        uint64_t start; /* offset in the image, in bytes */
        uint64_t end;   /* offset of the first byte after it; 0 for a compressed part: only its decoder finds that */
        enum format format;
        bool trailer; /* a plain part that was walked to its end, which is a trailer without data */
        bool early;   /* a plain part with only kernel/…, early_cpio and their directories */
};

/**
 * Find the next part.
 *
 * A plain part is walked header by header, up to its trailer, the end of the image or the first
 * byte that is not cpio. Unless @all is set, the walk stops as soon as the part cannot be an early
 * one, mostly at the first entry of a main part. @ret->end is then 0: unpacking the part finds
 * its end.
 *
 * @param at   where to look: 0, or the end of the part before
 * @param all  walk every plain part to its end, so that @ret->end is set
 * @param ret  filled if the result is 1
 * @param e    filled if the result is -EBADMSG: bytes of no known format (reason NULL: the
 *             caller names the bytes), a plain part that does not start at a multiple of four,
 *             or a bad header in an early part
 * @return 1; 0 if only NUL bytes are left; -EBADMSG; or an error from image_read()
 */
int part_next(const struct image *image, uint64_t at, bool all, struct part *ret, struct image_error *e);
