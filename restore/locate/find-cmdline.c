/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <string.h>
#include <strings.h>

#include "skipcpio/util.h"
#include "cmdline.h"
#include "entry.h"
#include "lookup.h"
#include "version.h"

/* A value of initrd=, or a part of one. Returns 1 if the EFI stub or a boot loader can have loaded it, 0, or -ENOMEM.
 */
static int add_value(struct names *ret, struct span value, bool loader, bool *bare)
{
        bool absolute = value.size > 0 && (value.at[0] == '/' || memchr(value.at, '\\', value.size));
        _cleanup_free_ char *path = NULL;

        /* A name without a directory is on some server, or relative to a boot loader's own. */
        if (loader && !absolute)
                return search_skip("initrd=", 0, "BOOT_IMAGE= says that it is not the EFI stub's");
        *bare = *bare || !(absolute || memchr(value.at, '/', value.size));
        path = plain_path(value);
        return path && names_add(ret, NULL, path) == 0 ? 1 : -ENOMEM;
}

/* The values of initrd= on the command line. @return as add_value() */
static int initrd_values(struct search *search, struct names *ret, bool *bare)
{
        struct span rest = search_cmdline(search), word, key, value, boot_image;
        bool loader = cmdline_get(search_cmdline(search), "BOOT_IMAGE", &boot_image);
        int r = 0;

        *bare = false;
        while (span_word(&rest, &word)) {
                struct span part;

                if (!span_cut(word, '=', &key, &value) || !span_is(key, "initrd") || value.size == 0)
                        continue;
                do {
                        part = value;
                        if (loader) /* SYSLINUX separates them with commas; the EFI stub does not */
                                span_cut(value, ',', &part, &value);
                        r = add_value(ret, part, loader, bare);
                        if (r <= 0)
                                return r;
                } while (loader && value.size > 0);
        }
        return r;
}

/* Where a path of initrd= is looked up. */
enum root {
        ROOT_VOLUME,    /* at a volume's root, as the EFI stub does */
        ROOT_SUBVOLUME, /* the same, without the subvolume in front of it */
        ROOT_SYSTEM,    /* at the sysroot, of which /boot is a directory */
        ROOT_BOOT,      /* the same, without what is in front of /boot */
        ROOT_COUNT
};

static int open_at(struct search *search, enum root root, const struct volume *volume, const char *path, char **name)
{
        const char *slash = strchr(path, '/'), *boot;
        _cleanup_free_ char *absolute = NULL;

        *name = NULL;
        if (root == ROOT_VOLUME)
                return volume_open(search, volume, path, lookup_open, name);
        if (root == ROOT_SUBVOLUME)
                return path[0] == '@' && slash ? volume_open(search, volume, slash, lookup_open, name) : -ENOENT;
        if (asprintf(&absolute, "/%s", path) < 0) {
                absolute = NULL;
                return -ENOMEM;
        }
        if (root == ROOT_SYSTEM)
                return search_open(search, absolute, lookup_open, name);
        boot = strstr(absolute, "/boot/");
        return boot ? search_open(search, boot, lookup_open, name) : -ENOENT;
}

/* Whether an entry has the path among its initrds. */
static bool entry_has(const struct entry *entry, const char *path)
{
        struct span rest = entry->span, key, value;

        while (bls_next(&rest, &key, &value)) {
                _cleanup_free_ char *own = span_is(key, "initrd") ? plain_path(value) : NULL;

                if (own && strcasecmp(own, path) == 0)
                        return true;
        }
        return false;
}

/*
 * Which kernel's the files are: their paths tell, or else the entries that name the last of them
 * (an upgrade may have put the next kernel's image there), or else what version_of_image() looks at. @fd is the last
 * one's.
 */
static int find_version(struct search *search, const struct volume *volume, const struct names *paths, int fd)
{
        const char *last = paths->list[paths->count - 1];
        bool named = false;

        for (size_t i = 0; i < paths->count; i++)
                if (path_is_anothers(span_of(paths->list[i]), search->kver))
                        return -1;
        if (path_has_version(span_of(last), search->kver))
                return 1;
        if (entries_load(search) < 0)
                return 0;
        for (size_t i = 0; i < search->entry_count; i++) {
                if (!entry_has(search->entries[i], last))
                        continue;
                if (search->entries[i]->version > 0)
                        return 1;
                named = named || search->entries[i]->version < 0;
        }
        return named ? -1 : version_of_image(search, volume, last, fd);
}

static int add_files(struct search *search, const struct place *place, enum root root, const struct volume *volume,
                     const struct names *paths)
{
        struct lead lead = { .place = place };
        int r = 0;

        for (size_t i = 0; r == 0 && i < paths->count; i++) {
                _cleanup_free_ char *name = NULL;
                int fd = open_at(search, root, volume, paths->list[i], &name);

                r = fd < 0 ? fd : image_add_file(&lead.image, fd, name);
                if (r < 0 && name)
                        search_skip(name, r, NULL);
                if (r == 0 && !lead.name && !(lead.name = strdup(name)))
                        r = -ENOMEM;
        }
        if (r < 0 || lead.image.count == 0) {
                lead_done(&lead);
                return r == -ENOMEM ? r : 0;
        }
        lead.evidence.version = find_version(search, root <= ROOT_SUBVOLUME ? volume : NULL, paths,
                                             lead.image.regions[lead.image.count - 1].fd);
        return lead_add(search, &lead);
}

int find_cmdline_initrd(struct search *search, const struct place *place)
{
        _cleanup_(names_done) struct names paths = NAMES_INIT;
        bool bare;
        int r = initrd_values(search, &paths, &bare);

        if (r <= 0 || !paths.list)
                return MIN(r, 0);
        r = 0;
        search_volumes(search);
        for (enum root root = 0; r == 0 && root < ROOT_COUNT; root++) {
                if (root >= ROOT_SYSTEM) {
                        if (!bare)
                                r = add_files(search, place, root, NULL, &paths);
                        continue;
                }
                for (size_t i = 0; r == 0 && i < search->volume_count; i++)
                        r = add_files(search, place, root, &search->volumes[i], &paths);
        }
        return r;
}
