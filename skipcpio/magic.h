/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The formats that a part of an image can have, known by their first bytes.
 *
 * Sources: Linux lib/decompress.c and Documentation/driver-api/early-userspace/
 * buffer-format.rst for what a kernel reads; RFC 1952 (gzip), RFC 8878 (zstd),
 * tukaani.org/xz/xz-file-format.txt, lz4's doc/lz4_Frame_format.md and lzop's source
 * for the magic numbers.
 */

#include <stddef.h>
#include <stdint.h>

enum format {
        FORMAT_NEWC,
        FORMAT_GZIP,
        FORMAT_BZIP2,
        FORMAT_LZMA,
        FORMAT_XZ,
        FORMAT_LZOP,
        FORMAT_LZ4_LEGACY,
        FORMAT_LZ4,
        FORMAT_ZSTD,
        FORMAT_COUNT
};

/** The longest magic number, in bytes. */
#define MAGIC_MAX 9U

/**
 * Recognize a part's format by its first bytes.
 *
 * @param bytes  the part's first bytes
 * @param size   bytes there; fewer than MAGIC_MAX only at the end of an image
 * @return an enum format, or -1 for an unknown one
 */
int magic_find(const uint8_t *bytes, size_t size);

/** The name of @format as messages and `skipcpio --list` spell it; a constant string. */
const char *format_name(enum format format);
