/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "walk.h"

#include <fnmatch.h>
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

static bool wanted(const struct walk *w)
{
        for (size_t i = 0; i < w->options->pattern_count; i++)
                if (fnmatch(w->options->patterns[i], w->name, 0) == 0)
                        return true;
        return w->options->pattern_count == 0;
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

/* Read one entry and act on it. @return which trailer it is, GO_ON elsewhere, or a negative errno, already logged */
static int walk_next(struct walk *w)
{
        struct source *s = &w->source;
        uint8_t bytes[NEWC_HEADER_SIZE];
        struct newc header;
        uint64_t at = s->at, data, next;
        const char *reason;
        int r;

        r = source_read(s, bytes, sizeof(bytes));
        if (r < 0)
                return walk_source_wrong(w, r, at, "a cpio header");
        reason = newc_parse(bytes, &header);
        if (reason)
                return walk_wrong(w, at, reason);
        w->found |= !w->early;
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
        if (!w->hidden && wanted(w))
                r = w->visitor->entry(w->argument, &header, at);
        if (r < 0)
                return r;
        /* The padding behind the last file of an archive without a trailer may be missing. */
        r = source_skip(s, s->at < next ? next - s->at : 0);
        if (r == -ENODATA && s->at >= data + header.filesize)
                r = 0;
        return r < 0 ? walk_source_wrong(w, r, at, "a file") : GO_ON;
}

/* Walk through the part that the source is at, up to its end; or, if plain, up to what is no cpio header.
 * @return which trailer a plain part ended with, 0 where with none, or a failure that is already logged */
static int walk_part(struct walk *w)
{
        struct source *s = &w->source;
        uint64_t shown = 0;

        for (;;) {
                int c = source_skip_nuls(s), r;

                if (c == -ENODATA)
                        return 0;
                if (c < 0)
                        return walk_source_wrong(w, c, s->at, "");
                if (!s->decoder && (c != '0' || s->at % NEWC_ALIGNMENT != 0))
                        return 0;
                if (c != '0')
                        return walk_wrong(w, s->at, "bytes that are no cpio archive");
                if (s->at % NEWC_ALIGNMENT != 0)
                        return walk_wrong(w, s->at, "a cpio header that does not start at a multiple of four");
                r = walk_next(w);
                if (r < 0)
                        return r;
                if (r != GO_ON && !s->decoder)
                        return r;
                if (s->at - shown >= 1 << 20) {
                        notify_progress("Unpacking", s->at, s->decoder ? 0 : w->image->size);
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

static bool in_range(const struct walk_options *options, uint64_t number)
{
        return number >= options->first && (options->last == 0 || number <= options->last);
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

int walk_image(struct walk *w, uint64_t *ret_end)
{
        bool closed = false;
        uint64_t at = 0;

        for (uint64_t number = 1; w->options->last == 0 || number <= w->options->last; number++) {
                struct image_error e = { 0 };
                struct part part;
                int r = part_next(w->image, at, false, &part, &e);

                if (r == -EBADMSG) {
                        r = foreign_bytes(w, e.at, e.reason, w->found, closed);
                        if (r < 0)
                                return r;
                        break;
                }
                if (r < 0)
                        return log_error(r, "%s: cannot be read", image_region(w->image, at)->name);
                if (r == 0 && number == 1 && w->options->early)
                        return walk_image_wrong(w, 0, -EBADMSG, "no archive, only NUL bytes");
                if (r == 0)
                        break;
                w->hidden = !in_range(w->options, number);
                if (part.early && (w->hidden || !w->options->early)) {
                        closed = pass_early(w, &part);
                        at = part.end;
                        continue;
                }
                r = visit_part(w, &part, &at);
                if (r < 0)
                        return r;
                closed = r == TRAILER || part.format != FORMAT_NEWC;
        }
        *ret_end = at;
        return w->found;
}
