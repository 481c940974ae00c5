/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files that are read as one image. A pipe is read into memory first.
 */

#include "skipcpio/image.h"
#include "options.h"

/** The most that is read from a pipe, in bytes. Half of the available memory is a limit, too. */
#define INPUT_PIPE_MAX (UINT64_C(1) << 30)

/**
 * Open @options->images.
 *
 * @param ret  to be freed by image_done() whatever the result; empty if the files are
 * @return 0, or a negative errno, already logged
 */
int input_open(const struct options *options, struct image *ret);
