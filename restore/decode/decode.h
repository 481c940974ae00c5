/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Decoding a compressed part: image bytes in, blocks of the ring out. All of this runs in the
 * decoder's process, where a bug or a hostile image can do no harm (see decoder.h).
 *
 * Each format is a row of the table in codec.c. Most are streams, decoded in steps by one thread
 * (stream.c). A few consist of independent blocks, decoded by several threads (blocks.c).
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
        uint64_t ahead;     /* first offset for which no readahead was requested yet */
        unsigned threads;   /* how many may run, at least 1 */
        uint64_t window;    /* the largest window (zstd) or dictionary (xz, lzma) to decode, in bytes */
        uint64_t memory;    /* bytes that a threaded decoder may use besides the ring */
        const char *reason; /* on failure: why; a constant string */
};

/** One row of the table of formats. */
struct codec {
        uint32_t slot_size;        /* bytes of the ring's blocks */
        uint32_t slot_count;       /* how many, with one thread */
        uint32_t slots_per_thread; /* further ones for each further thread; 0 if the library has its own threads */
        uint32_t threads_max;      /* with so many, decoding is faster than unpacking: more would take the unpacker's
                                    * processor; 0 for no limit */
        int (*load)(void);         /* load the format's library: 0, or -ENOPKG if it is missing */
        int (*decode)(struct decode *d); /* decode one part: 0, or a negative errno and @d->reason */
};

/** The row of a compressed format; never NULL. */
const struct codec *codec_find(enum format format);

/** How many of @usable processors a codec uses, given the available memory; at least 1. */
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

/** Input: @size bytes at @bytes. */
struct span {
        const uint8_t *bytes;
        size_t size;
};

/** Room for output. */
struct space {
        uint8_t *bytes;
        size_t size;
};

/**
 * A step of a stream decoder: consume some of @in, fill some of @out, advance both.
 * At the end of the stream, @in begins with the first byte after it.
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
        uint32_t plain_size; /* decoded bytes, if the format states that; else 0 */
        uint32_t sum[2];     /* checksums for the format's own use */
        uint32_t flags;      /* likewise */
};

/** How a format of independent blocks is decoded. */
struct block_format {
        uint32_t block_size_max; /* bytes of the largest compressed block */
        /** Find the next block at @d->at and advance it. Called by one thread at a time.
         *  @return 1, 0 at the end of the part, negative with @d->reason set */
        int (*next)(struct decode *d, void *state, struct block *ret);
        /** Decode @block from @in into @out, which is a whole slot, and advance @out; called by several threads.
         *  @return 0, or a negative errno with *@reason set */
        int (*decode)(const struct block *block, const uint8_t *in, struct space *out, const char **reason);
};

/** Decode a part of independent blocks with up to @d->threads threads, one block into each slot of the ring. */
int decode_blocks(struct decode *d, const struct block_format *format, void *state);

/**
 * Read @size compressed bytes from offset @at.
 *
 * @return 0; -EBADMSG if the image ends before; or the error from reading; with *@reason set
 */
int decode_read(const struct decode *d, void *buffer, size_t size, uint64_t at, const char **reason);

/** Request readahead beyond offset @at, which is read now, so that a slow disk is never idle. */
void decode_read_ahead(struct decode *d, uint64_t at);
