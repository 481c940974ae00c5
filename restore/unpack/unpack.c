/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unpack.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "skipcpio/newc.h"
#include "skipcpio/parts.h"
#include "skipcpio/util.h"
#include "util/resources.h"
#include "links.h"
#include "util/log.h"
#include "util/notify.h"
#include "source.h"
#include "tree.h"
#include "writers.h"

struct unpacker {
        const struct image *image;
        const struct unpack_options *options;
        struct tree tree;
        struct links *links;
        struct writers *writers; /* for plain parts only */
        struct decoder *decoder;
        struct source source;
        struct unpacked *result;
        uint64_t missing_entries; /* that there was no room for */
        bool found;               /* a cpio header, be it a trailer's */
        char name[PATH_MAX];
        char target[PATH_MAX + 1];
};

static void unpacker_done(struct unpacker *u)
{
        writers_stop(u->writers);
        decoder_stop(u->decoder);
        links_forget(&u->links);
        tree_done(&u->tree);
}

/* Tell that something is wrong at offset @at of the image: in which of its files, where in it, and what. */
static int image_wrong(const struct unpacker *u, uint64_t at, int error, const char *reason)
{
        const struct region *region = image_region(u->image, at);

        if (error == -EBADMSG || error == -ENODATA || error == -ETIMEDOUT || error == -EPIPE)
                return log_line(LOG_ERR, 0, "%s: offset %" PRIu64 ": %s", region->name, at - region->at + region->from,
                                reason),
                       error;
        return log_error(error, "%s: offset %" PRIu64 ": %s", region->name, at - region->at + region->from, reason);
}

/* The same for the byte @at of the part that is unpacked, as source.h counts them. */
static int part_wrong(const struct unpacker *u, uint64_t at, const char *reason)
{
        const struct source *s = &u->source;
        char where[256];

        if (!s->decoder)
                return image_wrong(u, at, -EBADMSG, reason);
        snprintf(where, sizeof(where), "%s (byte %" PRIu64 " of the decoded %s part)", reason, at,
                 format_name(decoder_format(s->decoder)));
        return image_wrong(u, s->start, -EBADMSG, where);
}

/* Tell why a source_…() call failed; @at is where the entry began. */
static int source_wrong(const struct unpacker *u, int error, uint64_t at, const char *inside)
{
        char reason[64];

        if (error != -ENODATA)
                return image_wrong(u, u->source.failed_at, error, u->source.reason);
        snprintf(reason, sizeof(reason), "the archive ends inside %s", inside);
        return part_wrong(u, at, reason);
}

/* Tell that the tree could not be made. */
static int tree_wrong(struct unpacker *u, int error)
{
        if (error == -ENOSPC) {
                u->tree.full = true;
                return error; /* the caller logs it in the end, with how much was missing */
        }
        if (error == -E2BIG)
                return log_error(0, "%s: %s: more hard links or directories than there is memory for",
                                 u->image->regions[0].name, u->name),
                       error;
        return log_error(error, "%s: cannot make %s", u->image->regions[0].name, u->name);
}

static bool excluded(const struct unpacker *u, const struct newc *header)
{
        return (header->nlink <= 1 || S_ISDIR(header->mode)) && exclude_matches(&u->options->exclude, u->name);
}

/* Hand a plain part's data to a writer thread, @fd included. @return whether one took it */
static bool hand_over(struct unpacker *u, int fd, const struct newc *header)
{
        struct source *s = &u->source;
        const struct region *region = image_region(u->image, s->at);
        uint64_t inside = s->at - region->at;

        return u->writers && !header->checksummed && header->filesize >= WRITERS_SIZE_MIN &&
               header->filesize <= region->size && inside <= region->size - header->filesize &&
               writers_copy(u->writers, region->fd, region->from + inside, fd, header->filesize, header->mtime) > 0;
}

/* Write the data of a file, which the source is at. */
static int write_data(struct unpacker *u, int fd, const struct newc *header, uint64_t at)
{
        uint64_t left = header->filesize;
        uint32_t sum = 0;
        int r;

        r = source_copy(&u->source, fd, &left, header->checksummed ? &sum : NULL);
        if (r == -ENOSPC) {
                u->tree.full = true;
                u->tree.missing += left;
                r = source_skip(&u->source, left);
        }
        if (r == -ENODATA || (r < 0 && u->source.reason))
                return source_wrong(u, r, at, "a file");
        if (r < 0)
                return log_error(r, "%s: cannot write %s", u->image->regions[0].name, u->name);
        if (header->checksummed && !u->tree.full && sum != header->check)
                return part_wrong(u, at, "the checksum of a file does not match");
        r = tree_file_times(fd, header->mtime);
        return r < 0 ? tree_wrong(u, r) : 0;
}

