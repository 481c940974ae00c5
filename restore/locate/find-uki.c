/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

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

/* Append the initrds of the addons in a directory: systemd's stub takes them in the order of their names. */
static int add_addons(struct search *search, const struct volume *volume, const char *directory, const char *version,
                      struct image *image)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        _cleanup_free_ char *label = NULL;
        int fd = volume_open(search, volume, directory, lookup_directory, &label);
        int r = 0;

        if (fd < 0)
                return fd == -ENOMEM ? fd : 0;
        if (names_read(&names, fd, directory, ".addon.efi") == -ENOMEM)
                return -ENOMEM;
        if (names.count > 0)
                qsort(names.list, names.count, sizeof(*names.list), by_name);
        for (size_t i = 0; r == 0 && i < names.count; i++) {
                _cleanup_free_ char *name = NULL;

                fd = volume_open(search, volume, names.list[i], lookup_open, &name);
                r = add_addon(fd, name, version, image);
        }
        return r;
}

/* Those of all addons: in the stub's order, and what the entry's `extra` lines name. */
static int add_all_addons(struct search *search, const struct uki_source *source, const char *version,
                          struct image *image)
{
        struct span rest = source->entry ? source->entry->span : (struct span){ "", 0 }, key, value;
        _cleanup_free_ char *own = NULL;
        int r;

        if (asprintf(&own, "%s.extra.d", source->path) < 0) {
                own = NULL;
                return -ENOMEM;
        }
        r = add_addons(search, source->volume, "loader/addons", version, image);
        if (r == 0)
                r = add_addons(search, source->volume, own, version, image);
        while (r == 0 && bls_next(&rest, &key, &value)) {
                _cleanup_free_ char *name = NULL, *path = span_dup(value);

                if (!path)
                        return -ENOMEM;
                if (span_is(key, "extra") && name_ends(path, ".addon.efi")) {
                        int fd = open_named(search, source->volume, value, &name);

                        r = add_addon(fd, name, version, image);
                }
        }
        return r;
}

/* How many words of its options are on the command line; -1 where not all of them are. */
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
        path = strdup(identifier);
        if (!path)
                return -ENOMEM;
        for (char *p = path; *p; p++)
                if (*p == '\\')
                        *p = '/';
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

int find_firmware_uki(struct search *search, const struct place *place)
{
        const struct bootoption *firmware = search_firmware(search);

        if (!firmware || !name_ends(firmware->path, ".efi"))
                return 0;
        if (firmware->options && cmdline_fits(span_of(firmware->options), search_cmdline(search)) < 0)
                return search_skip(firmware->path, 0,
                                   "the options in its boot entry are not those of the command line");
        return add_from_volumes(
                        search, place,
                        (struct uki_source){
                                        .volume = *firmware->partition ? search_partition(search, firmware->partition)
                                                                       : NULL,
                                        .path = firmware->path,
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
                        r = add_path(search, place,
                                     &(struct uki_source){ .volume = &search->volumes[i],
                                                           .path = names.list[j],
                                                           .must_fit = true });
        }
        return r;
}
