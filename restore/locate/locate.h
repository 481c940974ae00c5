/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Find the image that the running system booted from.
 */

#include "skipcpio/image.h"
#include "options.h"

/**
 * Open the image to restore: the IMAGE arguments read as one, or else the first of the
 * table of places whose image has a readable first part.
 *
 * @param options  images, sysroot and kver are looked at
 * @param ret      filled on success: image_done() when it is no longer needed
 * @param ret_rule the rule that found it, for --locate; a constant string
 * @return 0, or a negative errno that has been told: -ENOENT where no place has an image
 */
int locate_image(const struct options *options, struct image *ret, const char **ret_rule);