/* @return 0 where the data was used up, TREE_SKIPPED where it has to be skipped, or a negative errno, already logged */
static int unpack_file(struct unpacker *u, const struct newc *header, uint64_t at)
{
        _cleanup_close_ int fd = -1;
        const char *old = NULL;
        bool is_new;
        int r = 0;

        if (header->nlink >= 2) {
                r = tree_clean(&u->tree, u->name, header->mode);
                if (r >= 0)
                        r = links_find(&u->links, header, u->name, &old);
                if (r == 0 && old)
                        r = tree_link(&u->tree, u->name, old);
        }
        if (r == 0)
                r = tree_file(&u->tree, u->name, header, old != NULL, &is_new, &fd);
        if (r != 0)
                return r < 0 ? tree_wrong(u, r) : r;

        u->result->bytes += header->filesize;
        if (is_new && hand_over(u, fd, header)) {
                TAKE_FD(fd);
                r = source_skip(&u->source, header->filesize);
                return r < 0 ? source_wrong(u, r, at, "a file") : 0;
        }
        return write_data(u, fd, header, at);
}

static int unpack_symlink(struct unpacker *u, const struct newc *header, uint64_t at)
{
        int r = source_read(&u->source, u->target, header->filesize);

        if (r < 0)
                return source_wrong(u, r, at, "a symbolic link");
        u->target[header->filesize] = '\0';
        r = tree_symlink(&u->tree, u->name, u->target, header);
        return r < 0 ? tree_wrong(u, r) : 0;
}

static int unpack_node(struct unpacker *u, const struct newc *header)
{
        const char *old = NULL;
        int r = 0;

        if (header->nlink >= 2) {
                r = tree_clean(&u->tree, u->name, header->mode);
                if (r >= 0)
                        r = links_find(&u->links, header, u->name, &old);
        }
        if (r == 0)
                r = old ? tree_link(&u->tree, u->name, old) : tree_node(&u->tree, u->name, header);
        return r < 0 ? tree_wrong(u, r) : r;
}

/* Act on an entry whose name is read. @return as unpack_file() */
static int unpack_entry(struct unpacker *u, const struct newc *header, uint64_t at)
{
        int r = 0;

        u->result->entries++;
        if (u->tree.full) {
                u->missing_entries++;
                u->tree.missing += header->filesize;
                return TREE_SKIPPED;
        }
        switch (header->mode & S_IFMT) {
        case S_IFREG:
                return unpack_file(u, header, at);
        case S_IFLNK:
                return unpack_symlink(u, header, at);
        case S_IFDIR:
                r = tree_directory(&u->tree, u->name, header);
                return r < 0 ? tree_wrong(u, r) : r;
        case S_IFBLK:
        case S_IFCHR:
        case S_IFIFO:
        case S_IFSOCK:
                return unpack_node(u, header);
        default: /* of no type: the kernel only removes what is in its way */
                r = tree_clear(&u->tree, u->name, header->mode);
                return r < 0 ? tree_wrong(u, r) : r;
        }
}

/* Pass over what follows a trailer's name; @data_end is where its data ends, 0 without. Behind a plain archive's last
 * trailer the padding may be missing. */
static int end_archive(struct unpacker *u, uint64_t at, uint64_t data_end, uint64_t next)
{
        struct source *s = &u->source;
        uint64_t size = s->decoder ? UINT64_MAX : u->image->size;
        int r;

        links_forget(&u->links);
        if (next > size && next - size < NEWC_ALIGNMENT && data_end <= size)
                next = size;
        r = source_skip(s, next - s->at);
        return r < 0 ? source_wrong(u, r, at, "the trailer") : 1;
}

