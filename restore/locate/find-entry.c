/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <string.h>

#include "skipcpio/util.h"
#include "cmdline.h"
#include "entry.h"
#include "lookup.h"
#include "version.h"

/* What a GRUB variable in an entry stands for; empty where grubenv does not set it. */
static struct span expand(struct search *search, struct span word, char **text)
{
        static const char *const places[] = { "/boot/grub2/grubenv", "/boot/grub/grubenv" };
        struct span value = { word.at, 0 }, grubenv;
        _cleanup_free_ char *name = NULL;

        word = (struct span){ word.at + 1, word.size - 1 };
        if (word.size >= 2 && word.at[0] == '{' && word.at[word.size - 1] == '}')
                word = (struct span){ word.at + 1, word.size - 2 };
        name = span_dup(word);
        for (size_t i = 0; name && value.size == 0 && i < ELEMENTSOF(places); i++) {
                free(*text);
                *text = NULL;
                if (search_read(search, places[i], text, &grubenv) >= 0)
                        value = env_get(grubenv, name);
        }
        return value;
}

static int add_file(struct search *search, const struct volume *volume, struct span path, struct image *image)
{
        _cleanup_free_ char *name = NULL;
        int fd = open_named(search, volume, path, lookup_open, &name);
        int r = fd < 0 ? fd : image_add_file(image, fd, name);

        if (r < 0)
                search_skip(name, r, NULL);
        return r;
}

