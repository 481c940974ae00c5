/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bzimage.h"

#include <string.h>

#include "skipcpio/util.h"
#include "span.h"

#define MAGIC_AT 0x202U
#define VERSION_AT 0x20eU /* where the text is, less than 0x200 */

int kernel_version(int fd, uint64_t from, uint64_t size, char **ret)
{
        uint8_t header[VERSION_AT + 2];
        char text[256]; /* "VERSION (who@where) how when" */
        struct span line, version;
        uint64_t at;
        ssize_t n;

        n = pread(fd, header, MIN(size, sizeof(header)), (off_t)from);
        if (n < 0)
                return -errno;
        if ((size_t)n < sizeof(header) || memcmp(header + MAGIC_AT, "HdrS", 4) != 0)
                return -ENOENT;
        at = (uint64_t)header[VERSION_AT] | (uint64_t)header[VERSION_AT + 1] << 8;
        if (at == 0 || at + 0x200 >= size)
                return -ENOENT;
        at += 0x200;
        n = pread(fd, text, MIN(sizeof(text), size - at), (off_t)(from + at));
        if (n < 0)
                return -errno;
        line = (struct span){ text, strnlen(text, (size_t)n) };
        if (!span_word(&line, &version))
                return -ENOENT;
        *ret = span_dup(version);
        return *ret ? 0 : -ENOMEM;
}
