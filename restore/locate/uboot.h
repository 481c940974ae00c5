/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * U-Boot's legacy wrapping (mkimage): a header of 64 bytes before an image, or before several files, one of them the
 * initrd.
 *
 * Source: U-Boot, include/image.h.
 */

#include <stddef.h>
#include <stdint.h>

#include "skipcpio/image.h"

/** Bytes of a file's start that uboot_parse() looks at. */
#define UBOOT_HEAD_SIZE 128U

/**
 * Find the initrd in a wrapped file: what follows the header or, of several files (a kernel, an initrd, a device tree),
 * the second.
 *
 * @param head   the file's first bytes: UBOOT_HEAD_SIZE of them, or the whole file where it is shorter
 * @param size   bytes at @head
 * @param total  bytes in the file
 * @param from   filled if the result is 1: offset of the initrd
 * @param bytes  filled likewise: its size
 * @return 1; 0 if the file is not wrapped; -EBADMSG if it is shorter than the header says, or has nothing but a kernel
 */
int uboot_parse(const uint8_t *head, size_t size, uint64_t total, uint64_t *from, uint64_t *bytes);

/**
 * Cut the wrapping off an image's files: this one, and that of a FIT (fit.h). A header that does not match the file is
 * left in the image.
 *
 * @param reason  filled if the result is -EBADMSG: a constant string
 * @return 0; -EBADMSG if a FIT has no ramdisk; or another negative errno
 */
int uboot_unwrap(struct image *image, const char **reason);
