/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a kernel's file says of itself.
 *
 * Source: Linux, Documentation/arch/x86/boot.rst, the real-mode header. Other architectures' files do not say it.
 */

#include <stdint.h>

/**
 * The version of an x86 kernel, as in `uname -r`.
 *
 * @param from  offset of the bzImage in the file, in bytes
 * @param size  its bytes
 * @param ret   to be freed
 * @return 0; -ENOENT where it is no bzImage or does not say it; or the error from reading
 */
int kernel_version(int fd, uint64_t from, uint64_t size, char **ret);
