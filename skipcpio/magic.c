/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "magic.h"

#include <string.h>

#include "util.h"

/* A new format is a new row. The first row that fits wins; no magic is the beginning of another. */
static const struct magic {
        enum format format;
        uint8_t size;
        uint8_t bytes[MAGIC_MAX + 1]; /* a string's NUL, which is not part of it */
} magics[] = {
        { FORMAT_NEWC, 6, "070701" },
        { FORMAT_NEWC, 6, "070702" },
        { FORMAT_GZIP, 3, "\x1f\x8b\x08" },
        { FORMAT_ZSTD, 4, "\x28\xb5\x2f\xfd" },
        { FORMAT_XZ, 6,
          "\xfd"
          "7zXZ\0" },
        { FORMAT_LZ4_LEGACY, 4, "\x02\x21\x4c\x18" },
        { FORMAT_LZ4, 4, "\x04\x22\x4d\x18" },
        { FORMAT_BZIP2, 3, "BZh" },
        { FORMAT_LZOP, 9, "\x89LZO\0\r\n\x1a\n" },
        /* lzma has no magic: lc=3 lp=0 pb=2, as every encoder of the format writes it, and the
         * dictionary's size, whose low byte is zero for all of them. The kernel asks for no more. */
        { FORMAT_LZMA, 2, "\x5d\0" },
};

static const char *const names[FORMAT_COUNT] = {
        [FORMAT_NEWC] = "newc", [FORMAT_GZIP] = "gzip", [FORMAT_BZIP2] = "bzip2",           [FORMAT_LZMA] = "lzma",
        [FORMAT_XZ] = "xz",     [FORMAT_LZOP] = "lzop", [FORMAT_LZ4_LEGACY] = "lz4-legacy", [FORMAT_LZ4] = "lz4",
        [FORMAT_ZSTD] = "zstd",
};

int magic_find(const uint8_t *bytes, size_t size)
{
        for (size_t i = 0; i < ELEMENTSOF(magics); i++)
                if (size >= magics[i].size && memcmp(bytes, magics[i].bytes, magics[i].size) == 0)
                        return (int)magics[i].format;
        return -1;
}

const char *format_name(enum format format)
{
        return names[format];
}
