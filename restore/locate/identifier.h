/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The identifier that our dracut module puts into an image. It is a file in the early part, which comes first and is
 * not compressed, so a few reads find it. At boot a hook copies it to /run/initramfs.
 */

#include "skipcpio/image.h"

/** The file in the image, and its copy below the sysroot. */
#define IDENTIFIER_IN_IMAGE "kernel/restore/id"
#define IDENTIFIER_OF_BOOT "/run/initramfs/.image-id"

/** The longest identifier, in bytes, with its NUL. */
#define IDENTIFIER_SIZE 64U

/**
 * Read an image's identifier. Only a few dozen entries at the image's start are looked at.
 *
 * @param ret  filled where the result is 1, without blanks around it
 * @return 1, or 0 if there is none
 */
int identifier_read(const struct image *image, char ret[static IDENTIFIER_SIZE]);
