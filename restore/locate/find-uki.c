/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <fcntl.h>
#include <string.h>

#include "skipcpio/util.h"
#include "cmdline.h"
#include "entry.h"
#include "lookup.h"
#include "uki.h"
#include "version.h"

static int by_name(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Append an addon's initrd, unless it is for another kernel than @version; @fd is closed. Returns 0 or -ENOMEM. */
static int add_addon(int fd, const char *name, const char *version, struct image *image)
{
        struct uki addon = { .profile = PE_PROFILE_BASE };
        _cleanup_close_ int owned = fd;
        _cleanup_free_ char *own = NULL;
        const char *reason = NULL;
        int r = fd < 0 ? fd : pe_read(fd, &addon.pe, &reason);

        if (r < 0)
                return search_skip(name, r, reason);
        if (version && uki_text(fd, &addon, ".uname", &own) >= 0 && strcmp(own, version) != 0)
                return search_skip(name, 0, "it is for another kernel");
        return uki_add_initrd(TAKE_FD(owned), &addon, name, image) == -ENOMEM ? -ENOMEM : 0;
}

/*
 * Append the initrds of the addons in a directory: systemd's stub takes them in the order of their names.
 *
 * @param fd     of the directory, closed; or a negative errno
 * @param label  what to call it
 */
static int add_addons(int fd, const char *label, const char *version, struct image *image)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        _cleanup_close_ int directory = fd, list = -1;
        int r = 0;

        if (fd < 0)
                return fd == -ENOMEM ? fd : 0;
        list = fcntl(directory, F_DUPFD_CLOEXEC, 0);
        if (list < 0)
                return search_skip(label, -errno, NULL);
        if (names_read(&names, TAKE_FD(list), label, ".addon.efi") == -ENOMEM)
                return -ENOMEM;
        if (names.count > 0)
                qsort(names.list, names.count, sizeof(*names.list), by_name);
        for (size_t i = 0; r == 0 && i < names.count; i++)
                r = add_addon(lookup_open(directory, strrchr(names.list[i], '/') + 1), names.list[i], version, image);
        return r;
}

/* Those in a unified kernel image's own directory, whose name has a boot counter or has not. */
static int add_own_addons(struct search *search, const struct uki_source *source, const char *version,
                          struct image *image)
{
        _cleanup_free_ char *path = plain_path(span_of(source->path)), *plain = path ? strdup(path) : NULL;
        bool counted = plain && bls_strip_counter(plain);
        int r = plain ? 0 : -ENOMEM;

        for (int i = 0; r == 0 && i <= counted; i++) {
                _cleanup_free_ char *directory = NULL, *label = NULL;
                int fd;

                if (asprintf(&directory, "/%s.extra.d", i == 0 ? plain : path) < 0) {
                        directory = NULL;
                        return -ENOMEM;
                }
                fd = open_named(search, source->volume, span_of(directory), lookup_directory, &label);
                r = add_addons(fd, label, version, image);
        }
        return r;
}

/* Those of all addons: in the stub's order, and what the entry's `extra` lines name. */
static int add_all_addons(struct search *search, const struct uki_source *source, const char *version,
                          struct image *image)
{
        struct span rest = source->entry ? source->entry->span : (struct span){ "", 0 }, key, value;
        _cleanup_free_ char *label = NULL;
        int fd = volume_open(search, source->volume, "loader/addons", lookup_directory, &label);
        int r = add_addons(fd, label, version, image);

        if (r == 0)
                r = add_own_addons(search, source, version, image);
        while (r == 0 && bls_next(&rest, &key, &value)) {
                _cleanup_free_ char *name = NULL, *path = span_dup(value);

                if (!path)
                        return -ENOMEM;
                if (span_is(key, "extra") && name_ends(path, ".addon.efi")) {
                        fd = open_named(search, source->volume, value, lookup_open, &name);
                        r = add_addon(fd, name, version, image);
                }
        }
        return r;
}

/* How many words of its options are on the command line; -1 if not all of them are. */
static ssize_t words_that_fit(struct search *search, int fd, const struct uki *uki, const struct uki_source *source)
{
        _cleanup_free_ char *own = NULL, *options = NULL, *both = NULL;
        ssize_t words;

        if (search->other_kernel)
                return 0;
        (void)uki_text(fd, uki, ".cmdline", &own);
        if (source->entry)
                options = bls_options(source->entry->span);
        if (!own && (!options || !*options) && !source->must_fit)
                return 0; /* nothing is known */
        if (asprintf(&both, "%s %s", options ?: "", own ?: "") < 0) {
                both = NULL;
                return -1;
        }
        words = cmdline_fits(span_of(both), search_cmdline(search));
        if (words < 0 && options && *options) /* they can stand in for its own */
                words = cmdline_fits(span_of(options), search_cmdline(search));
        if (words < 0 && source->must_fit && !source->entry &&
            !cmdline_same_deployment(span_of(own ?: ""), search_cmdline(search)))
                return -2;
        return words;
}