/* Read one entry and act on it. @return 1 at a trailer, 0 elsewhere, or a negative errno, already logged */
static int unpack_next(struct unpacker *u)
{
        struct source *s = &u->source;
        uint8_t bytes[NEWC_HEADER_SIZE];
        struct newc header;
        uint64_t at = s->at, data, next;
        const char *reason;
        int r;

        r = source_read(s, bytes, sizeof(bytes));
        if (r < 0)
                return source_wrong(u, r, at, "a cpio header");
        reason = newc_parse(bytes, &header);
        if (reason)
                return part_wrong(u, at, reason);
        u->found = true;
        data = s->at + newc_name_room(&header);
        next = data + newc_data_room(&header);

        /* What the kernel passes over with all its data: names that no system call takes, links with
         * targets that none takes, and data where none can be. */
        if (header.namesize == 0 || header.namesize > PATH_MAX ||
            (S_ISLNK(header.mode) && header.filesize > PATH_MAX) ||
            (!S_ISREG(header.mode) && !S_ISLNK(header.mode) && header.filesize > 0)) {
                r = source_skip(s, next - s->at);
                return r < 0 ? source_wrong(u, r, at, "an entry") : 0;
        }

        r = source_read(s, u->name, header.namesize);
        if (r < 0)
                return source_wrong(u, r, at, "a file name");
        if (u->name[header.namesize - 1] != '\0')
                return part_wrong(u, at, "a file name without its terminating NUL");
        if (!S_ISLNK(header.mode) && strcmp(u->name, NEWC_TRAILER) == 0)
                return end_archive(u, at, header.filesize == 0 ? 0 : data + header.filesize, next);
        r = source_skip(s, data - s->at);
        if (r < 0)
                return source_wrong(u, r, at, "a file name");
        if (!excluded(u, &header))
                r = unpack_entry(u, &header, at);
        if (r == -ENOSPC && u->tree.full) {
                u->missing_entries++;
                u->tree.missing += header.filesize;
                r = 0;
        }
        if (r < 0)
                return r;
        /* The padding behind the last file of an archive without a trailer may be missing. */
        r = source_skip(s, s->at < next ? next - s->at : 0);
        if (r == -ENODATA && s->at >= data + header.filesize)
                r = 0;
        return r < 0 ? source_wrong(u, r, at, "a file") : 0;
}

/* Unpack the part that the source is at, up to its end; or, if plain, up to what is no cpio header.
 * @return 1 where a plain part ended with a trailer, 0 where it did not, or a failure that is already logged */
static int unpack_part(struct unpacker *u)
{
        struct source *s = &u->source;
        uint64_t shown = 0;

        for (;;) {
                int c = source_skip_nuls(s), r;

                if (c == -ENODATA)
                        return 0;
                if (c < 0)
                        return source_wrong(u, c, s->at, "");
                if (!s->decoder && (c != '0' || s->at % NEWC_ALIGNMENT != 0))
                        return 0;
                if (c != '0')
                        return part_wrong(u, s->at, "bytes that are no cpio archive");
                if (s->at % NEWC_ALIGNMENT != 0)
                        return part_wrong(u, s->at, "a cpio header that does not start at a multiple of four");
                r = unpack_next(u);
                if (r < 0)
                        return r;
                if (r > 0 && !s->decoder)
                        return 1;
                if (s->at - shown >= 1 << 20) {
                        notify_progress("Unpacking", s->at, s->decoder ? 0 : u->image->size);
                        shown = s->at;
                }
        }
}

static void settle_writers(void *writers)
{
        writers_drain(writers);
}

static int unpack_plain(struct unpacker *u, const struct part *part, uint64_t *ret_end)
{
        unsigned cpus = cpus_usable();
        int r, w;

        u->writers = writers_start(&u->tree, cpus - 1);
        if (u->writers) {
                u->tree.settle = settle_writers;
                u->tree.settle_argument = u->writers;
        }
        source_init(&u->source, u->image, NULL, part->start);
        r = unpack_part(u);
        w = writers_stop(TAKE_PTR(u->writers));
        u->tree.settle = NULL;
        *ret_end = u->source.at;
        if (r >= 0 && w < 0 && !(w == -ENOSPC && u->tree.full))
                r = w == -ENODATA ? image_wrong(u, part->start, w, "the image cannot be read to its end")
                                  : log_error(w, "%s: cannot write a file", u->image->regions[0].name);
        return r;
}

