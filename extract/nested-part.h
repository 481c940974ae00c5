/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * --nested: the squashfs and erofs roots in an image, read as one more part of it.
 */

#include "options.h"

/**
 * Extract the nested roots in the parts that @options wants, into memory that nobody else sees, and append what they
 * hold to the image as a plain archive. Without root's rights that takes a user namespace; and of an erofs, owners are
 * root and device nodes are left out, with a line that says so.
 *
 * @return 0, also where there are none; or a negative errno, already logged
 */
int nested_part_add(struct image *image, const struct options *options);
