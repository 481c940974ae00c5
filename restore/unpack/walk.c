/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "walk.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "util/log.h"
#include "util/notify.h"

void walk_done(struct walk *w)
{
        decoder_stop(TAKE_PTR(w->decoder));
}

int walk_image_wrong(const struct walk *w, uint64_t at, int error, const char *reason)
{
        const struct region *region = image_region(w->image, at);

        if (error == -EBADMSG || error == -ENODATA || error == -ETIMEDOUT || error == -EPIPE)
                return log_line(LOG_ERR, 0, "%s: offset %" PRIu64 ": %s", region->name, at - region->at + region->from,
                                reason),
                       error;
        return log_error(error, "%s: offset %" PRIu64 ": %s", region->name, at - region->at + region->from, reason);
}

int walk_wrong(const struct walk *w, uint64_t at, const char *reason)
{
        const struct source *s = &w->source;
        char where[256];

        if (!s->decoder)
                return walk_image_wrong(w, at, -EBADMSG, reason);
        snprintf(where, sizeof(where), "%s (byte %" PRIu64 " of the decoded %s part)", reason, at,
                 format_name(decoder_format(s->decoder)));
        return walk_image_wrong(w, s->start, -EBADMSG, where);
}

int walk_source_wrong(const struct walk *w, int error, uint64_t at, const char *inside)
{
        char reason[64];

        if (error != -ENODATA)
                return walk_image_wrong(w, w->source.failed_at, error, w->source.reason);
        snprintf(reason, sizeof(reason), "the archive ends inside %s", inside);
        return walk_wrong(w, at, reason);
}

/* A trailer with data ends an archive too, but nobody makes one: its header may be damaged. */
enum { GO_ON = 0, TRAILER = 1, TRAILER_WITH_DATA = 2 };

/* Pass over what follows a trailer's name; @data_end is where its data ends, 0 without. Behind a plain archive's last
 * trailer the padding may be missing. */
static int end_archive(struct walk *w, uint64_t at, uint64_t data_end, uint64_t next)
{
        struct source *s = &w->source;
        uint64_t size = s->decoder ? UINT64_MAX : w->image->size;
        int r;

        if (w->visitor->trailer && !w->hidden)
                w->visitor->trailer(w->argument);
        if (next > size && next - size < NEWC_ALIGNMENT && data_end <= size)
                next = size;
        r = source_skip(s, next - s->at);
        if (r < 0)
                return walk_source_wrong(w, r, at, "the trailer");
        return data_end > 0 ? TRAILER_WITH_DATA : TRAILER;
}

static int read_header(struct walk *w, struct newc *ret)
{
        uint64_t at = w->source.at;
        const char *reason;
        int r;

        if (!w->header_found) {
                r = source_read(&w->source, w->header, sizeof(w->header));
                if (r < 0)
                        return walk_source_wrong(w, r, at, "a cpio header");
        }
        w->header_found = false;
        reason = newc_parse(w->header, ret);
        if (reason)
                return walk_wrong(w, at, reason);
        w->found |= !w->early;
        return 0;
}

/* Show the visitor an entry whose data the source is at. */
static int show(struct walk *w, const struct newc *header, uint64_t at)
{
        uint64_t end = w->source.at + header->filesize;
        int r = select_name(&w->options->select, w->number, w->name);

        if (r < 0)
                return walk_wrong(w, at, "a name that is too long with its new prefix");
        if (r > 0)
                r = w->visitor->entry(w->argument, header, at);
        else if (w->visitor->other && S_ISREG(header->mode) && header->nlink >= 2 && header->filesize > 0)
                r = w->visitor->other(w->argument, header, at);
        if (r == -EBADMSG && w->options->go_on && !w->source.reason && w->source.at == end) {
                w->defects++; /* in its data alone, which was read */
                r = 0;
        }
        return r;
}

/* Read one entry and act on it. @return which trailer it is, GO_ON elsewhere, or a negative errno, already logged */
static int walk_next(struct walk *w)
{
        struct source *s = &w->source;
        struct newc header;
        uint64_t at = s->at - (w->header_found ? NEWC_HEADER_SIZE : 0), data, next;
        int r = read_header(w, &header);

        if (r < 0)
                return r;
        data = s->at + newc_name_room(&header);
        next = data + newc_data_room(&header);

        /* What the kernel passes over with all its data: names that no system call takes, links with
         * targets that none takes, and data where none can be. */
        if (header.namesize == 0 || header.namesize > PATH_MAX ||
            (S_ISLNK(header.mode) && header.filesize > PATH_MAX) ||
            (!S_ISREG(header.mode) && !S_ISLNK(header.mode) && header.filesize > 0)) {
                r = source_skip(s, next - s->at);
                return r < 0 ? walk_source_wrong(w, r, at, "an entry") : GO_ON;
        }

        r = source_read(s, w->name, header.namesize);
        if (r < 0)
                return walk_source_wrong(w, r, at, "a file name");
        if (w->name[header.namesize - 1] != '\0')
                return walk_wrong(w, at, "a file name without its terminating NUL");
        if (!S_ISLNK(header.mode) && strcmp(w->name, NEWC_TRAILER) == 0)
                return end_archive(w, at, header.filesize == 0 ? 0 : data + header.filesize, next);
        r = source_skip(s, data - s->at);
        if (r < 0)
                return walk_source_wrong(w, r, at, "a file name");
        if (!w->hidden)
                r = show(w, &header, at);
        if (r < 0)
                return r;
        /* The padding behind the last file of an archive without a trailer may be missing. */
        r = source_skip(s, s->at < next ? next - s->at : 0);
        if (r == -ENODATA && s->at >= data + header.filesize)
                r = 0;
        return r < 0 ? walk_source_wrong(w, r, at, "a file") : GO_ON;
}

