/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmdline.h"

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
