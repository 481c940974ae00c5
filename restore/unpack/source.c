/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source.h"

#include <string.h>
#include <sys/sendfile.h>

#include "skipcpio/util.h"

void source_init(struct source *s, const struct image *image, struct decoder *decoder, uint64_t start)
{
        s->image = image;
        s->decoder = decoder;
        s->start = start;
        s->at = decoder ? 0 : start;
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

int source_read(struct source *s, void *buffer, size_t size)
{
        uint8_t *to = buffer;

        while (size > 0) {
                int r = fill(s);
                size_t n;

                if (r < 0)
                        return r;
                n = MIN(size, s->size);
                memcpy(to, s->bytes, n);
                advance(s, n);
                to += n;
                size -= n;
        }
        return 0;
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
        while (size > 0) {
                int r = fill(s);
                size_t n;

                if (r < 0)
                        return r;
                n = MIN(size, s->size);
                advance(s, n);
                size -= n;
        }
        return 0;
}

static int copy_in_kernel(int from, uint64_t *offset, int to, uint64_t *left)
{
        while (*left > 0) {
                off_t at = (off_t)*offset;
                ssize_t n = sendfile(to, from, &at, MIN(*left, UINT64_C(1) << 30));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -ENODATA;
                *offset += (uint64_t)n;
                *left -= (uint64_t)n;
        }
        return 0;
}

/* @return bytes written, or a negative errno */
static int64_t write_some(int fd, const uint8_t *bytes, size_t size)
{
        ssize_t n;

        do
                n = write(fd, bytes, size);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

/* For file systems that cannot splice. */
static int copy_through_memory(int from, uint64_t *offset, int to, uint64_t *left)
{
        uint8_t bytes[64 << 10];

        while (*left > 0) {
                ssize_t n = pread(from, bytes, MIN(*left, sizeof(bytes)), (off_t)*offset);
                int64_t written;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -ENODATA;
                written = write_some(to, bytes, (size_t)n);
                if (written < 0)
                        return (int)written;
                *offset += (uint64_t)written;
                *left -= (uint64_t)written;
        }
        return 0;
}

int copy_data(int from, uint64_t *offset, int to, uint64_t *left)
{
        int r = copy_in_kernel(from, offset, to, left);
        uint8_t byte;

        if (r == -EINVAL || r == -ENOSYS)
                r = copy_through_memory(from, offset, to, left);
        /* Which of the two files was it? */
        return r == -EIO && pread(from, &byte, 1, (off_t)*offset) < 0 ? -ENODATA : r;
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
                        int r = copy_data(region->fd, &offset, fd, left);

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
                n = write_some(fd, s->bytes, MIN(*left, s->size));
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
