/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "version.h"

#include <ctype.h>
#include <strings.h>

#include "skipcpio/util.h"

static bool only_suffixes(struct span rest)
{
        static const char *const suffixes[] = { ".img",  ".conf", ".efi", ".cpio", ".gz",  ".xz",  ".zst",
                                                ".zstd", ".lzma", ".lz4", ".lz",   ".lzo", ".bz2", ".igz" };

        while (rest.size > 0) {
                size_t n = 0;

                for (size_t i = 0; i < ELEMENTSOF(suffixes) && n == 0; i++) {
                        size_t length = strlen(suffixes[i]);

                        if (length <= rest.size && strncasecmp(rest.at, suffixes[i], length) == 0 &&
                            (length == rest.size || rest.at[length] == '.'))
                                n = length;
                }
                if (n == 0)
                        return false;
                rest = (struct span){ rest.at + n, rest.size - n };
        }
        return true;
}

bool name_has_version(struct span name, const char *version)
{
        size_t length = strlen(version);

        if (length == 0)
                return false;
        for (size_t i = 0; i + length <= name.size; i++) {
                if (memcmp(name.at + i, version, length) != 0 ||
                    !only_suffixes((struct span){ name.at + i + length, name.size - i - length }))
                        continue;
                if (i == 0 || name.at[i - 1] == '-' || name.at[i - 1] == '_')
                        return true;
                if (name.at[i - 1] == '.' && i >= 2 && !isdigit((unsigned char)name.at[i - 2]))
                        return true;
        }
        return false;
}

bool path_has_version(struct span path, const char *version)
{
        for (size_t i = 0, start = 0; i <= path.size; i++)
                if (i == path.size || path.at[i] == '/' || path.at[i] == '\\') {
                        if (name_has_version((struct span){ path.at + start, i - start }, version))
                                return true;
                        start = i + 1;
                }
        return false;
}

bool name_is_special(struct span name)
{
        static const char *const words[] = { "kdump", "rescue", "fallback", ".old", ".bak" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (memmem(name.at, name.size, words[i], strlen(words[i])))
                        return true;
        return false;
}
