/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "entry.h"
#include "bzimage.h"
#include "lookup.h"
#include "version.h"

/* List a volume's entries: loader is a symlink to loader.0 or loader.1 where ostree writes them, or has been just now.
 */
int entries_list(struct search *search, struct volume *volume)
{
        static const char *const places[] = { "loader/entries", "loader.0/entries", "loader.1/entries" };
        struct stat seen[ELEMENTSOF(places)];
        size_t count = 0;

        if (volume->entries_listed)
                return 0;
        volume->entries_listed = true;
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

static void entry_free(struct entry *entry)
{
        if (!entry)
                return;
        free(entry->file);
        free(entry->name);
        free(entry->text);
        free(entry);
}

void entries_done(struct search *search)
{
        for (size_t i = 0; i < search->entry_count; i++)
                entry_free(search->entries[i]);
        free(search->entries);
        search->entries = NULL;
        search->entry_count = 0;
}

/* What an entry calls its unified kernel image; empty if it has none. */
struct span entry_uki(struct span entry)
{
        struct span uki = bls_get(entry, "uki");

        return uki.size > 0 ? uki : bls_get(entry, "efi");
}

/* Whether an entry's `version` is that of another kernel, and not of the system: there are modules for it. */
static bool is_installed(struct search *search, struct span version)
{
        _cleanup_free_ char *path = NULL, *name = NULL;
        _cleanup_close_ int fd = -1;

        if (version.size == 0 || memchr(version.at, '/', version.size) || version.at[0] == '.')
                return false;
        if (asprintf(&path, "/lib/modules/%.*s", (int)version.size, version.at) < 0) {
                path = NULL;
                return false;
        }
        fd = search_open(search, path, lookup_directory, &name);
        return fd >= 0;
}

/* Which kernel's an entry is: names tell, or else the kernel's file, or else whose modules there are. */
static int find_version(struct search *search, const struct entry *entry)
{
        _cleanup_free_ char *id = bls_id(strrchr(entry->file, '/') + 1), *name = NULL;
        struct span kernel = bls_get(entry->span, "linux");
        struct span named = kernel.size > 0 ? kernel : entry_uki(entry->span);
        int fd, r;

        if (span_is(bls_get(entry->span, "version"), search->kver) || path_has_version(named, search->kver) ||
            (id && name_has_version(span_of(id), search->kver)))
                return 1;
        if (path_is_anothers(named, search->kver))
                return -1;
        fd = kernel.size > 0 ? open_named(search, entry->volume, kernel, lookup_open, &name) : -1;
        r = fd < 0 ? 0 : version_of_kernel(search, fd);
        return r == 0 && is_installed(search, bls_get(entry->span, "version")) ? -1 : r;
}

static int add_entry(struct search *search, struct entry *entry)
{
        struct entry **entries = reallocarray(search->entries, search->entry_count + 1, sizeof(struct entry *));

        if (!entries)
                return -ENOMEM;
        search->entries = entries;
        entries[search->entry_count++] = entry;
        return 0;
}

int entry_load(struct search *search, struct volume *volume, const char *file, struct entry **ret)
{
        struct entry *entry;
        int r;

        for (size_t i = 0; i < search->entry_count; i++) {
                entry = search->entries[i];
                if (entry->volume == volume && strcmp(entry->file, file) == 0) {
                        *ret = entry;
                        return 1;
                }
        }
        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;
        entry->volume = volume;
        entry->file = strdup(file);
        if (asprintf(&entry->name, "%s/%s", volume->label, file) < 0)
                entry->name = NULL;
        r = entry->file && entry->name ? volume_read(search, volume, file, &entry->text, &entry->span) : -ENOMEM;
        if (r < 0) {
                r = search_skip(entry->name, r, NULL);
                entry_free(entry);
                return r;
        }
        entry->version = find_version(search, entry);
        entry->special = name_is_special(span_of(file)) || name_is_special(bls_get(entry->span, "linux")) ||
                         name_is_special(bls_get(entry->span, "initrd"));
        if (add_entry(search, entry) < 0) {
                entry_free(entry);
                return -ENOMEM;
        }
        *ret = entry;
        return 1;
}

int entries_load(struct search *search)
{
        int r = 0;

        if (search->entries_known)
                return 0;
        search->entries_known = true;
        search_volumes(search);
        for (size_t i = 0; r >= 0 && i < search->volume_count; i++) {
                struct volume *volume = &search->volumes[i];
                struct entry *entry;

                r = entries_list(search, volume);
                for (size_t j = 0; r >= 0 && j < volume->entries.count; j++)
                        r = entry_load(search, volume, volume->entries.list[j], &entry);
        }
        return r < 0 ? r : 0;
}
