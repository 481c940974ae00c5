/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Valid images with one damaged header: whatever the damage, a restore that succeeds has everything that the other
 * entries hold. A flipped digit may change its own entry, and those that it declares to be its data, as the kernel
 * would.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLIPS_FILES 12U

struct flips_file {
        char name[48];
        size_t start, size; /* offset of the header, bytes of data */
        bool packed;        /* in a compressed part */
};

struct flips {
        uint8_t bytes[24 << 10]; /* the image */
        size_t size;
        struct flips_file files[FLIPS_FILES]; /* what its tree has */
        size_t count;
        size_t starts[3 * FLIPS_FILES]; /* where a header, or a compressed part, is */
        size_t start_count;
        size_t damaged; /* offset of the header that bytes were flipped in */
};

/** Make an image of two or three parts as @input says, and flip bytes of one header. Any input will do. */
void flips_make(const uint8_t *input, size_t size, struct flips *ret);

/** Whether a tree that was unpacked with success may be what it is. @tree_fd: its directory */
bool flips_whole(const struct flips *flips, int tree_fd);