/* Look for the next header behind a defect. @return 1 if it is in @w->header; 0 if the part ends, or where a
 * compressed one seems to begin, behind a plain one's padding or in a file of its own; or a negative errno, already
 * logged */
static int find_header(struct walk *w)
{
        struct source *s = &w->source;
        uint8_t *word = w->header, magic[MAGIC_MAX];
        bool padding = false;
        int r = source_skip(s, align_up(s->at, NEWC_ALIGNMENT) - s->at);

        while (r == 0) {
                struct newc header;

                r = source_read(s, word, NEWC_ALIGNMENT);
                if (r == 0 && memcmp(word, "0707", NEWC_ALIGNMENT) == 0) {
                        r = source_read(s, word + NEWC_ALIGNMENT, NEWC_HEADER_SIZE - NEWC_ALIGNMENT);
                        if (r == 0 && !newc_parse(w->header, &header)) {
                                w->header_found = true;
                                return 1;
                        }
                        if (r == 0)
                                r = source_skip(s, align_up(s->at, NEWC_ALIGNMENT) - s->at);
                } else if (r == 0 && !s->decoder && get_le32(word) != 0) {
                        uint64_t at = s->at - NEWC_ALIGNMENT;
                        bool may_begin = padding || image_region(w->image, at)->at == at;
                        ssize_t n = may_begin ? image_read(w->image, magic, sizeof(magic), at) : 0;

                        if (n > 0 && magic_find(magic, (size_t)n) > FORMAT_NEWC) {
                                source_init(s, w->image, NULL, at);
                                return 0;
                        }
                }
                padding = get_le32(word) == 0;
        }
        return r == -ENODATA ? 0 : walk_source_wrong(w, r, s->at, "");
}

/* Find the next entry of a part. @return 1; 0 if the part ends; or a negative errno, already logged */
static int find_entry(struct walk *w)
{
        struct source *s = &w->source;
        int c;

        if (w->lost) {
                w->lost = false;
                return find_header(w);
        }
        c = source_skip_nuls(s);
        if (c == -ENODATA)
                return 0;
        if (c < 0)
                return walk_source_wrong(w, c, s->at, "");
        if (!s->decoder && (c != '0' || s->at % NEWC_ALIGNMENT != 0))
                return 0;
        if (c != '0')
                return walk_wrong(w, s->at, "bytes that are not a cpio archive");
        if (s->at % NEWC_ALIGNMENT != 0)
                return walk_wrong(w, s->at, "a cpio header that does not start at a multiple of four");
        return 1;
}

/* Whether what failed is in the image alone, and the walk is to go on. */
static bool goes_on(struct walk *w, int error)
{
        if (!w->options->go_on || (error != -EBADMSG && error != -ENODATA && error != -ETIMEDOUT && error != -ENOPKG))
                return false;
        w->defects++;
        return true;
}

/* Walk through the part that the source is at, up to its end; or, if plain, up to what is no cpio header.
 * @return which trailer a plain part ended with, 0 where with none, or a failure that is already logged */
static int walk_part(struct walk *w)
{
        struct source *s = &w->source;
        uint64_t shown = 0;

        for (;;) {
                int r = find_entry(w);

                if (r == 0)
                        return 0;
                if (r > 0)
                        r = walk_next(w);
                if (r < 0) {
                        if (s->reason || !goes_on(w, r))
                                return r;
                        w->lost = true;
                        continue;
                }
                if (r != GO_ON && !s->decoder)
                        return r;
                if (s->at - shown >= 1 << 20) {
                        notify_progress(w->options->doing ?: "Unpacking", s->at, s->decoder ? 0 : w->image->size);
                        shown = s->at;
                }
        }
}

static int walk_plain(struct walk *w, const struct part *part, uint64_t *ret_end)
{
        int r;

        source_init(&w->source, w->image, NULL, part->start);
        r = walk_part(w);
        *ret_end = w->source.at;
        return r;
}

