/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An image: the bytes that the boot loader gave the kernel as initrd. It consists of
 * regions of files: a whole file, several files one after the other, or a section of a
 * unified kernel image. Boot loaders pad each file that they load to four bytes. So every
 * region starts at a multiple of four, and the gap before it reads as NUL bytes.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct region {
        int fd;        /* a regular file, owned */
        char *name;    /* what to call it in messages, owned */
        uint64_t from; /* where the region starts in the file, in bytes */
        uint64_t size; /* bytes */
        uint64_t at;   /* where the region starts in the image */
};

struct image {
        struct region *regions;
        size_t count;
        uint64_t size; /* bytes, from the first region's start to the last one's end */
};

#define IMAGE_INIT ((struct image){ 0 })

/**
 * Append a region.
 *
 * @param fd    of the file, readable; owned by the image from now on, closed on failure too
 * @param name  for messages; copied
 * @param from  first byte in the file
 * @param size  bytes; the caller has checked that the file has them
 * @return 0 or -ENOMEM
 */
int image_add(struct image *image, int fd, const char *name, uint64_t from, uint64_t size);

/**
 * Append the whole of a regular file.
 *
 * @param fd    of the file, readable; owned by the image from now on, closed on failure too
 * @param name  for messages; copied
 * @return 0; -EISDIR for a directory, -EINVAL for another file that is not regular; or another negative errno
 */
int image_add_file(struct image *image, int fd, const char *name);

/**
 * Cut off a boot configuration at the image's end, as the kernel does (Documentation/admin-guide/bootconfig.rst): data,
 * padding, its size and checksum as little-endian 32-bit numbers, `#BOOTCONFIG\n`, at most three bytes of padding. One
 * with a wrong size or checksum is left in the image, as in the kernel.
 *
 * @return 1 if it was cut off, 0 if there is none, or a negative errno from reading
 */
int image_trim_bootconfig(struct image *image);

/**
 * Read from an image.
 *
 * @param at    offset in the image
 * @param size  bytes wanted
 * @return bytes read, fewer than @size only at the end of the image; or a negative errno,
 *         -EIO also if a file has become shorter
 */
ssize_t image_read(const struct image *image, void *buffer, size_t size, uint64_t at);

/** The region at offset @at, or the last one before it; NULL for an empty image. */
const struct region *image_region(const struct image *image, uint64_t at);

/** Close and free all; @image is empty afterwards. Works as a cleanup function. */
void image_done(struct image *image);
