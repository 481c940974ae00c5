/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Decoding a compressed part: image bytes in, blocks of the ring out. All of this runs in the
 * decoder's process and may be wrong or be made to do wrong without harm (see decoder.h).
 *
 * A format is a row of the table in codec.c. Most are streams, which one thread decodes in
 * steps (stream.c); a few are independent blocks, which several threads decode (blocks.c).
 */

#include <stddef.h>
#include <stdint.h>

#include "skipcpio/image.h"
#include "skipcpio/magic.h"
#include "ring.h"

/** What a decoder works on and leaves behind. */
struct decode {
        const struct image *image;
        struct ring *ring;
        uint32_t block;     /* number of the block to fill next */
        uint64_t at;        /* offset in the image: of the part, then of the first byte not decoded */
        uint64_t end;       /* first offset behind the image */
        uint64_t ahead;     /* first offset that the kernel was not told to read yet */
        unsigned threads;   /* how many may run, at least 1 */
        uint64_t window;    /* the largest window (zstd) or dictionary (xz, lzma) to decode, in bytes */
        uint64_t memory;    /* bytes that a threaded decoder may use besides the ring */
        const char *reason; /* on failure: why; a constant string */
};

/** One row of the table of formats. */
struct codec {
        uint32_t slot_size;        /* bytes of the ring's blocks */
        uint32_t slot_count;       /* how many, with one thread */
        uint32_t slots_per_thread; /* how many more for each further thread; 0 where the library has threads of its own
                                    */
        uint32_t threads_max; /* so many are faster than the unpacker, which then has a processor for itself; 0 where
                               * that never happens */
        int (*load)(void);    /* load the format's library: 0, or -ENOPKG where it is missing */
        int (*decode)(struct decode *d); /* decode one part: 0, or a negative errno and @d->reason */
};

/** The row of a compressed format; never NULL. */
const struct codec *codec_find(enum format format);

/** How many of @usable processors a codec makes use of, the memory that there is considered; at least 1. */
unsigned codec_threads(const struct codec *codec, unsigned usable);

/** Make the ring that a codec wants for so many threads.
 *  @return 0 or ring_new()'s error */
int codec_ring(const struct codec *codec, unsigned threads, struct ring *ret);

int decode_gzip(struct decode *d);
int decode_zstd(struct decode *d);
int decode_xz(struct decode *d);
int decode_lzma(struct decode *d);
int decode_lz4(struct decode *d);
int decode_lz4_legacy(struct decode *d);
int decode_bzip2(struct decode *d);
int decode_lzop(struct decode *d);

int load_gzip(void);
int load_zstd(void);
int load_xz(void); /* for lzma, too */
int load_lz4(void);
int load_bzip2(void);
int load_lzop(void);

/** Note why decoding fails: `return decode_fail(d, "…")`. @return -EBADMSG */
static inline int decode_fail(struct decode *d, const char *reason)
{
        d->reason = reason;
        return -EBADMSG;
}

/** Bytes on their way: @size of them at @bytes. */
struct span {
        const uint8_t *bytes;
        size_t size;
};

struct space {
        uint8_t *bytes;
        size_t size;
};

/**
 * A step of a stream decoder: use up some of @in, fill some of @out, advance both.
 * At the end of the stream @in is left at the first byte behind it.
 *
 * @return 1 at the end of the stream, 0 to go on, negative on failure with @d->reason set
 */
typedef int decode_step(struct decode *d, void *state, struct span *in, struct space *out);

/**
 * Decode a stream in steps, from @d->at.
 *
 * @return 0, or -EBADMSG, -EIO, -ENOMEM with @d->reason set
 */
int decode_stream(struct decode *d, decode_step *step, void *state);

/** A block that can be decoded by itself. */
struct block {
        uint64_t at;         /* its first byte in the image */
        uint32_t size;       /* compressed bytes, at most the worker's buffer */
        uint32_t plain_size; /* decoded bytes as the format states it; 0 where it does not */
        uint32_t sum[2];     /* checksums for the format's own use */
        uint32_t flags;      /* likewise */
};

/** How a format of blocks is decoded. */
struct block_format {
        uint32_t block_size_max; /* bytes of the largest compressed block */
        /** Find the next block at @d->at and advance it. Called by one thread at a time.
         *  @return 1, 0 at the end of the part, negative with @d->reason set */
        int (*next)(struct decode *d, void *state, struct block *ret);
        /** Decode @block from @in into @out, which is a whole slot, and advance @out; called by several threads.
         *  @return 0, or a negative errno with *@reason set */
        int (*decode)(const struct block *block, const uint8_t *in, struct space *out, const char **reason);
};

/** Decode a part of independent blocks with up to @d->threads threads, a block to a slot of the ring. */
int decode_blocks(struct decode *d, const struct block_format *format, void *state);

/**
 * Read @size compressed bytes from offset @at.
 *
 * @return 0, or -EBADMSG where the image ends before, or read's error; with *@reason set
 */
int decode_read(const struct decode *d, void *buffer, size_t size, uint64_t at, const char **reason);

/** Offset @at is read now: tell the kernel to read on in the background, so that a slow disk is never idle. */
void decode_read_ahead(struct decode *d, uint64_t at);
