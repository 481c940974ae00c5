/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "version.h"

#include <ctype.h>
#include <strings.h>

#include "skipcpio/util.h"

/* Bytes of the suffix such as .img that @rest starts with; 0 where it starts with none. */
static size_t suffix_size(struct span rest)
{
        static const char *const suffixes[] = { ".img",  ".conf", ".efi", ".cpio", ".gz",  ".xz",  ".zst",
                                                ".zstd", ".lzma", ".lz4", ".lz",   ".lzo", ".bz2", ".igz" };

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                size_t length = strlen(suffixes[i]);

                if (length <= rest.size && strncasecmp(rest.at, suffixes[i], length) == 0 &&
                    (length == rest.size || rest.at[length] == '.'))
                        return length;
        }
        return 0;
}

static bool only_suffixes(struct span rest)
{
        while (rest.size > 0) {
                size_t n = suffix_size(rest);

                if (n == 0)
                        return false;
                rest = (struct span){ rest.at + n, rest.size - n };
        }
        return true;
}

struct span name_without_suffixes(struct span name)
{
        for (size_t i = 0; i < name.size; i++)
                if (only_suffixes((struct span){ name.at + i, name.size - i }))
                        return (struct span){ name.at, i };
        return name;
}

/* Whether @rest, behind a version, is words and suffixes: -dracut.img, .hostonly. */
static bool only_words(struct span rest)
{
        static const char *const copies[] = { "new", "tmp", "orig", "save", "backup", "dpkg", "rpm", "img" };

        while (rest.size > 0 && !only_suffixes(rest)) {
                size_t n = 1;

                if (!strchr("-._", rest.at[0]))
                        return false;
                while (n < rest.size && isalnum((unsigned char)rest.at[n]))
                        n++;
                if (n == 1 || isdigit((unsigned char)rest.at[1]))
                        return false;
                for (size_t i = 0; i < ELEMENTSOF(copies); i++)
                        if (n > strlen(copies[i]) && strncasecmp(rest.at + 1, copies[i], strlen(copies[i])) == 0)
                                return false;
                rest = (struct span){ rest.at + n, rest.size - n };
        }
        return true;
}

/* Whether what is in front of @at is not a part of another version. */
static bool starts_version(struct span name, size_t at)
{
        if (at == 0 || !strchr(".0123456789", name.at[at - 1]))
                return true;
        return name.at[at - 1] == '.' && at >= 2 && !isdigit((unsigned char)name.at[at - 2]);
}

const char *name_find_version(struct span name, const char *version)
{
        size_t length = strlen(version);

        for (size_t i = 0; length > 0 && i + length <= name.size; i++)
                if (memcmp(name.at + i, version, length) == 0 && starts_version(name, i) &&
                    only_words((struct span){ name.at + i + length, name.size - i - length }))
                        return name.at + i;
        return NULL;
}

bool name_has_number(struct span name)
{
        for (size_t i = 1; i + 1 < name.size; i++)
                if (name.at[i] == '.' && isdigit((unsigned char)name.at[i - 1]) &&
                    isdigit((unsigned char)name.at[i + 1]))
                        return true;
        return false;
}

bool name_has_flavour(struct span name, const char *version)
{
        const char *end = version + strlen(version);
        size_t n = 0;

        name = name_without_suffixes(name);
        while (n < name.size && (size_t)(end - version) > n && isalnum((unsigned char)name.at[name.size - 1 - n]) &&
               name.at[name.size - 1 - n] == end[-1 - (ssize_t)n])
                n++;
        for (; n > 0; n--) { /* the longest piece that is a word in both */
                const char *at = end - n;

                if (at - version < 2 || !(at[-1] == '-' || (at[-1] == 'v' && at[-2] == '-')))
                        continue;
                /* Raspberry Pi's initramfs8 is of 6.6.31+rpt-rpi-v8, initramfs_2712 of …-rpi-2712. */
                return n == name.size || strchr("-_.", name.at[name.size - n - 1]) ||
                       (name.size - n >= 9 && memcmp(name.at + name.size - n - 9, "initramfs", 9) == 0);
        }
        return false;
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
