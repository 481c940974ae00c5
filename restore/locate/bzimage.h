/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The version in an x86 kernel's file. Other architectures' files do not have it in a fixed place.
 *
 * Source: Linux, Documentation/arch/x86/boot.rst, the real-mode header.
 */

#include <stdint.h>

/**
 * The version of an x86 kernel, as in `uname -r`.
 *
 * @param from  offset of the bzImage in the file, in bytes
 * @param size  its bytes
 * @param ret   to be freed
 * @return 0; -ENOENT if it is not a bzImage or has no version; or the error from reading
 */
int kernel_version(int fd, uint64_t from, uint64_t size, char **ret);