int add_uki(struct search *search, const struct place *place, int fd, const char *name, const struct uki_source *source)
{
        _cleanup_close_ int owned = fd;
        _cleanup_free_ char *version = NULL;
        struct lead lead = { .place = place };
        const char *reason = NULL;
        struct uki uki;
        int r;

        r = uki_read(fd, source->profile, &uki, &reason);
        if (r < 0)
                return search_skip(name, r, reason);
        r = uki_version(fd, &uki, &version);
        if (r < 0 && r != -ENOENT)
                return search_skip(name, r, NULL);
        if (version)
                lead.evidence.version = strcmp(version, search->kver) == 0 ? 1 : -1;
        else if (path_has_version(span_of(source->path), search->kver))
                lead.evidence.version = 1;
        if (source->must_fit && (lead.evidence.version <= 0 && !source->entry))
                return search_skip(name, 0, "it is not known to hold this kernel");
        lead.evidence.words = words_that_fit(search, fd, &uki, source);
        if (source->must_fit && lead.evidence.words < (source->entry ? 0 : -1))
                return search_skip(name, 0, "its options are not those of the command line");
        lead.evidence.words = MAX(lead.evidence.words, (ssize_t)-1);
        r = uki_add_initrd(TAKE_FD(owned), &uki, name, &lead.image);
        if (r >= 0 || r == -ENOENT)
                r = add_all_addons(search, source, version, &lead.image);
        if (r >= 0 && lead.image.count == 0)
                r = search_skip(name, 0, "it has no initrd");
        else if (r >= 0)
                r = (lead.name = strdup(name)) ? lead_add(search, &lead) : -ENOMEM;
        lead_done(&lead);
        return r;
}

/*
 * Open @path on @volume; where it is not there, what it is called now: the same name in another
 * case or with another boot counter. As volume_open().
 */
static int open_counted(struct search *search, const struct volume *volume, const char *path, char **name)
{
        int fd = volume_open(search, volume, path, lookup_open, name);
        _cleanup_(names_done) struct names names = NAMES_INIT;
        _cleanup_free_ char *id = NULL, *directory = NULL, *directory_name = NULL;
        const char *slash = strrchr(path, '/');

        if (fd != -ENOENT || !slash)
                return fd;
        directory = strndup(path, (size_t)(slash - path));
        id = bls_id(slash + 1);
        if (!directory || !id)
                return -ENOMEM;
        fd = volume_open(search, volume, directory, lookup_directory, &directory_name);
        if (fd < 0 || names_read(&names, fd, directory, strrchr(slash, '.')) < 0)
                return -ENOENT;
        for (size_t i = 0; i < names.count; i++) {
                _cleanup_free_ char *other = bls_id(strrchr(names.list[i], '/') + 1);

                if (other && strcmp(id, other) == 0) {
                        free(*name);
                        return volume_open(search, volume, names.list[i], lookup_open, name);
                }
        }
        return -ENOENT;
}

static int add_path(struct search *search, const struct place *place, const struct uki_source *source)
{
        _cleanup_free_ char *name = NULL;
        int fd = open_counted(search, source->volume, source->path, &name);

        return fd < 0 ? search_skip(name, fd, NULL) : add_uki(search, place, fd, name, source);
}

/* On @source's volume, or on all where that is NULL. */
static int add_from_volumes(struct search *search, const struct place *place, struct uki_source source)
{
        int r = 0;

        if (source.volume)
                return add_path(search, place, &source);
        search_volumes(search);
        for (size_t i = 0; r == 0 && i < search->volume_count; i++) {
                source.volume = &search->volumes[i];
                r = add_path(search, place, &source);
        }
        return r;
}

static int find_identified(struct search *search, const struct place *place, enum variable image,
                           enum variable partition)
{
        const char *identifier = search_variable(search, image), *uuid;
        _cleanup_free_ char *path = NULL;

        if (!identifier)
                return 0;
        path = plain_path(span_of(identifier));
        if (!path)
                return -ENOMEM;
        uuid = search_variable(search, partition);
        return add_from_volumes(search, place,
                                (struct uki_source){
                                                .volume = uuid ? search_partition(search, uuid) : NULL,
                                                .path = path,
                                                .profile = search_variable(search, STUB_PROFILE),
                                });
}

int find_stub_uki(struct search *search, const struct place *place)
{
        return find_identified(search, place, STUB_IMAGE, STUB_PARTITION);
}

int find_loader_uki(struct search *search, const struct place *place)
{
        return find_identified(search, place, LOADER_IMAGE, LOADER_PARTITION);
}

