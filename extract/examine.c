/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "examine.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "locate/locate.h"
#include "skipcpio/util.h"
#include "util/log.h"

struct examine {
        struct walk walk;
        const struct options *options;
        FILE *to;
        uint64_t rows;    /* printed of the table at hand */
        uint64_t entries; /* of the part */
        const char *file; /* of the unified kernel image at hand */
};

/* A text in a table: on one line, without control characters. In JSON, with quotes. */
static void print_text(struct examine *e, const char *text)
{
        char line[PATH_MAX];

        log_escape(line, sizeof(line), text);
        if (e->options->table != TABLE_JSON) {
                fputs(line, e->to);
                return;
        }
        fputc('"', e->to);
        for (const char *p = line; *p; p++) {
                if (*p == '"' || *p == '\\')
                        fputc('\\', e->to);
                fputc(*p, e->to);
        }
        fputc('"', e->to);
}

static int count_entry(void *argument, const struct newc *header, uint64_t at)
{
        struct examine *e = argument;

        (void)header;
        (void)at;
        e->entries++;
        return WALK_SKIP;
}

static void begin_part(void *argument, const struct part *part)
{
        struct examine *e = argument;

        (void)part;
        e->entries = 0;
}

/* A row of the first table. */
static int end_part(void *argument, const struct part *part, uint64_t end, int r)
{
        static const char *const rows[] = {
                [TABLE_TEXT] = "%4" PRIu64 "  %10" PRIu64 "  %10" PRIu64 "  %-6s  %-5s  %10" PRIu64 "  %7" PRIu64 "  ",
                [TABLE_RAW] = "%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t",
                [TABLE_JSON] = "{\"part\":%" PRIu64 ",\"start\":%" PRIu64 ",\"end\":%" PRIu64
                               ",\"format\":\"%s\",\"kind\":\"%s\",\"bytes\":%" PRIu64 ",\"entries\":%" PRIu64
                               ",\"file\":",
        };
        struct examine *e = argument;
        uint64_t bytes = part->format == FORMAT_NEWC ? end - part->start : e->walk.source.at;

        if (r < 0)
                return r;
        if (e->options->table == TABLE_JSON && e->rows > 0)
                fputc(',', e->to);
        e->rows++;
        fprintf(e->to, rows[e->options->table], e->walk.number, part->start, end, format_name(part->format),
                part->early ? "early" : "main", bytes, e->entries);
        print_text(e, image_region(e->walk.image, part->start)->name);
        fputs(e->options->table == TABLE_JSON ? "}" : "\n", e->to);
        return r;
}

/* A row of the second table. */
static void print_uki(void *argument, const struct uki_row *row)
{
        struct examine *e = argument;
        const struct {
                const char *key, *value;
        } texts[] = { { "id", row->id },
                      { "title", row->title },
                      { "version", row->version },
                      { "initrd", row->initrd },
                      { "file", e->file } };
        const char *kind = row->addon ? "addon" : "profile";
        bool first = e->rows++ == 0;

        if (e->options->table == TABLE_JSON)
                fprintf(e->to, "%s{\"kind\":\"%s\",\"number\":%d", first ? "" : ",", kind, MAX(row->profile, 0));
        else if (e->options->table == TABLE_RAW)
                fprintf(e->to, "%s\t%d", kind, MAX(row->profile, 0));
        else
                fprintf(e->to, "%s%-7s  %6d",
                        first ? "\nkind     number  id, title, kernel's version, section of the initrd, file\n" : "",
                        kind, MAX(row->profile, 0));
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                if (e->options->table == TABLE_JSON)
                        fprintf(e->to, ",\"%s\":", texts[i].key);
                else
                        fputs(e->options->table == TABLE_RAW ? "\t" : "  ", e->to);
                if (texts[i].value || e->options->table != TABLE_JSON)
                        print_text(e, texts[i].value ?: "-");
                else
                        fputs("null", e->to);
        }
        fputs(e->options->table == TABLE_JSON ? "}" : "\n", e->to);
}

static int examine_uki(struct examine *e, int fd, const char *path)
{
        int r;

        e->file = path;
        r = fd < 0 ? -errno : uki_rows(fd, print_uki, e);
        e->file = NULL;
        return r < 0 ? log_error(r, "%s", path) : 0;
}

static int is_addon(const struct dirent *entry)
{
        const char *dot = strstr(entry->d_name, ".addon.efi");

        return dot && strcmp(dot, ".addon.efi") == 0;
}

/* The file, and the addons in the directory beside it from which systemd's stub takes them. */
static int examine_ukis(struct examine *e, int fd, const char *path)
{
        _cleanup_free_ char *directory = NULL;
        struct dirent **addons = NULL;
        int count, r = examine_uki(e, fd, path);

        if (asprintf(&directory, "%s.extra.d", path) < 0) {
                directory = NULL;
                return log_oom();
        }
        count = scandir(directory, &addons, is_addon, alphasort);
        for (int i = 0; i < count; i++) {
                char addon[PATH_MAX];

                if (r == 0 && snprintf(addon, sizeof(addon), "%s/%s", directory, addons[i]->d_name) < PATH_MAX) {
                        _cleanup_close_ int addon_fd = open(addon, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

                        r = examine_uki(e, addon_fd, addon);
                }
                free(addons[i]);
        }
        free(addons);
        return r;
}

int examine_image(const struct image *image, const struct options *options, FILE *to)
{
        static const struct visitor visitor = { .entry = count_entry, .begin = begin_part, .end = end_part };
        struct examine e = {
                .walk = { .image = image, .options = &options->only, .visitor = &visitor, .argument = &e },
                .options = options,
                .to = to,
        };
        uint64_t end;
        int r;

        if (options->table == TABLE_TEXT)
                fprintf(to, "%4s  %10s  %10s  %-6s  %-5s  %10s  %7s  %s\n", "part", "start", "end", "format", "kind",
                        "bytes", "entries", "file");
        if (options->table == TABLE_JSON)
                fputs("{\"parts\":[", to);
        r = image->size > 0 ? walk_image(&e.walk, &end) : 0;
        walk_done(&e.walk);
        if (options->table == TABLE_JSON)
                fputs("],\"ukis\":[", to);
        e.rows = 0;
        for (size_t i = 0; r >= 0 && i < options->image_count; i++)
                r = examine_ukis(&e, image->regions[i].fd, options->images[i]); /* in memory where it is a pipe */
        if (options->table == TABLE_JSON)
                fputs("]}\n", to);
        if (fflush(to) != 0 && r >= 0)
                r = log_error(-errno, "standard output");
        return MIN(r, 0);
}
