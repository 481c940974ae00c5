/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Boot loader entries, os-release, the command line and file names. The input is three texts with a 0xff between. */
#include "locate/cmdline.h"
#include "locate/entry.h"
#include "locate/version.h"
#include "fuzz.h"

static bool inside(struct span part, struct span whole)
{
        return part.size == 0 || (part.at >= whole.at && part.at + part.size <= whole.at + whole.size);
}

static void read_entry(struct span entry)
{
        static const char *const keys[] = { "title", "version", "linux", "initrd", "options", "efi", "machine-id" };
        _cleanup_free_ char *options = bls_options(entry);
        struct span rest = entry, key, value;
        size_t lines = 0;

        ALWAYS(options && strlen(options) <= entry.size);
        while (bls_next(&rest, &key, &value)) {
                ALWAYS(inside(key, entry) && inside(value, entry) && key.size > 0);
                ALWAYS(++lines <= entry.size);
        }
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                ALWAYS(inside(bls_get(entry, keys[i]), entry) && inside(env_get(entry, keys[i]), entry));
}

static void read_words(struct span text)
{
        struct span rest = text, word;
        size_t words = 0;

        while (span_word(&rest, &word)) {
                ALWAYS(inside(word, text));
                ALWAYS(++words <= text.size);
        }
        if (cmdline_get(text, "BOOT_IMAGE", &word))
                ALWAYS(inside(word, text));
        if (cmdline_get(text, "initrd", &word))
                ALWAYS(inside(word, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span texts[3] = { 0 }, rest = { (const char *)data, size };
        _cleanup_free_ char *name = NULL, *id = NULL;
        const char *at;
        ssize_t fits;
        int same;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                struct span behind = { 0 };

                span_cut(rest, (char)0xff, &texts[i], &behind);
                rest = behind;
        }
        read_entry(texts[0]);
        read_words(texts[1]);
        fits = cmdline_fits(texts[0], texts[1]);
        ALWAYS(fits >= -1 && fits <= (ssize_t)texts[0].size);
        cmdline_same_deployment(texts[0], texts[1]);
        same = boot_image_fits(texts[1], texts[2]);
        ALWAYS(same >= -1 && same <= 1);
        name = span_dup(texts[2]);
        ALWAYS(name);
        id = bls_id(name);
        ALWAYS(id && strlen(id) <= strlen(name));
        name_has_version(texts[0], name);
        path_has_version(texts[1], name);
        name_is_special(texts[2]);
        name_has_number(texts[0]);
        name_has_flavour(texts[1], name);
        ALWAYS(inside(name_without_suffixes(texts[0]), texts[0]));
        at = name_find_version(texts[0], name);
        ALWAYS(!at || inside((struct span){ at, strlen(name) }, texts[0]));
        return 0;
}
