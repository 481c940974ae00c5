/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/resources.h"
#include "decode.h"

/*
 * The table of compressed formats; a new one is a new row.
 *
 * Blocks of 128 to 256 KiB, eight of them, were the fastest with every stream format (32 in flight
 * no longer fit the cache). A legacy lz4 block is up to 8 MiB and is decoded where it lies.
 */
#define STREAM(f, library)                                                                              \
        {                                                                                               \
                .slot_size = 256U << 10, .slot_count = 8, .load = load_##library, .decode = decode_##f, \
        }

static const struct codec codecs[FORMAT_COUNT] = {
        [FORMAT_GZIP] = STREAM(gzip, gzip),
        [FORMAT_ZSTD] = STREAM(zstd, zstd),
        [FORMAT_XZ] = STREAM(xz, xz),
        [FORMAT_LZMA] = STREAM(lzma, xz),
        [FORMAT_LZ4] = STREAM(lz4, lz4),
        [FORMAT_BZIP2] = STREAM(bzip2, bzip2),
        /* A block is decoded in the time that it takes to unpack it: on two CPUs two threads only got in the
         * unpacker's way, 160 ms against 144 with one; a third slot won nothing. */
        [FORMAT_LZ4_LEGACY] = { .slot_size = 8U << 20,
                                .slot_count = 2,
                                .slots_per_thread = 1,
                                .threads_max = 2,
                                .load = load_lz4,
                                .decode = decode_lz4_legacy },
        [FORMAT_LZOP] = { .slot_size = 256U << 10,
                          .slot_count = 8,
                          .slots_per_thread = 2,
                          .load = load_lzop,
                          .decode = decode_lzop },
};

const struct codec *codec_find(enum format format)
{
        return &codecs[format];
}

unsigned codec_threads(const struct codec *codec, unsigned usable)
{
        if (codec->slots_per_thread == 0)
                return usable;
        if (codec->threads_max > 0)
                usable = usable > 2 ? MIN(usable - 1, codec->threads_max) : 1;
        return MIN(usable, threads_for_memory(2 * (uint64_t)codec->slots_per_thread * codec->slot_size));
}

int codec_ring(const struct codec *codec, unsigned threads, struct ring *ret)
{
        unsigned slots = codec->slot_count + (threads - 1) * codec->slots_per_thread;

        return ring_new(ret, codec->slot_size, MIN(slots, RING_SLOTS_MAX));
}