/* Add what an `initrd` line names: one path, or several as GRUB has it, some of them variables. */
static int add_initrd(struct search *search, const struct volume *volume, struct span value, struct image *image)
{
        struct span word, rest = value;
        bool several = span_word(&rest, &word) && word.size < value.size;
        int r;

        if (several && !memchr(value.at, '$', value.size) && add_file(search, volume, value, image) >= 0)
                return 0; /* a path with a blank in it */
        for (rest = value; span_word(&rest, &word);) {
                _cleanup_free_ char *text = NULL;

                if (word.at[0] == '$') {
                        struct span expanded = expand(search, word, &text), part;

                        while (span_word(&expanded, &part)) {
                                r = add_file(search, volume, part, image);
                                if (r < 0)
                                        return r;
                        }
                        continue;
                }
                r = add_file(search, volume, word, image);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool path_is_fit(struct span path)
{
        const char *slash = memrchr(path.at, '/', path.size);
        const char *name = slash ? slash + 1 : path.at;

        return name_is_fit((struct span){ name, (size_t)(path.at + path.size - name) });
}

/* Make a lead's image: all `initrd` lines of its entry; without any, the kernel's file, where that is a FIT. */
static int open_entry(struct search *search, struct lead *lead)
{
        struct span rest = lead->entry->span, key, value, kernel = bls_get(rest, "linux");
        int r;

        while (bls_next(&rest, &key, &value)) {
                if (!span_is(key, "initrd"))
                        continue;
                r = add_initrd(search, lead->entry->volume, value, &lead->image);
                if (r < 0)
                        return search_skip(lead->name, r, "not all of its initrd files are there");
        }
        if (lead->image.count == 0 && path_is_fit(kernel))
                (void)add_file(search, lead->entry->volume, kernel, &lead->image);
        return lead->image.count > 0 ? 1 : search_skip(lead->name, 0, "it has no initrd");
}

/* The unified kernel image that an entry names as such, or as its kernel: systemd-boot starts it all the same. */
static int add_entry_uki(struct search *search, const struct place *place, const struct entry *entry, struct span path)
{
        _cleanup_free_ char *name = NULL, *profile = span_dup(bls_get(entry->span, "profile"));
        _cleanup_free_ char *plain = plain_path(path);
        int fd = open_named(search, entry->volume, path, lookup_open, &name);

        if (!plain)
                return -ENOMEM;
        if (fd < 0)
                return search_skip(name, fd, NULL);
        return add_uki(search, place, fd, name,
                       &(struct uki_source){
                                       .volume = entry->volume,
                                       .path = plain,
                                       .profile = profile && *profile ? profile : search_variable(search, STUB_PROFILE),
                                       .entry = entry,
                                       .must_fit = place->grade == GRADE_FITTING,
                       });
}

/* @return 1 if the entry can be the one that booted, 0, or -ENOMEM */
static int judge_fitting(struct search *search, const struct entry *entry, struct evidence *ret)
{
        struct span cmdline = search_cmdline(search), boot_image, kernel = bls_get(entry->span, "linux");
        _cleanup_free_ char *options = bls_options(entry->span);
        int fits = -1;

        if (!options)
                return -ENOMEM;
        *ret = (struct evidence){ .version = entry->version, .special = entry->special };
        if (search->other_kernel)
                return entry->version > 0;
        if (kernel.size > 0 && cmdline_get(cmdline, "BOOT_IMAGE", &boot_image))
                fits = boot_image_fits(boot_image, kernel);
        if (fits == 0)
                return search_skip(entry->name, 0, "its kernel is not the one in BOOT_IMAGE=");
        ret->booted = fits > 0;
        ret->words = cmdline_fits(span_of(options), cmdline);
        /* Options that were edited in the boot menu, or in the entry since: kernel and root decide. */
        if (ret->words < 0 && !(fits > 0 && entry->version > 0 && cmdline_same_root(span_of(options), cmdline)))
                return search_skip(entry->name, 0, "its options are not those of the command line");
        return 1;
}

/* The same of the entry that the loader booted: kexec changes the kernel behind its back. */
static int judge_selected(struct search *search, const struct entry *entry, struct evidence *ret)
{
        struct span cmdline = search_cmdline(search);
        _cleanup_free_ char *options = bls_options(entry->span);

        if (!options)
                return -ENOMEM;
        /* An update of a deployment gives its entry's name to another. */
        if (!cmdline_same_deployment(span_of(options), cmdline))
                return search_skip(entry->name, 0, "it is of another deployment");
        if (entry->version <= 0)
                return judge_fitting(search, entry, ret);
        *ret = (struct evidence){ .version = 1, .words = cmdline_fits(span_of(options), cmdline) };
        if (ret->words < 0 && cmdline_same_root(span_of(options), cmdline))
                ret->words = 0; /* edited */
        return 1;
}

static int add_entry(struct search *search, const struct place *place, const struct entry *entry)
{
        struct span uki = entry_uki(entry->span), kernel = bls_get(entry->span, "linux");
        bool selected = place->grade == GRADE_SELECTED;
        struct lead lead = { .place = place, .open = open_entry, .entry = entry };
        int r;

        if (uki.size == 0 && !path_is_fit(kernel) && bls_get(entry->span, "initrd").size == 0)
                uki = kernel;
        if (uki.size > 0)
                return add_entry_uki(search, place, entry, uki);
        r = selected ? judge_selected(search, entry, &lead.evidence) : judge_fitting(search, entry, &lead.evidence);
        if (r <= 0)
                return r;
        if (selected)
                lead.evidence.special = false; /* it was asked for */
        lead.name = strdup(entry->name);
        return lead.name ? lead_add(search, &lead) : -ENOMEM;
}

int find_fitting_entry(struct search *search, const struct place *place)
{
        int r = entries_load(search);

        for (size_t i = 0; r == 0 && i < search->entry_count; i++)
                r = add_entry(search, place, search->entries[i]);
        return r;
}

static int add_selected(struct search *search, const struct place *place, struct volume *volume, const char *file)
{
        struct entry *entry;
        int r = entry_load(search, volume, file, &entry);

        return r > 0 ? add_entry(search, place, entry) : r;
}

/* The entry is not there under the loader's name: look for it in another case, with a boot counter, or in loader.0. */
static int find_renamed(struct search *search, const struct place *place, const char *id, const char *direct)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < search->volume_count; i++) {
                struct volume *volume = &search->volumes[i];

                r = entries_list(search, volume);
                for (size_t j = 0; r == 0 && j < volume->entries.count; j++) {
                        const char *file = volume->entries.list[j];
                        _cleanup_free_ char *other = bls_id(strrchr(file, '/') + 1);

                        if (other && strcmp(id, other) == 0 && strcmp(file, direct) != 0)
                                r = add_selected(search, place, volume, file);
                }
        }
        return r;
}

int find_selected_entry(struct search *search, const struct place *place)
{
        const char *selected = search_variable(search, LOADER_ENTRY);
        _cleanup_free_ char *direct = NULL, *id = NULL, *with_suffix = NULL;
        size_t before = search->lead_count;
        int r = 0;

        if (!selected || strpbrk(selected, "/\\") || name_ends(selected, ".efi"))
                return 0;
        if (asprintf(&with_suffix, "%s%s", selected, name_ends(selected, ".conf") ? "" : ".conf") < 0) {
                with_suffix = NULL;
                return -ENOMEM;
        }
        id = bls_id(with_suffix);
        if (!id || asprintf(&direct, "loader/entries/%s", with_suffix) < 0) {
                direct = NULL;
                return -ENOMEM;
        }
        search_volumes(search);
        for (size_t i = 0; r == 0 && i < search->volume_count; i++)
                r = add_selected(search, place, &search->volumes[i], direct);
        return r == 0 && search->lead_count == before ? find_renamed(search, place, id, direct) : r;
}
