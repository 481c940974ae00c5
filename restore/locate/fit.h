/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * U-Boot's FIT (mkimage -f): a flattened device tree whose configurations say which of its images belong together.
 *
 *     / { images { NAME { data = …; }; }; configurations { default = "C"; C { kernel = "…"; ramdisk = "NAME"; }; }; };
 *
 * Source: U-Boot, doc/usage/fit/source_file_format.rst; the Devicetree Specification, chapter 5.
 */

#include <stdint.h>

/**
 * Find the ramdisk of a FIT: that of the default configuration; without a default, the one of all configurations that
 * have one. U-Boot gives the kernel its bytes as they are, whatever `compression` says.
 *
 * @param start   of the FIT in the file, in bytes
 * @param total   bytes from there to the end
 * @param from    filled where the result is 1: the ramdisk's first byte, from @start
 * @param bytes   filled likewise: its size; all of it is in the file
 * @param reason  filled where the result is -EBADMSG: a constant string
 * @return 1; 0 if the file is no device tree; -EBADMSG; or the error from reading
 */
int fit_find_ramdisk(int fd, uint64_t start, uint64_t total, uint64_t *from, uint64_t *bytes, const char **reason);
