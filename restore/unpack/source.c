/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source.h"

#include <string.h>

#include "skipcpio/util.h"
#include "util/fs.h"

void source_init(struct source *s, const struct image *image, struct decoder *decoder, uint64_t start)
{
        s->image = image;
        s->decoder = decoder;
        s->start = start;
        s->at = decoder ? 0 : start;
        s->bytes = s->header;
        s->size = 0;
        s->ended = false;
        s->reason = NULL;
        s->failed_at = start;
        if (decoder)
                decoder_begin(decoder, start);
}

/* Have at least one byte in hand. @return 0, -ENODATA at the end, or failure */
static int fill(struct source *s)
{
        int64_t n;

        if (s->size > 0)
                return 0;
        if (s->ended)
                return -ENODATA;
        if (!s->decoder) {
                n = image_read(s->image, s->header, sizeof(s->header), s->at);
                s->bytes = s->header;
                s->failed_at = s->at;
                if (n < 0) {
                        s->reason = "the image cannot be read";
                        n = n == -ENODATA ? -EIO : n; /* that is the end */
                }
        } else {
                n = decoder_take(s->decoder, &s->bytes);
                s->ended = n == 0;
                if (n < 0)
                        s->reason = decoder_failure(s->decoder, &s->failed_at);
        }
        if (n <= 0)
                return n < 0 ? (int)n : -ENODATA;
        s->size = (size_t)n;
        return 0;
}

static void advance(struct source *s, size_t n)
{
        s->bytes += n;
        s->size -= n;
        s->at += n;
        if (s->size == 0 && s->decoder)
                decoder_release(s->decoder);
}

int source_peek(struct source *s)
{
        int r = fill(s);

        return r < 0 ? r : s->bytes[0];
}

int source_skip_nuls(struct source *s)
{
        int c;

        while ((c = source_peek(s)) == 0)
                advance(s, 1);
        return c;
}

/* Take @size bytes, and copy them to @to unless that is NULL. */
static int take(struct source *s, uint8_t *to, uint64_t size)
{
        while (size > 0) {
                int r = fill(s);
                size_t n;

                if (r < 0)
                        return r;
                n = MIN(size, s->size);
                if (to)
                        to = mempcpy(to, s->bytes, n);
                advance(s, n);
                size -= n;
        }
        return 0;
}

int source_read(struct source *s, void *buffer, size_t size)
{
        return take(s, buffer, size);
}

int source_skip(struct source *s, uint64_t size)
{
        if (!s->decoder) {
                size_t in_hand = MIN(size, s->size);

                advance(s, in_hand);
                size -= in_hand;
                if (size > s->image->size - s->at)
                        return -ENODATA;
                s->at += size;
                return 0;
        }
        return take(s, NULL, size);
}

int source_copy(struct source *s, int fd, uint64_t *left, uint32_t *sum)
{
        /* A plain part's data is not read into our memory where the kernel can send it: straight from one page
         * cache to the other it costs 76 ms for what read and write do in 86. */
        if (!s->decoder && !sum && *left > s->size) {
                const struct region *region = image_region(s->image, s->at);
                uint64_t inside = s->at - region->at;

                /* Behind the end of the image, the region can have a boot configuration. */
                if (inside < region->size && *left <= MIN(region->size - inside, s->image->size - s->at)) {
                        uint64_t offset = region->from + inside, before = *left;
                        int r = fs_copy(region->fd, &offset, fd, left);

                        s->at += before - *left;
                        s->size = 0;
                        if (r != -ENODATA)
                                return r;
                        s->reason = "the image cannot be read to its end";
                        s->failed_at = s->at;
                        return -EIO;
                }
        }

        while (*left > 0) {
                int64_t n;
                int r = fill(s);

                if (r < 0)
                        return r;
                n = fs_write(fd, s->bytes, MIN(*left, s->size));
                if (n < 0)
                        return (int)n;
                if (sum)
                        for (int64_t i = 0; i < n; i++)
                                *sum += s->bytes[i];
                advance(s, (size_t)n);
                *left -= (uint64_t)n;
        }
        return 0;
}
