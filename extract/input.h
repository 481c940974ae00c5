/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files that are read as one image; what is no regular file is read into memory first.
 */

#include "skipcpio/image.h"
#include "options.h"

/** Bytes that are read from a pipe at the most, and half of the memory that is available. */
#define INPUT_PIPE_MAX (UINT64_C(1) << 30)

/**
 * Open @options->images.
 *
 * @param ret  to be freed by image_done() whatever the result; empty where the files are
 * @return 0, or a negative errno, already logged
 */
int input_open(const struct options *options, struct image *ret);