static int unpack_compressed(struct unpacker *u, const struct part *part, uint64_t *ret_end)
{
        int r;

        if (!u->decoder || decoder_format(u->decoder) != part->format) {
                decoder_stop(TAKE_PTR(u->decoder));
                r = decoder_start(u->image, part->format, u->options->window, &u->decoder);
                if (r == -ENOPKG) {
                        char reason[64];

                        snprintf(reason, sizeof(reason), "the library that reads %s is not installed",
                                 format_name(part->format));
                        return image_wrong(u, part->start, -EBADMSG, reason), r;
                }
                if (r < 0)
                        return log_error(r, "Cannot start a decoder");
        }
        source_init(&u->source, u->image, u->decoder, part->start);
        r = unpack_part(u);
        if (r == 0)
                *ret_end = decoder_end(u->decoder);
        return r;
}

static void note_format(struct unpacked *result, enum format format)
{
        const char *name = format_name(format);
        size_t used = strlen(result->formats);

        if (!strstr(result->formats, name))
                snprintf(result->formats + used, sizeof(result->formats) - used, "%s%s", used > 0 ? ", " : "", name);
}

/* Bytes that belong to no part. Behind a tree that is there and @closed, by a trailer or as a compressed part's end,
 * they are worth a warning, as to the kernel. Elsewhere an entry's header should be there: it is damaged. So is a part
 * with a @reason. */
static int foreign_bytes(struct unpacker *u, uint64_t at, const char *reason, bool unpacked, bool closed)
{
        const struct region *region = image_region(u->image, at);
        uint8_t bytes[6];
        char text[96];
        size_t used;
        ssize_t n;

        if (reason)
                return image_wrong(u, at, -EBADMSG, reason);
        n = image_read(u->image, bytes, sizeof(bytes), at);
        used = (size_t)snprintf(text, sizeof(text), "bytes of no known format%s:",
                                unpacked && !closed ? " where a cpio header should be" : "");
        for (ssize_t i = 0; i < n; i++)
                used += (size_t)snprintf(text + used, sizeof(text) - used, " %02x", bytes[i]);
        if (n == sizeof(bytes) && memcmp(bytes, "070707", sizeof(bytes)) == 0)
                strcpy(text, "a cpio archive of the old portable format (070707), not newc");
        if (!unpacked || !closed)
                return image_wrong(u, at, -EBADMSG, text);
        log_warning(0, "%s: offset %" PRIu64 ": %s; ignored, with all that follows", region->name,
                    at - region->at + region->from, text);
        return 0;
}

int unpack_image(const struct image *image, int tree_fd, const struct unpack_options *options, struct unpacked *ret)
{
        _cleanup_(unpacker_done) struct unpacker u = {
                .image = image,
                .options = options,
                .result = ret,
        };
        bool unpacked = false, closed = false;
        uint64_t at = 0;
        int r;

        *ret = (struct unpacked){ 0 };
        tree_init(&u.tree, tree_fd);
        for (;;) {
                struct image_error e = { 0 };
                struct part part;

                r = part_next(image, at, false, &part, &e);
                if (r == -EBADMSG) {
                        r = foreign_bytes(&u, e.at, e.reason, u.found, closed);
                        if (r < 0)
                                return r;
                        break;
                }
                if (r < 0)
                        return log_error(r, "%s: cannot be read", image_region(image, at)->name);
                if (r == 0)
                        break;
                if (part.early) {
                        const struct region *region = image_region(image, part.start);

                        log_debug("%s: offset %" PRIu64 ": early part, skipped", region->name,
                                  part.start - region->at + region->from);
                        at = part.end;
                        closed = part.trailer;
                        continue;
                }
                r = part.format == FORMAT_NEWC ? unpack_plain(&u, &part, &at) : unpack_compressed(&u, &part, &at);
                if (r < 0)
                        return r;
                closed = r > 0 || part.format != FORMAT_NEWC;
                note_format(ret, part.format);
                unpacked = true;
        }
        if (!u.found)
                return log_error(0, "%s: offset %" PRIu64 ": nothing to restore: %s",
                                 image->count > 0 ? image->regions[0].name : "", at,
                                 unpacked ? "the image is empty when decoded" : "the image has no main part"),
                       -EBADMSG;
        if (!u.tree.full) {
                r = tree_finish(&u.tree);
                if (r == -ENOSPC)
                        u.tree.full = true;
                else if (r < 0)
                        return log_error(r, "%s: cannot set the times of directories", image->regions[0].name);
        }
        ret->missing_bytes = u.tree.missing;
        ret->missing_entries = u.missing_entries;
        return u.tree.full ? -ENOSPC : 0;
}
