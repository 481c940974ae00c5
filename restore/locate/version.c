/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "version.h"

#include <ctype.h>
#include <strings.h>

#include "skipcpio/util.h"

/* Bytes of the suffix such as .img that @rest starts with; 0 if it starts with none. */
static size_t suffix_size(struct span rest)
{
        static const char *const suffixes[] = {
                ".img", ".conf", ".efi", ".cpio", ".gz",  ".xz",  ".zst",     ".zstd",  ".lzma",  ".lz4",
                ".lz",  ".lzo",  ".bz2", ".igz",  ".itb", ".fit", "-bzImage", "-Image", "-initrd"
        }; /* the last ones are NixOS' */

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

/* Bytes of the word that @rest starts with: alphanumeric, or x86_64. */
static size_t word_size(struct span rest)
{
        static const char x86[] = "x86_64";
        size_t n = 0;

        while (n < rest.size && isalnum((unsigned char)rest.at[n]))
                n++;
        if (rest.size >= strlen(x86) && memcmp(rest.at, x86, strlen(x86)) == 0)
                n = MAX(n, strlen(x86));
        return n;
}

/* Whether a word says that the file is a copy of the real one. */
static bool is_copy(struct span word)
{
        static const char *const copies[] = { "new", "tmp", "orig", "save", "backup", "dpkg", "rpm", "img" };
        static const char suffix[] = "img";

        for (size_t i = 0; i < ELEMENTSOF(copies); i++)
                if (word.size >= strlen(copies[i]) && strncasecmp(word.at, copies[i], strlen(copies[i])) == 0)
                        return !span_is(word, suffix);
        return false;
}

/* Whether @rest, behind a version, is words and suffixes: -dracut.img, .hostonly, .img.dracut. */
static bool only_words(struct span rest)
{
        while (rest.size > 0 && !only_suffixes(rest)) {
                struct span word = { rest.at + 1, 0 };

                if (!strchr("-._", rest.at[0]))
                        return false;
                word.size = word_size((struct span){ rest.at + 1, rest.size - 1 });
                if (word.size == 0 || isdigit((unsigned char)word.at[0]) || is_copy(word))
                        return false;
                rest = (struct span){ word.at + word.size, rest.size - 1 - word.size };
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

        while (end > version && end[-1] == '+') /* not of a release */
                end--;
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

bool name_is_fit(struct span name)
{
        static const char head[] = "fitimage", loader[] = "u-boot";
        const char *suffix;

        if (name.size >= strlen(head) && strncasecmp(name.at, head, strlen(head)) == 0)
                return true;
        if (name.size < 4 || (name.size >= strlen(loader) && memcmp(name.at, loader, strlen(loader)) == 0))
                return false;
        suffix = name.at + name.size - 4;
        return strncasecmp(suffix, ".itb", 4) == 0 || strncasecmp(suffix, ".fit", 4) == 0;
}

bool name_is_image(struct span name)
{
        static const char *const words[] = { "initr", "ramdisk" };
        static const char head[] = "dracut";

        if ((name.size >= strlen(head) && memcmp(name.at, head, strlen(head)) == 0) || name_is_fit(name))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                for (size_t at = 0; at + strlen(words[i]) <= name.size; at++)
                        if (strncasecmp(name.at + at, words[i], strlen(words[i])) == 0)
                                return true;
        return false;
}

struct span name_core(struct span name)
{
        static const char *const heads[] = { "initramfs", "initrd", "ramdisk", "dracut", "fitimage" };
        size_t start = 0;

        for (size_t i = 0; i < ELEMENTSOF(heads) && start == 0; i++)
                for (size_t at = 0; at + strlen(heads[i]) <= name.size && start == 0; at++)
                        if (strncasecmp(name.at + at, heads[i], strlen(heads[i])) == 0)
                                start = at + strlen(heads[i]);
        name = name_without_suffixes((struct span){ name.at + start, name.size - start });
        if (name.size >= 4 && memcmp(name.at, ".img", 4) == 0)
                name = (struct span){ name.at + 4, name.size - 4 };
        while (name.size > 0 && strchr("-_.", name.at[0]))
                name = (struct span){ name.at + 1, name.size - 1 };
        return name;
}

bool name_is_special(struct span name)
{
        static const char *const words[] = { "kdump", "rescue", "fallback", ".old", ".bak" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (memmem(name.at, name.size, words[i], strlen(words[i])))
                        return true;
        return false;
}
