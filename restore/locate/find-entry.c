/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "cmdline.h"
#include "entry.h"
#include "version.h"
#include "bzimage.h"
#include "lookup.h"
#include "uki.h"

/*
 * Open a file that an entry or the command line names. Its path starts at the partition's root,
 * which need not be where the volume is: /boot may be a directory of the root file system, or of
 * a subvolume that the path names in front of it.
 */
static int open_named(struct search *search, const struct volume *volume, const char *path, char **name)
{
        const char *boot = strstr(path, "/boot/");
        int fd = volume_open(search, volume, path, lookup_open, name);

        if (fd != -ENOENT || volume->fd >= 0)
                return fd;
        free(*name);
        fd = search_open(search, path, lookup_open, name);
        if (fd == -ENOENT && boot && boot != path) {
                free(*name);
                fd = search_open(search, boot, lookup_open, name);
        }
        return fd;
}

static int open_span(struct search *search, const struct volume *volume, struct span span, char **name)
{
        _cleanup_free_ char *path = span_dup(span);

        *name = NULL;
        if (!path)
                return -ENOMEM;
        if (path[0] != '/') /* as EFI has it */
                for (char *p = path; *p; p++)
                        if (*p == '\\')
                                *p = '/';
        return open_named(search, volume, path, name);
}

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
        int fd = open_span(search, volume, path, &name);
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

/* What an entry calls its unified kernel image; empty where it has none. */
static struct span entry_uki(struct span entry)
{
        struct span uki = bls_get(entry, "uki");

        return uki.size > 0 ? uki : bls_get(entry, "efi");
}

static int try_entry_uki(struct search *search, const struct volume *volume, struct span entry, struct span path,
                         bool anothers, struct image *ret)
{
        _cleanup_free_ char *name = NULL, *profile = span_dup(bls_get(entry, "profile"));
        int fd = open_span(search, volume, path, &name);

        if (fd < 0)
                return search_skip(name, fd, NULL);
        return try_uki(search, fd, name, profile && *profile ? profile : search_variable(search, STUB_PROFILE),
                       anothers, ret);
}

static int try_entry(struct search *search, const struct volume *volume, const char *name, struct span entry,
                     bool anothers, struct image *ret)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        struct span rest = entry, key, value, uki = entry_uki(entry);
        int r;

        if (uki.size > 0)
                return try_entry_uki(search, volume, entry, uki, anothers, ret);
        while (bls_next(&rest, &key, &value)) {
                if (!span_is(key, "initrd"))
                        continue;
                r = add_initrd(search, volume, value, &image);
                if (r < 0)
                        return search_skip(name, r, "not all of its initrd files are there");
        }
        return image.count > 0 ? search_settle(&image, ret) : search_skip(name, 0, "it has no initrd");
}

/* List a volume's entries: loader is a symlink to loader.0 or loader.1 where ostree writes them, or has been just now.
 */
static int list_entries(struct search *search, struct volume *volume)
{
        static const char *const places[] = { "loader/entries", "loader.0/entries", "loader.1/entries" };
        struct stat seen[ELEMENTSOF(places)];
        size_t count = 0;

        if (volume->entries_known)
                return 0;
        volume->entries_known = true;
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_free_ char *name = NULL;
                _cleanup_close_ int fd = volume_open(search, volume, places[i], lookup_directory, &name);
                struct stat *st = &seen[count];
                bool again = false;

                if (fd < 0 || fstat(fd, st) < 0) {
                        search_skip(name, fd < 0 ? fd : -errno, NULL);
                        continue;
                }
                for (size_t j = 0; j < count; j++)
                        again = again || (seen[j].st_dev == st->st_dev && seen[j].st_ino == st->st_ino);
                if (again)
                        continue;
                count++;
                if (names_read(&volume->entries, TAKE_FD(fd), places[i], ".conf") == -ENOMEM)
                        return -ENOMEM;
        }
        return 0;
}

/* Whether a path seems to name another kernel: vmlinuz-VERSION, or VERSION/linux in kernel-install's layout. */
static bool is_anothers(struct span path, const char *kver)
{
        size_t start = 0; /* of a component, in the end of the last one */

        if (path_has_version(path, kver))
                return false;
        for (size_t i = 0; i < path.size; i++)
                if (path.at[i] == '/' || path.at[i] == '\\') {
                        size_t digits = start;

                        while (isdigit((unsigned char)path.at[digits]))
                                digits++; /* to the slash at the most */
                        if (digits > start && path.at[digits] == '.' && isdigit((unsigned char)path.at[digits + 1]))
                                return true;
                        start = i + 1;
                }
        for (size_t i = start; i + 1 < path.size; i++) {
                size_t digits = i + 1;

                while (path.at[i] == '-' && digits < path.size && isdigit((unsigned char)path.at[digits]))
                        digits++;
                if (digits > i + 1 && digits < path.size && path.at[digits] == '.')
                        return true;
        }
        return false;
}