static int walk_compressed(struct walk *w, const struct part *part, uint64_t *ret_end)
{
        int r;

        if (!w->decoder || decoder_format(w->decoder) != part->format) {
                decoder_stop(TAKE_PTR(w->decoder));
                r = decoder_start(w->image, part->format, w->options->window, &w->decoder);
                if (r == -ENOPKG) {
                        char reason[64];

                        snprintf(reason, sizeof(reason), "the library that reads %s is not installed",
                                 format_name(part->format));
                        return walk_image_wrong(w, part->start, -EBADMSG, reason), r;
                }
                if (r < 0)
                        return log_error(r, "Cannot start a decoder");
        }
        source_init(&w->source, w->image, w->decoder, part->start);
        r = walk_part(w);
        if (r == 0)
                *ret_end = decoder_end(w->decoder);
        return r;
}

/* Bytes that belong to no part. Behind a tree that is there and @closed, by a trailer or as a compressed part's end,
 * they are worth a warning, as to the kernel. Elsewhere an entry's header should be there: it is damaged. So is a part
 * with a @reason. */
static int foreign_bytes(struct walk *w, uint64_t at, const char *reason, bool unpacked, bool closed)
{
        const struct region *region = image_region(w->image, at);
        uint8_t bytes[6];
        char text[96];
        size_t used;
        ssize_t n;

        if (reason)
                return walk_image_wrong(w, at, -EBADMSG, reason);
        n = image_read(w->image, bytes, sizeof(bytes), at);
        used = (size_t)snprintf(text, sizeof(text), "bytes of no known format%s:",
                                unpacked && !closed ? " where a cpio header should be" : "");
        for (ssize_t i = 0; i < n; i++)
                used += (size_t)snprintf(text + used, sizeof(text) - used, " %02x", bytes[i]);
        if (n == sizeof(bytes) && memcmp(bytes, "070707", sizeof(bytes)) == 0)
                strcpy(text, "a cpio archive of the old portable format (070707), not newc");
        if (!unpacked || !closed)
                return walk_image_wrong(w, at, -EBADMSG, text);
        log_warning(0, "%s: offset %" PRIu64 ": %s; ignored, with all that follows", region->name,
                    at - region->at + region->from, text);
        return 0;
}

/* Walk through a part. @return as walk_part() */
static int visit_part(struct walk *w, const struct part *part, uint64_t *ret_end)
{
        int r;

        w->early = part->early;
        if (!w->hidden && w->visitor->begin)
                w->visitor->begin(w->argument, part);
        r = part->format == FORMAT_NEWC ? walk_plain(w, part, ret_end) : walk_compressed(w, part, ret_end);
        return !w->hidden && w->visitor->end ? w->visitor->end(w->argument, part, *ret_end, r) : r;
}

static int pass_early(const struct walk *w, const struct part *part)
{
        const struct region *region = image_region(w->image, part->start);

        log_debug("%s: offset %" PRIu64 ": early part, skipped", region->name, part->start - region->at + region->from);
        return part->trailer;
}

/* Behind a part that failed: the next file. @return 1; 0 if there is none; or @error where the walk ends there */
static int next_region(struct walk *w, int error, uint64_t start, uint64_t *ret)
{
        if (!goes_on(w, error))
                return error;
        decoder_stop(TAKE_PTR(w->decoder));
        for (size_t i = 0; i < w->image->count; i++)
                if (w->image->regions[i].at > start) {
                        *ret = w->image->regions[i].at;
                        return 1;
                }
        return 0;
}

/* Find the next part, or what is left of one behind a defect. @return 1, 0 at the end, or a negative errno,
 * already logged */
static int next_part(struct walk *w, uint64_t at, bool closed, struct part *ret)
{
        struct image_error e = { 0 };
        int r = part_next(w->image, at, false, ret, &e);

        if (r == -EBADMSG) {
                r = foreign_bytes(w, e.at, e.reason, w->found, closed);
                if (r < 0 && goes_on(w, r)) {
                        *ret = (struct part){ .start = align_up(e.at + 1, NEWC_ALIGNMENT) };
                        w->lost = true;
                        return 1;
                }
                return r;
        }
        if (r < 0)
                return log_error(r, "%s: cannot be read", image_region(w->image, at)->name);
        if (r == 0 && w->number == 1 && w->options->early)
                return walk_image_wrong(w, 0, -EBADMSG, "no archive, only NUL bytes");
        return r;
}

int walk_image(struct walk *w, uint64_t *ret_end)
{
        const struct selection *select = &w->options->select;
        bool closed = false;
        uint64_t at = 0;

        for (w->number = 1; select->last == 0 || w->number <= select->last; w->number++) {
                struct part part = { .start = at };
                int r = next_part(w, at, closed, &part);

                if (r == 0)
                        break;
                w->hidden = !select_part(select, w->number);
                if (r > 0 && part.early && (w->hidden || !w->options->early)) {
                        closed = pass_early(w, &part);
                        at = part.end;
                        continue;
                }
                if (r > 0)
                        r = visit_part(w, &part, &at);
                closed = r == TRAILER || (r >= 0 && part.format != FORMAT_NEWC);
                if (r < 0) {
                        r = next_region(w, r, MAX(at, part.start), &at);
                        if (r < 0)
                                return r;
                        if (r == 0)
                                break;
                }
        }
        *ret_end = at;
        return w->defects > 0 ? -EBADMSG : w->found;
}
