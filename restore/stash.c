/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stash.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "util/exclude.h"
#include "util/library.h"
#include "util/log.h"
#include "util/resources.h"

/* Left out as in a restore: only the booting kernel reads these. */
static const char *const early[] = { "kernel", "early_cpio" };

#define FUNCTIONS(F)                               \
        F(archive_error_string)                    \
        F(archive_set_error)                       \
        F(archive_read_disk_new)                   \
        F(archive_read_disk_set_behavior)          \
        F(archive_read_disk_open)                  \
        F(archive_read_disk_descend)               \
        F(archive_read_next_header2)               \
        F(archive_read_free)                       \
        F(archive_write_new)                       \
        F(archive_write_set_format_cpio_newc)      \
        F(archive_write_add_filter_zstd)           \
        F(archive_write_set_filter_option)         \
        F(archive_write_set_bytes_per_block)       \
        F(archive_write_open)                      \
        F(archive_write_header)                    \
        F(archive_write_data)                      \
        F(archive_write_close)                     \
        F(archive_write_free)                      \
        F(archive_entry_new)                       \
        F(archive_entry_free)                      \
        F(archive_entry_pathname)                  \
        F(archive_entry_filetype)                  \
        F(archive_entry_size)                      \
        F(archive_entry_linkresolver_new)          \
        F(archive_entry_linkresolver_set_strategy) \
        F(archive_entry_linkresolver_free)         \
        F(archive_entry_linkify)

LIBRARY(FUNCTIONS);

static int load_libarchive(void)
{
        static const char *const sonames[] = { "libarchive.so.13", NULL };

        return library_load(sonames, lib_symbols);
}

struct stash {
        int out;
        struct archive *disk, *image;
        struct archive_entry_linkresolver *links;
        char **globs; /* of what is left out */
        struct exclude exclude;
        uint64_t entries, bytes; /* of the tree */
        uint64_t written, room;  /* bytes of the image */
};

static void stash_done(struct stash *stash)
{
        if (stash->links)
                lib.archive_entry_linkresolver_free(stash->links);
        if (stash->disk)
                lib.archive_read_free(stash->disk);
        if (stash->image)
                lib.archive_write_free(stash->image);
        free(stash->globs);
}

/* Log libarchive's reason. */
static int failed(struct archive *archive, const char *what)
{
        const char *reason = lib.archive_error_string(archive);

        return log_error(0, "%s: %s", what, reason ?: "libarchive does not say why"), -EIO;
}

static la_ssize_t write_image(struct archive *archive, void *data, const void *bytes, size_t size)
{
        struct stash *stash = data;
        ssize_t n;

        if (size > stash->room - stash->written) {
                lib.archive_set_error(archive, ENOSPC, "it would take more than half of the free space there");
                return -1;
        }
        do
                n = write(stash->out, bytes, size);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                lib.archive_set_error(archive, errno, "%s", strerror(errno));
        else
                stash->written += (uint64_t)n;
        return n;
}

static int choose_excluded(struct stash *stash)
{
        size_t count = 0;

        stash->globs = calloc(EXCLUDE_DISPENSABLE + ELEMENTSOF(early), sizeof(*stash->globs));
        if (!stash->globs)
                return log_oom();
        for (; count < EXCLUDE_DISPENSABLE; count++)
                stash->globs[count] = (char *)exclude_dispensable[count];
        for (size_t i = 0; i < ELEMENTSOF(early); i++)
                stash->globs[count++] = (char *)early[i];
        stash->exclude = (struct exclude){ stash->globs, count };
        return 0;
}

static int begin(struct stash *stash)
{
        struct statvfs st;

        if (fstatvfs(stash->out, &st) < 0)
                return log_error(-errno, "Standard output cannot be examined");
        stash->room = (uint64_t)st.f_bavail * st.f_frsize / 2;
        stash->disk = lib.archive_read_disk_new();
        stash->image = lib.archive_write_new();
        stash->links = lib.archive_entry_linkresolver_new();
        if (!stash->disk || !stash->image || !stash->links)
                return log_oom();
        lib.archive_entry_linkresolver_set_strategy(stash->links, ARCHIVE_FORMAT_CPIO_SVR4_NOCRC);
        /* With a warning it would run the program zstd. The fastest level: the boot waits for it. */
        if (lib.archive_write_set_format_cpio_newc(stash->image) != ARCHIVE_OK ||
            lib.archive_write_add_filter_zstd(stash->image) != ARCHIVE_OK ||
            lib.archive_write_set_filter_option(stash->image, "zstd", "compression-level", "1") != ARCHIVE_OK ||
            lib.archive_write_set_bytes_per_block(stash->image, 0) != ARCHIVE_OK ||
            lib.archive_write_open(stash->image, stash, NULL, write_image, NULL) != ARCHIVE_OK)
                return failed(stash->image, "Cannot write an image");
        if (lib.archive_read_disk_set_behavior(stash->disk, ARCHIVE_READDISK_NO_TRAVERSE_MOUNTS |
                                                                            ARCHIVE_READDISK_NO_XATTR |
                                                                            ARCHIVE_READDISK_NO_ACL |
                                                                            ARCHIVE_READDISK_NO_FFLAGS) != ARCHIVE_OK ||
            lib.archive_read_disk_open(stash->disk, ".") != ARCHIVE_OK)
                return failed(stash->disk, "Cannot read the tree");
        return 0;
}

