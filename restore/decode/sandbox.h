/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The sandbox of the decoder's process: it may read the image, compute, and exit.
 */

#include "skipcpio/image.h"

/**
 * Give up everything that decoding does not need: descriptors other than the image's, all
 * capabilities, new privileges, writing to files, and unlimited memory. If the kernel has seccomp,
 * only calls for reading, memory, threads and exit remain; any other one kills the process.
 *
 * @param memory  bytes that may be mapped besides what is mapped already
 * @return 0; 1 if everything but the filter of system calls is done, as the kernel has none; or a negative errno
 */
int sandbox_enter(const struct image *image, uint64_t memory);
