/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <string.h>

#include "skipcpio/util.h"
#include "cmdline.h"
#include "entry.h"
#include "version.h"
#include "lookup.h"
#include "uki.h"

int try_uki(struct search *search, int fd, const char *name, const char *profile, bool anothers, struct image *ret)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        _cleanup_close_ int owned = fd;
        _cleanup_free_ char *version = NULL;
        const char *reason = NULL;
        struct uki uki;
        int r;

        r = uki_read(fd, profile, &uki, &reason);
        if (r < 0)
                return search_skip(name, r, reason);
        r = uki_version(fd, &uki, &version);
        if (r < 0 && r != -ENOENT)
                return search_skip(name, r, NULL);
        if (version && strcmp(version, search->kver) != 0 && !anothers)
                return search_skip(name, 0, "it holds another kernel");
        r = uki_add_initrd(TAKE_FD(owned), &uki, name, &image);
        if (r < 0)
                return search_skip(name, r, r == -ENOENT ? "it has no initrd" : NULL);
        return search_settle(&image, ret);
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

static int try_path(struct search *search, const struct volume *volume, const char *path, const char *profile,
                    bool anothers, struct image *ret)
{
        _cleanup_free_ char *name = NULL;
        int fd = open_counted(search, volume, path, &name);

        return fd < 0 ? search_skip(name, fd, NULL) : try_uki(search, fd, name, profile, anothers, ret);
}

/* @only, or all volumes in turn where it is NULL. */
static int try_volumes(struct search *search, const struct volume *only, const char *path, const char *profile,
                       bool anothers, struct image *ret)
{
        int r = 0;

        if (only)
                return try_path(search, only, path, profile, anothers, ret);
        search_volumes(search);
        for (size_t i = 0; r == 0 && i < search->volume_count; i++)
                r = try_path(search, &search->volumes[i], path, profile, anothers, ret);
        return r;
}

static int find_identified(struct search *search, enum variable image, enum variable partition, bool anothers,
                           struct image *ret)
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
        return try_volumes(search, uuid ? search_partition(search, uuid) : NULL, path,
                           search_variable(search, STUB_PROFILE), anothers, ret);
}

int find_stub_uki(struct search *search, const char *argument, struct image *ret)
{
        return find_identified(search, STUB_IMAGE, STUB_PARTITION, argument != NULL, ret);
}

int find_loader_uki(struct search *search, const char *argument, struct image *ret)
{
        return find_identified(search, LOADER_IMAGE, LOADER_PARTITION, argument != NULL, ret);
}

int find_selected_uki(struct search *search, const char *argument, struct image *ret)
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
        return name_ends(path, ".efi") ? try_volumes(search, NULL, path, profile, argument != NULL, ret) : 0;
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

/* How well a UKI fits what runs: 2 with the same command line, 1 with the same deployment, 0 not at all. */
static int fit(struct search *search, int fd, const char *path)
{
        _cleanup_free_ char *version = NULL, *options = NULL;
        const char *reason;
        struct uki uki;

        if (uki_read(fd, NULL, &uki, &reason) < 0)
                return 0;
        if (uki_version(fd, &uki, &version) < 0 ? !path_has_version(span_of(path), search->kver)
                                                : strcmp(version, search->kver) != 0)
                return 0;
        if (search->other_kernel)
                return 2;
        (void)uki_text(fd, &uki, ".cmdline", &options);
        if (cmdline_fits(span_of(options ?: ""), search_cmdline(search)) >= 0)
                return 2;
        return cmdline_same_deployment(span_of(options ?: ""), search_cmdline(search));
}

int find_uki_by_version(struct search *search, const char *argument, struct image *ret)
{
        (void)argument;
        search_volumes(search);
        for (size_t i = 0; i < search->volume_count; i++) {
                _cleanup_(names_done) struct names names = NAMES_INIT;
                int r = list_ukis(search, &search->volumes[i], &names);

                for (int wanted = 2; r == 0 && wanted > 0; wanted--)
                        for (size_t j = 0; r == 0 && j < names.count; j++) {
                                _cleanup_free_ char *name = NULL;
                                _cleanup_close_ int fd = volume_open(search, &search->volumes[i], names.list[j],
                                                                     lookup_open, &name);

                                if (fd < 0)
                                        r = search_skip(name, fd, NULL);
                                else if (fit(search, fd, names.list[j]) == wanted)
                                        r = try_uki(search, TAKE_FD(fd), name, NULL, false, ret);
                                else if (wanted == 1)
                                        r = search_skip(name, 0, "it is not the unified image of this kernel");
                        }
                if (r != 0)
                        return r;
        }
        return 0;
}