static int write_content(struct stash *stash, const char *path, uint64_t left)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        char buffer[1 << 16];

        if (fd < 0)
                return log_error(-errno, "%s: cannot be opened", path);
        while (left > 0) {
                ssize_t n = read(fd, buffer, MIN(left, (uint64_t)sizeof(buffer)));

                if (n <= 0)
                        return log_error(n < 0 ? -errno : -ENODATA, "%s: cannot be read", path);
                if (lib.archive_write_data(stash->image, buffer, (size_t)n) != n)
                        return failed(stash->image, path);
                left -= (uint64_t)n;
        }
        return 0;
}

/* Of a file with several names the last one has the content, as in any newc archive. */
static int write_entry(struct stash *stash, struct archive_entry *entry)
{
        const char *path = lib.archive_entry_pathname(entry);
        uint64_t size = (uint64_t)lib.archive_entry_size(entry);

        if (lib.archive_write_header(stash->image, entry) != ARCHIVE_OK)
                return failed(stash->image, path);
        stash->entries++;
        if (lib.archive_entry_filetype(entry) != AE_IFREG || size == 0)
                return 0;
        stash->bytes += size;
        return write_content(stash, path, size);
}

/*
 * Write an entry, or keep it until all names of its file were read, and then write the one before it.
 *
 * @entry: owned no more; NULL asks for one that still waits
 * @return 1 if one was written, 0, or a negative errno
 */
static int write_linked(struct stash *stash, struct archive_entry *entry)
{
        struct archive_entry *last = NULL;
        int r = 0;

        lib.archive_entry_linkify(stash->links, &entry, &last);
        if (entry)
                r = write_entry(stash, entry);
        if (r == 0 && last)
                r = write_entry(stash, last);
        r = r < 0 ? r : !!entry;
        lib.archive_entry_free(entry);
        lib.archive_entry_free(last);
        return r;
}

/* @return 1, 0 at the end, or a negative errno */
static int copy_next(struct stash *stash)
{
        struct archive_entry *entry = lib.archive_entry_new();
        int r = entry ? lib.archive_read_next_header2(stash->disk, entry) : ARCHIVE_OK;

        if (!entry)
                return log_oom();
        if (r == ARCHIVE_OK && !exclude_matches(&stash->exclude, lib.archive_entry_pathname(entry))) {
                lib.archive_read_disk_descend(stash->disk); /* refused for what is no directory */
                return MIN(write_linked(stash, entry), 0) ?: 1;
        }
        lib.archive_entry_free(entry);
        if (r != ARCHIVE_OK && r != ARCHIVE_EOF)
                return failed(stash->disk, "Cannot read the tree");
        return r == ARCHIVE_OK;
}

static int write_tree(struct stash *stash)
{
        int r;

        do
                r = copy_next(stash);
        while (r > 0);
        if (r == 0)
                while ((r = write_linked(stash, NULL)) > 0)
                        ;
        if (r == 0 && lib.archive_write_close(stash->image) != ARCHIVE_OK)
                return failed(stash->image, "Cannot write the image");
        return r;
}

int stash(int directory, int out)
{
        _cleanup_(stash_done) struct stash stash = { .out = out };
        double start = seconds_now();
        int r;

        if (fchdir(directory) < 0)
                return log_error(-errno, "Standard input is not the root directory of an initramfs");
        r = load_libarchive();
        if (r < 0)
                return log_error(0, "There is no libarchive (libarchive.so.13), which writes the image"), r;
        r = choose_excluded(&stash);
        if (r == 0)
                r = begin(&stash);
        if (r == 0)
                r = write_tree(&stash);
        if (r == 0)
                log_info("stashed the initramfs: %" PRIu64 " entries, %" PRIu64 " KiB, as an image of %" PRIu64
                         " KiB in %.3f s",
                         stash.entries, stash.bytes / 1024, (stash.written + 1023) / 1024, seconds_now() - start);
        return r;
}
