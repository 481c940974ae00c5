/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * U-Boot's legacy wrapping (mkimage): 64 bytes of header before an image, or before several files of which one is the
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
 * @param from   filled where the result is 1: the initrd's first byte
 * @param bytes  filled likewise: its size
 * @return 1; 0 where the file is not wrapped; -EBADMSG where the header says what the file has not got, or a kernel is
 * all of it
 */
int uboot_parse(const uint8_t *head, size_t size, uint64_t total, uint64_t *from, uint64_t *bytes);

/**
 * Leave the wrapping of an image's files out: this one's, and that of a FIT (fit.h). A header that says what the file
 * has not got is left in the image.
 *
 * @param reason  filled where the result is -EBADMSG: a constant string
 * @return 0; -EBADMSG where there is no ramdisk to be found in a FIT; or another negative errno
 */
int uboot_unwrap(struct image *image, const char **reason);