/* The file that shim starts: the first word of its options, below shim's own directory or from the root. */
static int take_second_stage(const char *shim, struct span *options, char **ret)
{
        const char *slash = strrchr(shim, '/');
        struct span rest = *options, word;
        _cleanup_free_ char *name = NULL;

        if (!span_word(&rest, &word))
                return 0;
        name = span_dup(word);
        if (!name)
                return -ENOMEM;
        if (!name_ends(name, ".efi"))
                return 0;
        *options = rest;
        if (name[0] == '\\' || name[0] == '/' || !slash) {
                *ret = TAKE_PTR(name);
        } else if (asprintf(ret, "%.*s/%s", (int)(slash - shim), shim, name) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }
        return 0;
}

int find_firmware_uki(struct search *search, const struct place *place)
{
        const struct bootoption *firmware = search_firmware(search);
        _cleanup_free_ char *second = NULL, *path = NULL;
        struct span options;

        if (!firmware)
                return 0;
        options = span_of(firmware->options ?: "");
        if (take_second_stage(firmware->path, &options, &second) < 0)
                return -ENOMEM;
        if (options.size > 0 && cmdline_fits(options, search_cmdline(search)) < 0)
                return search_skip(firmware->path, 0,
                                   "the options in its boot entry are not those of the command line");
        path = plain_path(span_of(second ?: firmware->path));
        if (!path)
                return -ENOMEM;
        return add_from_volumes(
                        search, place,
                        (struct uki_source){
                                        .volume = *firmware->partition ? search_partition(search, firmware->partition)
                                                                       : NULL,
                                        .path = path,
                                        .profile = search_variable(search, STUB_PROFILE),
                        });
}

int find_selected_uki(struct search *search, const struct place *place)
{
        const char *id = search_variable(search, LOADER_ENTRY), *profile;
        _cleanup_free_ char *path = NULL;
        struct span name, behind;

        if (!id || strpbrk(id, "/\\"))
                return 0;
        profile = span_cut(span_of(id), '@', &name, &behind) ? behind.at : search_variable(search, STUB_PROFILE);
        if (asprintf(&path, "EFI/Linux/%.*s", (int)name.size, name.at) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (!name_ends(path, ".efi"))
                return 0;
        return add_from_volumes(search, place, (struct uki_source){ .path = path, .profile = profile });
}

/* A unified kernel image and each of its profiles: which one has the options of the command line? */
static int add_profiles(struct search *search, const struct place *place, const struct volume *volume, const char *path)
{
        struct uki_source source = { .volume = volume, .path = path, .must_fit = true };
        _cleanup_free_ char *name = NULL;
        _cleanup_close_ int fd = volume_open(search, volume, path, lookup_open, &name);
        const char *reason = NULL;
        struct uki uki;
        int r = fd < 0 ? fd : uki_read(fd, NULL, &uki, &reason);

        if (r < 0)
                return search_skip(name, r, reason);
        r = add_path(search, place, &source);
        for (int i = 1; r == 0 && i < uki.pe.profiles; i++) {
                char profile[3 * sizeof(int)];
                const struct pe_section *options = pe_find(&uki.pe, i, ".cmdline");

                if (!options || options->profile != i)
                        continue;
                snprintf(profile, sizeof(profile), "%d", i);
                source.profile = profile;
                r = add_path(search, place, &source);
        }
        return r;
}

/* Names of the UKIs in EFI/Linux and the directories in it, those with the kernel's version in front. */
static int list_ukis(struct search *search, const struct volume *volume, struct names *ret)
{
        _cleanup_(names_done) struct names all = NAMES_INIT;
        _cleanup_free_ char *name = NULL;
        int fd = volume_open(search, volume, "EFI/Linux", lookup_directory, &name);
        int r = fd < 0 ? fd : names_read(&all, fd, "EFI/Linux", NULL);

        if (r < 0)
                return search_skip(name, r, NULL);
        for (size_t i = 0, count = all.count; i < count; i++) {
                _cleanup_free_ char *below = NULL;

                if (strchr(all.list[i] + strlen("EFI/Linux/"), '.'))
                        continue; /* a file, or the addons of one */
                fd = volume_open(search, volume, all.list[i], lookup_directory, &below);
                if (fd >= 0 && names_read(&all, fd, all.list[i], ".efi") == -ENOMEM)
                        return -ENOMEM;
        }
        for (int has = 1; has >= 0; has--)
                for (size_t i = 0; i < all.count; i++)
                        if (name_ends(all.list[i], ".efi") &&
                            path_has_version(span_of(all.list[i]), search->kver) == has &&
                            names_add(ret, NULL, all.list[i]) < 0)
                                return -ENOMEM;
        return 0;
}

int find_uki_by_version(struct search *search, const struct place *place)
{
        int r = 0;

        search_volumes(search);
        for (size_t i = 0; r == 0 && i < search->volume_count; i++) {
                _cleanup_(names_done) struct names names = NAMES_INIT;

                r = list_ukis(search, &search->volumes[i], &names);
                for (size_t j = 0; r == 0 && j < names.count; j++)
                        r = add_profiles(search, place, &search->volumes[i], names.list[j]);
        }
        return r;
}
