/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "show.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "util/log.h"

struct show {
        struct walk walk;
        const struct options *options;
        FILE *to;
        uint64_t count;   /* of parts */
        uint64_t entries; /* of the part */
        char target[PATH_MAX + 1];
};

static int cannot_write(void)
{
        return log_error(-errno, "standard output");
}

static int list_entry(void *argument, const struct newc *header, uint64_t at)
{
        struct show *show = argument;
        const char *target = NULL;
        int r;

        if (show->options->verbose && S_ISLNK(header->mode)) {
                r = source_read(&show->walk.source, show->target, header->filesize);
                if (r < 0)
                        return walk_source_wrong(&show->walk, r, at, "a symbolic link");
                show->target[header->filesize] = '\0';
                target = show->target;
        }
        if (show->options->verbose)
                show_long(show->to, header, show->walk.name, target);
        else
                fprintf(show->to, "%s\n", show->walk.name);
        if (ferror(show->to))
                return cannot_write();
        return target ? 0 : WALK_SKIP;
}

static int write_entry(void *argument, const struct newc *header, uint64_t at)
{
        struct show *show = argument;
        uint64_t left = header->filesize;
        uint32_t sum = 0;
        int r;

        if (!S_ISREG(header->mode))
                return WALK_SKIP;
        r = source_copy(&show->walk.source, fileno(show->to), &left, header->checksummed ? &sum : NULL);
        if (r == -ENODATA || (r < 0 && show->walk.source.reason))
                return walk_source_wrong(&show->walk, r, at, "a file");
        if (r < 0)
                return log_error(r, "standard output");
        if (header->checksummed && sum != header->check)
                return walk_wrong(&show->walk, at, "the checksum of a file does not match");
        return 0;
}

/* Read what is checked of an entry: the data of files that have a checksum. */
static int test_entry(void *argument, const struct newc *header, uint64_t at)
{
        struct show *show = argument;
        uint64_t left = header->filesize;
        uint32_t sum = 0;

        if (!S_ISREG(header->mode) || !header->checksummed)
                return WALK_SKIP;
        while (left > 0) {
                uint8_t bytes[4096];
                size_t size = MIN(left, sizeof(bytes));
                int r = source_read(&show->walk.source, bytes, size);

                if (r < 0)
                        return walk_source_wrong(&show->walk, r, at, "a file");
                for (size_t i = 0; i < size; i++)
                        sum += bytes[i];
                left -= size;
        }
        return sum == header->check ? 0 : walk_wrong(&show->walk, at, "the checksum of a file does not match");
}

static int count_entry(void *argument, const struct newc *header, uint64_t at)
{
        struct show *show = argument;

        (void)header;
        (void)at;
        show->entries++;
        return WALK_SKIP;
}

static void begin_part(void *argument, const struct part *part)
{
        struct show *show = argument;

        (void)part;
        show->count++;
        show->entries = 0;
}

/* A row of the table. */
static int end_part(void *argument, const struct part *part, uint64_t end, int r)
{
        static const char *const rows[] = {
                [TABLE_TEXT] = "%4" PRIu64 "  %10" PRIu64 "  %10" PRIu64 "  %-6s  %-5s  %10" PRIu64 "  %7" PRIu64 "\n",
                [TABLE_RAW] = "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\n",
                [TABLE_JSON] = "{\"part\":%" PRIu64 ",\"start\":%" PRIu64 ",\"end\":%" PRIu64
                               ",\"format\":\"%s\",\"kind\":\"%s\",\"bytes\":%" PRIu64 ",\"entries\":%" PRIu64 "}",
        };
        struct show *show = argument;
        uint64_t bytes = part->format == FORMAT_NEWC ? end - part->start : show->walk.source.at;

        if (r < 0)
                return r;
        if (show->options->table == TABLE_JSON && show->count > 1)
                fputc(',', show->to);
        fprintf(show->to, rows[show->options->table], show->walk.number, part->start, end, format_name(part->format),
                part->early ? "early" : "main", bytes, show->entries);
        return r;
}

static const struct visitor visitors[] = {
        [ACTION_LIST] = { .entry = list_entry },
        [ACTION_STDOUT] = { .entry = write_entry },
        [ACTION_EXAMINE] = { .entry = count_entry, .begin = begin_part, .end = end_part },
        [ACTION_TEST] = { .entry = test_entry },
};

int show_image(const struct image *image, const struct options *options, FILE *to)
{
        struct show show = {
                .walk = { .image = image,
                          .options = &options->only,
                          .visitor = &visitors[options->action],
                          .argument = &show },
                .options = options,
                .to = to,
        };
        bool table = options->action == ACTION_EXAMINE;
        uint64_t end;
        int r;

        if (table && options->table == TABLE_TEXT)
                fprintf(to, "%4s  %10s  %10s  %-6s  %-5s  %10s  %7s\n", "part", "start", "end", "format", "kind",
                        "bytes", "entries");
        if (table && options->table == TABLE_JSON)
                fputs("{\"parts\":[", to);
        r = image->size > 0 ? walk_image(&show.walk, &end) : 0;
        walk_done(&show.walk);
        if (r == 0 && options->action == ACTION_TEST && options->only.select.first <= 1 &&
            options->only.select.last == 0)
                r = (log_error(0, "%s: nothing to restore in it", image->regions[0].name), -EBADMSG);
        if (table && options->table == TABLE_JSON)
                fputs("]}\n", to);
        if (fflush(to) != 0 && r >= 0)
                r = cannot_write();
        return MIN(r, 0);
}
