/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The entries of an image as a tar archive.
 */

#include "options.h"

/**
 * Write a tar archive. A file with several names is written under the name that has the data; the other names follow as
 * links to it.
 *
 * @param fd  where to write
 * @return 0, or a negative errno, already logged
 */
int tar_image(const struct image *image, const struct options *options, int fd);
