/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the decoder's process may still do: read the image, compute, and end.
 */

#include "skipcpio/image.h"

/**
 * Give up everything that decoding does not need: descriptors other than the image's, all
 * capabilities, new privileges, writing to files, memory without end, and, where the kernel has
 * seccomp, all system calls but those for reading, memory, threads of its own and exit; any other
 * one kills the process.
 *
 * @param memory  bytes that may be mapped besides what is mapped already
 * @return 0; 1 where the kernel has no filters of system calls and all the rest is done; or a negative errno
 */
int sandbox_enter(const struct image *image, uint64_t memory);
