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

static int walk_plain(const struct image *image, bool all, struct part *part, struct image_error *e)
{
        uint64_t at = part->start;
        enum early early = EARLY_MAYBE;

        for (;;) {
                uint8_t buffer[NEWC_HEADER_SIZE + PATH_MAX + 1];
                struct newc header;
                const char *name = (const char *)buffer + NEWC_HEADER_SIZE, *bad;
                ssize_t n;
                int r;

                /* 512 bytes hold the header and nearly every name; the rest is read when it is needed. */
                n = image_read(image, buffer, 512, at);
                if (n < 0)
                        return (int)n;
                if (n < (ssize_t)NEWC_HEADER_SIZE)
                        return broken(e, at, "the image ends inside a cpio header");
                bad = newc_parse(buffer, &header);
                if (bad)
                        return broken(e, at, bad);

                if (header.namesize > 0 && header.namesize <= PATH_MAX) {
                        size_t need = NEWC_HEADER_SIZE + header.namesize;

                        if ((size_t)n < need) {
                                n = image_read(image, buffer, need, at);
                                if (n < 0)
                                        return (int)n;
                                if ((size_t)n < need)
                                        return broken(e, at, "the image ends inside a file name");
                        }
                        if (name[header.namesize - 1] != '\0')
                                return broken(e, at, "a file name without its terminating NUL");
                        if (strcmp(name, NEWC_TRAILER) == 0) {
                                part->trailer = true;
                                part->end = MIN(at + NEWC_HEADER_SIZE + newc_name_room(&header) +
                                                                newc_data_room(&header),
                                                image->size);
                                break;
                        }
                        switch (name_early(name)) {
                        case EARLY_YES:
                                if (early == EARLY_MAYBE)
                                        early = EARLY_YES;
                                break;
                        case EARLY_NO:
                                early = EARLY_NO;
                                if (!all) {
                                        part->end = 0;
                                        return 1;
                                }
                                break;
                        case EARLY_MAYBE:
                                break;
                        }
                }

                at += NEWC_HEADER_SIZE + newc_name_room(&header) + newc_data_room(&header);
                if (at > image->size)
                        return broken(e, image->size, "the image ends inside a file");
                part->end = at;
                r = skip_padding(image, at, &at);
                if (r < 0)
                        return r;
                if (at == image->size || at % NEWC_ALIGNMENT != 0)
                        break;
                n = image_read(image, buffer, 1, at);
                if (n < 0)
                        return (int)n;
                if (buffer[0] != '0')
                        break;
        }
        part->early = early == EARLY_YES;
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