/* How far an entry agrees with the kernel's version: 1, 0 where nothing says, -1 where it seems to be another's. */
static int agrees(struct search *search, const struct volume *volume, const char *file, struct span entry)
{
        _cleanup_free_ char *id = bls_id(strrchr(file, '/') + 1), *name = NULL, *version = NULL;
        struct span kernel = bls_get(entry, "linux"), named = kernel.size > 0 ? kernel : entry_uki(entry);
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (span_is(bls_get(entry, "version"), search->kver) || path_has_version(named, search->kver) ||
            (id && name_has_version(span_of(id), search->kver)))
                return 1;
        if (is_anothers(named, search->kver))
                return -1;
        /* A name without a version (vmlinuz-linux): the file may say. */
        fd = kernel.size > 0 ? open_span(search, volume, kernel, &name) : -1;
        if (fd < 0 || fstat(fd, &st) < 0 || kernel_version(fd, 0, (uint64_t)st.st_size, &version) < 0)
                return 0;
        return strcmp(version, search->kver) == 0 ? 1 : -1;
}

struct choice {
        struct volume *volume;
        char *name; /* in messages, owned */
        char *text; /* owned */
        struct span entry;
        ssize_t words; /* of its options, all of which are on the command line; -1 where they are not */
        int agrees;
        int fits; /* its kernel and BOOT_IMAGE=, as boot_image_fits() */
        bool special;
};

static void choice_done(struct choice *choice)
{
        free(choice->name);
        free(choice->text);
}

/* Which of two is the better: not another kernel's, then more specific, then of this kernel, then for a normal boot. */
static int compare(const struct choice *a, const struct choice *b)
{
        if ((a->agrees < 0) != (b->agrees < 0))
                return a->agrees < 0 ? -1 : 1;
        if (a->words != b->words)
                return a->words > b->words ? 1 : -1;
        if (a->agrees != b->agrees)
                return a->agrees > b->agrees ? 1 : -1;
        return (int)b->special - (int)a->special;
}

/* The words of a unified kernel image's own command line belong to its entry's options. */
static char *add_uki_options(struct search *search, const struct choice *choice, char *options)
{
        _cleanup_free_ char *name = NULL, *own = NULL, *first = options;
        struct span path = entry_uki(choice->entry);
        _cleanup_close_ int fd = -1;
        const char *reason;
        struct uki uki;
        char *both;

        if (!options || path.size == 0)
                return TAKE_PTR(first);
        fd = open_span(search, choice->volume, path, &name);
        if (fd < 0 || uki_read(fd, NULL, &uki, &reason) < 0 || uki_text(fd, &uki, ".cmdline", &own) < 0)
                return TAKE_PTR(first);
        return asprintf(&both, "%s %s", options, own) < 0 ? NULL : both;
}

/* Read an entry. Returns 1, 0 where that cannot be, or -ENOMEM. */
static int load(struct search *search, struct volume *volume, const char *file, struct choice *ret)
{
        _cleanup_free_ char *text = NULL, *name = NULL;
        struct span entry;
        int r;

        if (asprintf(&name, "%s/%s", volume->label, file) < 0) {
                name = NULL;
                return -ENOMEM;
        }
        r = volume_read(search, volume, file, &text, &entry);
        if (r < 0)
                return search_skip(name, r, NULL);
        *ret = (struct choice){
                .volume = volume,
                .name = TAKE_PTR(name),
                .text = TAKE_PTR(text),
                .entry = entry,
                .agrees = agrees(search, volume, file, entry),
                .special = name_is_special(span_of(file)) || name_is_special(bls_get(entry, "linux")) ||
                           name_is_special(bls_get(entry, "initrd")),
        };
        return 1;
}

/* Returns 1 where an entry can be the one that booted, 0 where not, or -ENOMEM. */
static int judge(struct search *search, struct choice *choice, bool anothers)
{
        struct span cmdline = search_cmdline(search), boot_image, kernel;
        _cleanup_free_ char *options = NULL;

        choice->fits = -1;
        if (search->other_kernel) {
                choice->words = 0;
                return choice->agrees > 0;
        }
        kernel = bls_get(choice->entry, "linux");
        if (kernel.size > 0 && cmdline_get(cmdline, "BOOT_IMAGE", &boot_image))
                choice->fits = boot_image_fits(boot_image, kernel);
        if (choice->fits == 0)
                return search_skip(choice->name, 0, "its kernel is not the one in BOOT_IMAGE=");

        options = add_uki_options(search, choice, bls_options(choice->entry));
        if (!options)
                return -ENOMEM;
        choice->words = cmdline_fits(span_of(options), cmdline);
        /* Options that were edited in the boot menu, or in the entry since: kernel and root decide, if nothing else
         * does. */
        if (choice->words < 0 &&
            !(anothers && choice->fits > 0 && choice->agrees > 0 && cmdline_same_root(span_of(options), cmdline)))
                return search_skip(choice->name, 0, "its options are not those of the command line");
        return 1;
}

