/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parts.h"

#include <limits.h>
#include <string.h>

#include "newc.h"
#include "util.h"

/* Offset of the first byte at or after @at that is not NUL; the image's size where there is none. */
static int skip_padding(const struct image *image, uint64_t at, uint64_t *ret)
{
        uint8_t block[4096];

        while (at < image->size) {
                ssize_t n = image_read(image, block, sizeof(block), at);

                if (n < 0)
                        return (int)n;
                for (ssize_t i = 0; i < n; i++)
                        if (block[i] != 0) {
                                *ret = at + (uint64_t)i;
                                return 0;
                        }
                at += (uint64_t)n;
        }
        *ret = image->size;
        return 0;
}

static const char *strip_dots(const char *name)
{
        for (;;)
                if (name[0] == '/')
                        name++;
                else if (name[0] == '.' && name[1] == '/')
                        name += 2;
                else
                        return name;
}

enum early { EARLY_MAYBE, EARLY_YES, EARLY_NO };

/* What a name says about the part that it is in; a mere directory says nothing yet. */
static enum early name_early(const char *name)
{
        name = strip_dots(name);
        if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "kernel") == 0)
                return EARLY_MAYBE;
        if (strncmp(name, "kernel/", strlen("kernel/")) == 0 || strcmp(name, "early_cpio") == 0)
                return EARLY_YES;
        return EARLY_NO;
}

static int broken(struct image_error *e, uint64_t at, const char *reason)
{
        *e = (struct image_error){ .at = at, .reason = reason };
        return -EBADMSG;
}

/* The header and the name of an entry. */
struct entry {
        struct newc header;
        const char *name; /* NULL if the kernel passes the entry over: no name, or one that no system call takes */
        uint8_t bytes[NEWC_HEADER_SIZE + PATH_MAX + 1];
};

static int read_entry(const struct image *image, uint64_t at, struct entry *ret, struct image_error *e)
{
        const char *bad;
        size_t need;
        /* 512 bytes hold the header and nearly every name; the rest is read when it is needed. */
        ssize_t n = image_read(image, ret->bytes, 512, at);

        if (n < 0)
                return (int)n;
        if (n < (ssize_t)NEWC_HEADER_SIZE)
                return broken(e, at, "the image ends inside a cpio header");
        bad = newc_parse(ret->bytes, &ret->header);
        if (bad)
                return broken(e, at, bad);
        ret->name = NULL;
        if (ret->header.namesize == 0 || ret->header.namesize > PATH_MAX)
                return 0;
        need = NEWC_HEADER_SIZE + ret->header.namesize;
        if ((size_t)n < need) {
                n = image_read(image, ret->bytes, need, at);
                if (n < 0)
                        return (int)n;
                if ((size_t)n < need)
                        return broken(e, at, "the image ends inside a file name");
        }
        if (ret->bytes[need - 1] != '\0')
                return broken(e, at, "a file name without its terminating NUL");
        ret->name = (const char *)ret->bytes + NEWC_HEADER_SIZE;
        return 0;
}

/* Find the entry behind @at. @return 1, 0 if the part ends, or a negative errno */
static int next_entry(const struct image *image, uint64_t *at)
{
        uint8_t byte;
        ssize_t n;
        int r = skip_padding(image, *at, at);

        if (r < 0 || *at == image->size || *at % NEWC_ALIGNMENT != 0)
                return r;
        n = image_read(image, &byte, 1, *at);
        return n < 0 ? (int)n : byte == '0';
}

static int walk_plain(const struct image *image, bool all, struct part *part, struct image_error *e)
{
        uint64_t at = part->start;
        bool early = false, main = false;
        struct entry entry;
        int r;

        do {
                uint64_t end;

                r = read_entry(image, at, &entry, e);
                if (r < 0)
                        return r;
                end = at + NEWC_HEADER_SIZE + newc_name_room(&entry.header) + newc_data_room(&entry.header);
                if (entry.name && strcmp(entry.name, NEWC_TRAILER) == 0) {
                        if (entry.header.filesize > 0 && !main) /* it would hide what follows the part */
                                return broken(e, at, "a trailer with data");
                        part->trailer = entry.header.filesize == 0;
                        part->end = MIN(end, image->size);
                        break;
                }
                early |= entry.name && name_early(entry.name) == EARLY_YES;
                main |= entry.name && name_early(entry.name) == EARLY_NO;
                if (main && !all) {
                        part->end = 0;
                        return 1;
                }
                if (end > image->size)
                        return broken(e, image->size, "the image ends inside a file");
                part->end = at = end;
                r = next_entry(image, &at);
                if (r < 0)
                        return r;
        } while (r > 0);
        part->early = early && !main;
        return 1;
}

int part_next(const struct image *image, uint64_t at, bool all, struct part *ret, struct image_error *e)
{
        uint8_t magic[MAGIC_MAX];
        ssize_t n;
        int r;

        r = skip_padding(image, at, &at);
        if (r < 0)
                return r;
        if (at == image->size)
                return 0;
        n = image_read(image, magic, sizeof(magic), at);
        if (n < 0)
                return (int)n;
        r = magic_find(magic, (size_t)n);
        if (r < 0)
                return broken(e, at, NULL);

        *ret = (struct part){ .start = at, .format = (enum format)r };
        if (ret->format != FORMAT_NEWC)
                return 1;
        if (at % NEWC_ALIGNMENT != 0)
                return broken(e, at, "a cpio archive that does not start at a multiple of four");
        return walk_plain(image, all, ret, e);
}
