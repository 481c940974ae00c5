/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The tables of an image's parts, and of the profiles and addons of unified kernel images.
 */

#include <stdio.h>

#include "options.h"

/**
 * Print the tables of --examine, --raw or --json.
 *
 * @return 0, or a negative errno, already logged; what was found by then is printed
 */
int examine_image(const struct image *image, const struct options *options, FILE *to);