static int try_best(struct search *search, const struct choice *choices, size_t count, bool anothers, struct image *ret)
{
        const struct choice *best = &choices[0];
        const char *doubt = NULL;
        size_t equals = 0;
        int r = 0;

        for (size_t i = 0; i < count; i++)
                if (compare(&choices[i], best) > 0)
                        best = &choices[i];
        for (size_t i = 0; i < count; i++)
                equals += compare(&choices[i], best) == 0;
        if (best->agrees < 0)
                doubt = "it seems to be another kernel's, as do all that fit";
        else if (best->words < 0)
                doubt = "its options are not those of the command line, nor are those of others";
        else if (best->special && best->fits < 0)
                doubt = "it is not for a normal boot";
        if (doubt && (!anothers || equals > 1))
                return search_skip(best->name, 0, doubt);
        for (size_t i = 0; r == 0 && i < count; i++)
                if (compare(&choices[i], best) == 0)
                        r = try_entry(search, choices[i].volume, choices[i].name, choices[i].entry, anothers, ret);
        return r;
}

int find_fitting_entry(struct search *search, const char *argument, struct image *ret)
{
        struct choice *choices = NULL;
        size_t count = 0;
        int r = 0;

        search_volumes(search);
        for (size_t i = 0; r >= 0 && i < search->volume_count; i++) {
                struct volume *volume = &search->volumes[i];

                r = list_entries(search, volume);
                for (size_t j = 0; r >= 0 && j < volume->entries.count; j++) {
                        struct choice choice = { 0 }, *more;

                        r = load(search, volume, volume->entries.list[j], &choice);
                        if (r > 0)
                                r = judge(search, &choice, argument != NULL);
                        more = r > 0 ? reallocarray(choices, count + 1, sizeof(*choices)) : NULL;
                        if (more) {
                                choices = more;
                                choices[count++] = choice;
                                continue;
                        }
                        choice_done(&choice);
                        if (r > 0)
                                r = -ENOMEM;
                }
        }
        if (r >= 0)
                r = count > 0 ? try_best(search, choices, count, argument != NULL, ret) : 0;
        for (size_t i = 0; i < count; i++)
                choice_done(&choices[i]);
        free(choices);
        return r;
}

/* Whether the loader's choice can still be what runs: kexec changes the kernel behind its back. */
static bool still_runs(struct search *search, struct choice *choice, bool anothers)
{
        _cleanup_free_ char *options = add_uki_options(search, choice, bls_options(choice->entry));

        /* An update of a deployment gives its entry's name to another. */
        if (!cmdline_same_deployment(span_of(options ?: ""), search_cmdline(search)))
                return false;
        return choice->agrees > 0 || entry_uki(choice->entry).size > 0 ||
               (judge(search, choice, anothers) > 0 && (choice->agrees >= 0 || anothers));
}

static int try_selected(struct search *search, struct volume *volume, const char *file, bool anothers,
                        struct image *ret)
{
        struct choice choice;
        int r = load(search, volume, file, &choice);

        if (r <= 0)
                return r;
        r = still_runs(search, &choice, anothers)
                            ? try_entry(search, volume, file, choice.entry, anothers, ret)
                            : search_skip(choice.name, 0, "its options or its version are not what runs");
        choice_done(&choice);
        return r;
}

int find_selected_entry(struct search *search, const char *argument, struct image *ret)
{
        const char *selected = search_variable(search, LOADER_ENTRY);
        _cleanup_free_ char *direct = NULL, *id = NULL, *with_suffix = NULL;
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
                r = try_selected(search, &search->volumes[i], direct, argument != NULL, ret);

        /* Not there under that name: look for it in another case, with a boot counter, or in loader.0. */
        for (size_t i = 0; r == 0 && i < search->volume_count; i++) {
                struct volume *volume = &search->volumes[i];

                r = list_entries(search, volume);
                for (size_t j = 0; r == 0 && j < volume->entries.count; j++) {
                        const char *file = volume->entries.list[j];
                        _cleanup_free_ char *other = bls_id(strrchr(file, '/') + 1);

                        if (other && strcmp(id, other) == 0 && strcmp(file, direct) != 0)
                                r = try_selected(search, volume, file, argument != NULL, ret);
                }
        }
        return r;
}

int find_cmdline_initrd(struct search *search, const char *argument, struct image *ret)
{
        struct span unused;
        int r = 0;

        if (!cmdline_get(search_cmdline(search), "initrd", &unused))
                return 0;
        search_volumes(search);
        for (size_t i = 0; r == 0 && i < search->volume_count; i++) {
                _cleanup_(image_done) struct image image = IMAGE_INIT;
                struct span rest = search_cmdline(search), word, key, value;

                while (r >= 0 && span_word(&rest, &word)) {
                        if (!span_cut(word, '=', &key, &value) || !span_is(key, "initrd") || value.size == 0)
                                continue;
                        /* With no directory it is a name on some server, or an address in memory. */
                        if (value.at[0] != '/' && !memchr(value.at, '\\', value.size))
                                return search_skip("initrd=", 0, "not all of it is a path");
                        if (!argument && is_anothers(value, search->kver))
                                return search_skip("initrd=", 0, "it seems to be another kernel's");
                        r = add_file(search, &search->volumes[i], value, &image);
                }
                if (r < 0) {
                        r = r == -ENOMEM ? r : 0;
                        continue;
                }
                r = search_settle(&image, ret);
        }
        return r;
}
