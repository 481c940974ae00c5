/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bls.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "skipcpio/util.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

bool bls_next(struct span *rest, struct span *key, struct span *value)
{
        struct span line;

        while (span_line(rest, &line)) {
                size_t n = 0;

                if (line.size >= 3 && memcmp(line.at, BYTE_ORDER_MARK, 3) == 0)
                        line = span_strip((struct span){ line.at + 3, line.size - 3 });
                if (line.size == 0 || line.at[0] == '#')
                        continue;
                while (n < line.size && line.at[n] != ' ' && line.at[n] != '\t')
                        n++;
                *key = (struct span){ line.at, n };
                *value = span_strip((struct span){ line.at + n, line.size - n });
                return true;
        }
        return false;
}

struct span bls_get(struct span entry, const char *key)
{
        struct span found = { entry.at, 0 }, name, value;

        while (bls_next(&entry, &name, &value))
                if (span_is(name, key))
                        found = value;
        return found;
}

char *bls_options(struct span entry)
{
        char *options = malloc(entry.size + 1), *out = options;
        struct span key, value;

        if (!options)
                return NULL;
        while (bls_next(&entry, &key, &value))
                if (span_is(key, "options")) {
                        if (out > options)
                                *out++ = ' ';
                        out = mempcpy(out, value.at, value.size);
                }
        *out = '\0';
        return options;
}

static const char *skip_digits(const char *p)
{
        while (isdigit((unsigned char)*p))
                p++;
        return p;
}

/* Whether @p is a counter: +LEFT or +LEFT-DONE, and then the suffix. */
static bool is_counter(const char *p)
{
        const char *end = skip_digits(p + 1);

        if (end == p + 1)
                return false;
        if (*end == '-') {
                if (!isdigit((unsigned char)end[1]))
                        return false;
                end = skip_digits(end + 1);
        }
        return strcasecmp(end, ".conf") == 0 || strcasecmp(end, ".efi") == 0;
}

char *bls_id(const char *file_name)
{
        char *id = strdup(file_name), *plus;

        if (!id)
                return NULL;
        for (char *p = id; *p; p++)
                *p = (char)tolower((unsigned char)*p);
        plus = strrchr(id, '+');
        if (plus && is_counter(plus))
                memmove(plus, strrchr(id, '.'), strlen(strrchr(id, '.')) + 1);
        return id;
}

struct span env_get(struct span text, const char *key)
{
        struct span found = { text.at, 0 }, line, name, value;

        while (span_line(&text, &line)) {
                if (!span_cut(line, '=', &name, &value) || !span_is(span_strip(name), key))
                        continue;
                value = span_strip(value);
                if (value.size >= 2 && (value.at[0] == '"' || value.at[0] == '\'') &&
                    value.at[value.size - 1] == value.at[0])
                        value = (struct span){ value.at + 1, value.size - 2 };
                found = value;
        }
        return found;
}

static bool is_quote(char c)
{
        return c == '"' || c == '\'' || c == '\\';
}

static struct span strip_quotes(struct span a)
{
        while (a.size > 0 && is_quote(a.at[0])) {
                a.at++;
                a.size--;
        }
        while (a.size > 0 && is_quote(a.at[a.size - 1]))
                a.size--;
        return a;
}

bool cmdline_get(struct span cmdline, const char *name, struct span *ret)
{
        struct span word, key, value;
        bool found = false;

        while (span_word(&cmdline, &word))
                if (span_cut(strip_quotes(word), '=', &key, &value) && span_is(key, name)) {
                        *ret = strip_quotes(value);
                        found = true;
                }
        return found;
}

/* What @word starts with, up to where ostree's boot version can differ: ostree=/ostree/boot.N or .N.M */
static size_t skip_boot_version(struct span *word)
{
        static const char prefix[] = "ostree=/ostree/boot.";
        size_t n = sizeof(prefix) - 1;

        if (word->size < n || memcmp(word->at, prefix, n) != 0)
                return 0;
        while (n < word->size && word->at[n] != '/')
                n++;
        *word = (struct span){ word->at + n, word->size - n };
        return n;
}

static bool same_word(struct span a, struct span b)
{
        size_t i = 0, j = 0;

        a = strip_quotes(a);
        b = strip_quotes(b);
        if ((skip_boot_version(&a) > 0) != (skip_boot_version(&b) > 0))
                return false;
        for (;; i++, j++) {
                while (i < a.size && is_quote(a.at[i]))
                        i++;
                while (j < b.size && is_quote(b.at[j]))
                        j++;
                if (i == a.size || j == b.size)
                        return i == a.size && j == b.size;
                if (a.at[i] != b.at[j])
                        return false;
        }
}

static bool has_word(struct span words, struct span wanted)
{
        struct span word;

        while (span_word(&words, &word))
                if (same_word(word, wanted))
                        return true;
        return false;
}

/* Whether a word of @cmdline decides which deployment was booted. */
static bool is_deployment(struct span word)
{
        struct span key, value;

        return span_cut(strip_quotes(word), '=', &key, &value) && (span_is(key, "ostree") || span_is(key, "composefs"));
}

bool cmdline_same_deployment(struct span options, struct span cmdline)
{
        struct span word;

        while (span_word(&cmdline, &word))
                if (is_deployment(word) && !has_word(options, word))
                        return false;
        return true;
}

/* Whether all words of @a that decide which root file system it is are among those of @b. Their number is added. */
static bool roots_are_in(struct span a, struct span b, size_t *count)
{
        struct span word, key, value;

        while (span_word(&a, &word)) {
                if (!span_cut(strip_quotes(word), '=', &key, &value) ||
                    !(span_is(key, "root") || span_is(key, "rootflags")))
                        continue;
                if (!has_word(b, word))
                        return false;
                ++*count;
        }
        return true;
}

bool cmdline_same_root(struct span options, struct span cmdline)
{
        size_t roots = 0;

        return roots_are_in(options, cmdline, &roots) && roots_are_in(cmdline, options, &roots) && roots > 0 &&
               cmdline_same_deployment(options, cmdline);
}

ssize_t cmdline_fits(struct span options, struct span cmdline)
{
        struct span rest = options, word;
        ssize_t words = 0;

        while (span_word(&rest, &word)) {
                if (memchr(word.at, '$', word.size))
                        continue;
                if (!has_word(cmdline, word))
                        return -1;
                words++;
        }
        return cmdline_same_deployment(options, cmdline) ? words : -1;
}

/* A path without GRUB's (device) in front, and without slashes in front. */
static struct span strip_device(struct span path)
{
        struct span device, rest;

        if (path.size > 0 && path.at[0] == '(' && span_cut(path, ')', &device, &rest))
                path = rest;
        while (path.size > 0 && path.at[0] == '/') {
                path.at++;
                path.size--;
        }
        return path;
}

int boot_image_fits(struct span boot_image, struct span kernel)
{
        struct span longer, shorter;

        if (!memchr(boot_image.at, '/', boot_image.size))
                return -1; /* a label, or a number */
        longer = strip_device(boot_image);
        shorter = strip_device(kernel);
        if (longer.size < shorter.size) {
                struct span swap = longer;

                longer = shorter;
                shorter = swap;
        }
        if (shorter.size == 0 || memcmp(longer.at + longer.size - shorter.size, shorter.at, shorter.size) != 0)
                return 0;
        return longer.size == shorter.size || longer.at[longer.size - shorter.size - 1] == '/';
}

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
