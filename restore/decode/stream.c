/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "decode.h"

#define INPUT_SIZE (256U << 10)

/* How far ahead of the decoder the disk is kept reading, and how much is asked for at a time. The kernel's own
 * window (128 KiB unless udev says otherwise) leaves a slow disk idle while a block is decoded; and asking anew for
 * what is there already costs 70 us for 8 MiB. */
#define AHEAD (UINT64_C(8) << 20)
#define AHEAD_STEP (UINT64_C(1) << 20)

void decode_read_ahead(struct decode *d, uint64_t at)
{
        uint64_t from = MAX(d->ahead, at), to = at + AHEAD;
        const struct region *region;

        if (d->ahead > at && to - d->ahead < AHEAD_STEP)
                return;
        d->ahead = to;
        region = image_region(d->image, from);
        posix_fadvise(region->fd, (off_t)(region->from + from - region->at), (off_t)(to - from), POSIX_FADV_WILLNEED);
}

int decode_read(const struct decode *d, void *buffer, size_t size, uint64_t at, const char **reason)
{
        ssize_t n = at < d->end ? image_read(d->image, buffer, MIN(size, d->end - at), at) : 0;

        if (n < 0) {
                *reason = "the image cannot be read";
                return (int)n;
        }
        if ((size_t)n < size) {
                *reason = "the image ends inside a compressed part";
                return -EBADMSG;
        }
        return 0;
}

int decode_stream(struct decode *d, decode_step *step, void *state)
{
        _cleanup_free_ uint8_t *input = malloc(INPUT_SIZE);
        struct span in = { input, 0 };
        struct space out = { 0 };
        unsigned idle = 0;
        int r;

        if (!input) {
                d->reason = "not enough memory";
                return -ENOMEM;
        }
        do {
                if (in.size == 0 && d->at < d->end) {
                        size_t want = MIN((uint64_t)INPUT_SIZE - d->at % INPUT_SIZE, d->end - d->at);

                        decode_read_ahead(d, d->at);
                        r = decode_read(d, input, want, d->at, &d->reason);
                        if (r < 0)
                                return r;
                        in = (struct span){ input, want };
                        d->at += want;
                }
                if (out.size == 0)
                        out = (struct space){ ring_claim(d->ring, d->block), d->ring->slot_size };

                const struct span before = in;
                size_t room = out.size;

                r = step(d, state, &in, &out);
                if (r < 0) {
                        d->at -= in.size;
                        return r;
                }
                /* liblzma's threads are allowed one call without progress; a second one is the end of it. */
                idle = in.size == before.size && out.size == room ? idle + 1 : 0;
                if (r == 0 && idle > 2) {
                        d->at -= in.size;
                        return decode_fail(d, d->at < d->end ? "the decoder makes no progress"
                                                             : "the image ends inside a compressed part");
                }
                if (out.size == 0)
                        ring_publish(d->ring, d->block++, d->ring->slot_size);
        } while (r == 0);

        d->at -= in.size;
        if (out.size > 0 && out.size < d->ring->slot_size)
                ring_publish(d->ring, d->block++, d->ring->slot_size - (uint32_t)out.size);
        return 0;
}
