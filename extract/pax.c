/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pax.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include "skipcpio/util.h"
#include "util/fs.h"
#include "util/library.h"
#include "util/log.h"

#define FUNCTIONS(F)                               \
        F(archive_write_new)                       \
        F(archive_write_set_format_pax_restricted) \
        F(archive_write_set_options)               \
        F(archive_write_open)                      \
        F(archive_write_header)                    \
        F(archive_write_data)                      \
        F(archive_write_close)                     \
        F(archive_write_free)                      \
        F(archive_error_string)                    \
        F(archive_entry_new)                       \
        F(archive_entry_clear)                     \
        F(archive_entry_free)                      \
        F(archive_entry_set_pathname)              \
        F(archive_entry_set_symlink)               \
        F(archive_entry_set_hardlink)              \
        F(archive_entry_set_mode)                  \
        F(archive_entry_set_uid)                   \
        F(archive_entry_set_gid)                   \
        F(archive_entry_set_size)                  \
        F(archive_entry_set_mtime)                 \
        F(archive_entry_set_rdevmajor)             \
        F(archive_entry_set_rdevminor)

LIBRARY(FUNCTIONS);

static int load(void)
{
        static const char *const sonames[] = { "libarchive.so.13", NULL };

        return library_load(sonames, lib_symbols);
}

struct pax {
        struct archive *archive;
        struct archive_entry *entry;
        int fd;
        int error;     /* of the last write */
        bool ended;    /* no more is written */
        locale_t utf8; /* the character set of names, but for those that are not valid in it; or 0 */
};

static int failed(const struct pax *to)
{
        if (to->error < 0)
                return log_error(to->error, "standard output");
        return log_error(0, "standard output: %s", lib.archive_error_string(to->archive) ?: "cannot be written"), -EIO;
}

/* libarchive's callback. After an error it pretends to write: libarchive frees everything only if it can finish. */
static ssize_t write_block(struct archive *archive, void *argument, const void *bytes, size_t size)
{
        struct pax *to = argument;
        int64_t n = to->ended ? (int64_t)size : fs_write(to->fd, bytes, size);

        (void)archive;
        if (n >= 0)
                return (ssize_t)n;
        to->error = (int)n;
        to->ended = true;
        return -1;
}

int pax_begin(int fd, struct pax **ret)
{
        struct pax *to;

        *ret = NULL;
        if (load() < 0)
                return log_error(0, "Cannot write a tar archive: libarchive is not installed"), -ENOPKG;
        to = *ret = calloc(1, sizeof(*to));
        if (!to)
                return log_oom();
        to->fd = fd;
        to->archive = lib.archive_write_new();
        to->entry = lib.archive_entry_new();
        if (!to->archive || !to->entry)
                return log_oom();
        to->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", 0);
        if (lib.archive_write_set_format_pax_restricted(to->archive) != ARCHIVE_OK ||
            (!to->utf8 && lib.archive_write_set_options(to->archive, "hdrcharset=BINARY") != ARCHIVE_OK) ||
            lib.archive_write_open(to->archive, to, NULL, write_block, NULL) != ARCHIVE_OK)
                return failed(to);
        return 0;
}

int pax_add(struct pax *to, const struct newc *header, const char *name, const char *symlink, const char *hardlink)
{
        struct archive_entry *entry = lib.archive_entry_clear(to->entry);
        locale_t before = to->utf8 ? uselocale(to->utf8) : 0;
        int r;

        lib.archive_entry_set_pathname(entry, name);
        lib.archive_entry_set_mode(entry, (mode_t)header->mode);
        lib.archive_entry_set_uid(entry, header->uid);
        lib.archive_entry_set_gid(entry, header->gid);
        lib.archive_entry_set_mtime(entry, header->mtime, 0);
        lib.archive_entry_set_rdevmajor(entry, header->rdev_major);
        lib.archive_entry_set_rdevminor(entry, header->rdev_minor);
        lib.archive_entry_set_size(entry, symlink || hardlink ? 0 : header->filesize);
        if (symlink)
                lib.archive_entry_set_symlink(entry, symlink);
        if (hardlink)
                lib.archive_entry_set_hardlink(entry, hardlink);
        r = lib.archive_write_header(to->archive, entry);
        if (before)
                uselocale(before);
        return r < ARCHIVE_WARN ? failed(to) : 0;
}

int pax_data(struct pax *to, const void *bytes, size_t size)
{
        return lib.archive_write_data(to->archive, bytes, size) < 0 ? failed(to) : 0;
}

int pax_end(struct pax *to, int r)
{
        if (!to)
                return r;
        to->ended |= r < 0; /* no end, or it would look whole */
        if (to->archive && lib.archive_write_close(to->archive) != ARCHIVE_OK && r >= 0)
                r = failed(to);
        if (to->archive)
                lib.archive_write_free(to->archive);
        if (to->entry)
                lib.archive_entry_free(to->entry);
        if (to->utf8)
                freelocale(to->utf8);
        free(to);
        return r;
}
