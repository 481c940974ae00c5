/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bzip2: blocks that begin at any bit with a 48-bit number, and an end that begins with another.
 * libbz2 decodes streams, by one thread; so the blocks are looked for, and each is made a stream
 * of its own, as bzip2recover does. A number that turned up inside a block by chance (once in
 * 2^48 bits, or by intent) would end it early, which its checksum then tells.
 * One stream is a part, as in the kernel. Source for the format: bzip2's manual, bzip2recover(1).
 */
#include "decode.h"

#include <bzlib.h>
#include <string.h>

#include "util/library.h"

static __typeof__(BZ2_bzDecompressInit) *init;
static __typeof__(BZ2_bzDecompress) *decompress;
static __typeof__(BZ2_bzDecompressEnd) *finish;

int load_bzip2(void)
{
        static const struct symbol symbols[] = {
                { "BZ2_bzDecompressInit", (void **)&init },
                { "BZ2_bzDecompress", (void **)&decompress },
                { "BZ2_bzDecompressEnd", (void **)&finish },
                { NULL, NULL },
        };

        return library_load("libbz2.so.1.0", symbols);
}

#define BLOCK_MAGIC UINT64_C(0x314159265359)
#define END_MAGIC UINT64_C(0x177245385090)
#define MAGIC_BITS 48U
#define MAGIC_MASK ((UINT64_C(1) << MAGIC_BITS) - 1)
#define HEADER_BITS (MAGIC_BITS + 32U) /* the number and a checksum */
#define HEADER_SIZE (HEADER_BITS / 8)

/* 900 kB at most go into a block; incompressible ones come out a little larger. */
#define BLOCK_BYTES_MAX (1U << 20)
#define BLOCK_BITS_MAX (BLOCK_BYTES_MAX * UINT64_C(8))

struct bzip2 {
        uint64_t bit; /* where the next block begins, in bits from the image's start */
        uint32_t sum; /* of all blocks so far */
        uint8_t window[64U << 10];
        uint64_t window_at; /* offset in the image */
        size_t window_size;
        uint8_t suspects[256]; /* of each byte: bit n if it can be the last but one of a number with n bits behind */
};

static uint64_t load_be64(const uint8_t *bytes)
{
        uint64_t value = 0;

        for (unsigned i = 0; i < 8; i++)
                value = value << 8 | bytes[i];
        return value;
}

/* Read the number at bit @bit and the checksum behind it. */
static int read_header(struct decode *d, uint64_t bit, uint64_t *ret_magic, uint32_t *ret_sum)
{
        uint8_t bytes[HEADER_SIZE + 2] = { 0 };
        unsigned shift = bit % 8;
        int r = decode_read(d, bytes, HEADER_SIZE + (shift > 0), bit / 8, &d->reason);

        if (r < 0)
                return r;
        *ret_magic = (load_be64(bytes) >> (16 - shift)) & MAGIC_MASK;
        *ret_sum = (uint32_t)((load_be64(bytes + 4) << shift) >> 16);
        return 0;
}

static void find_suspects(struct bzip2 *b)
{
        static const uint64_t magics[] = { BLOCK_MAGIC, END_MAGIC };

        memset(b->suspects, 0, sizeof(b->suspects));
        for (unsigned i = 0; i < ELEMENTSOF(magics); i++)
                for (unsigned shift = 0; shift < 8; shift++)
                        b->suspects[(magics[i] >> (8 - shift)) & 0xff] |= (uint8_t)(1U << shift);
}

/* The byte at offset @at of the image, which has it. */
static int window_byte(struct decode *d, struct bzip2 *b, uint64_t at, uint8_t *ret)
{
        if (at - b->window_at >= b->window_size) {
                int r;

                decode_read_ahead(d, at);
                b->window_at = at;
                b->window_size = MIN(sizeof(b->window), d->end - at);
                r = decode_read(d, b->window, b->window_size, at, &d->reason);
                if (r < 0)
                        return r;
        }
        *ret = b->window[at - b->window_at];
        return 0;
}

/* Find the first number that begins at bit @from or behind it. */
static int find_magic(struct decode *d, struct bzip2 *b, uint64_t from, uint64_t *ret)
{
        uint64_t seen = 0; /* the last eight bytes, the newest one lowest */

        for (uint64_t at = from / 8; at < d->end; at++) {
                uint8_t byte, suspects;
                int r = window_byte(d, b, at, &byte);

                if (r < 0)
                        return r;
                if (at * 8 > from + BLOCK_BITS_MAX)
                        return decode_fail(d, "the bzip2 data is damaged");
                seen = seen << 8 | byte;
                for (suspects = b->suspects[(seen >> 8) & 0xff]; suspects; suspects &= (uint8_t)(suspects - 1)) {
                        unsigned behind = (unsigned)__builtin_ctz(suspects);
                        uint64_t number = (seen >> behind) & MAGIC_MASK;
                        uint64_t end = (at + 1) * 8 - behind;

                        if ((number == BLOCK_MAGIC || number == END_MAGIC) && end >= from + MAGIC_BITS) {
                                *ret = end - MAGIC_BITS;
                                return 0;
                        }
                }
        }
        return decode_fail(d, "the image ends inside a compressed part");
}

static int next(struct decode *d, void *state, struct block *ret)
{
        struct bzip2 *b = state;
        uint64_t magic, begin = b->bit;
        uint32_t sum;
        int r = read_header(d, begin, &magic, &sum);

        if (r < 0)
                return r;
        if (magic == END_MAGIC) {
                d->at = (begin + HEADER_BITS + 7) / 8;
                return sum == b->sum ? 0 : decode_fail(d, "a bzip2 checksum does not match");
        }
        if (magic != BLOCK_MAGIC)
                return decode_fail(d, "the bzip2 data is damaged");
        b->sum = (b->sum << 1 | b->sum >> 31) ^ sum;
        r = find_magic(d, b, begin + HEADER_BITS, &b->bit);
        if (r < 0)
                return r;
        *ret = (struct block){
                .at = begin / 8,
                .size = (uint32_t)((b->bit + 7) / 8 - begin / 8),
                .sum = { sum, (uint32_t)(b->bit - begin) }, /* the second is the block's size in bits */
                .flags = (uint32_t)(begin % 8),
        };
        return 1;
}

/* Make the block a stream: its bits moved to the first byte, the end's number and the checksum behind them.
 * @return bytes at @in */
static size_t make_stream(const struct block *block, uint8_t *in)
{
        uint8_t end[HEADER_SIZE];
        uint32_t bits = block->sum[1];
        unsigned shift = block->flags;

        in[block->size] = 0;
        for (size_t i = 0; shift > 0 && i < block->size; i++)
                in[i] = (uint8_t)(in[i] << shift | in[i + 1] >> (8 - shift));

        for (unsigned i = 0; i < HEADER_SIZE; i++)
                end[i] = (uint8_t)(i < 6 ? END_MAGIC >> (40 - 8 * i) : block->sum[0] >> (72 - 8 * i));
        shift = bits % 8;
        in[bits / 8] &= (uint8_t)(0xff00U >> shift);
        memset(in + bits / 8 + 1, 0, HEADER_SIZE);
        for (unsigned i = 0; i < HEADER_SIZE; i++) {
                in[bits / 8 + i] |= (uint8_t)(end[i] >> shift);
                in[bits / 8 + i + 1] |= (uint8_t)(end[i] << (8 - shift));
        }
        return bits / 8 + HEADER_SIZE + 1;
}

static int decode(const struct block *block, uint8_t *in, struct outlet *out, const char **reason)
{
        char header[] = { 'B', 'Z', 'h', '9' }; /* the largest blocks; a smaller one decodes just as well */
        size_t size = make_stream(block, in);
        bz_stream s = { .next_in = header, .avail_in = sizeof(header) };
        int r;

        *reason = "not enough memory";
        if (init(&s, 0, 0) != BZ_OK)
                return -ENOMEM;
        do {
                if (out->space.size == 0 && !outlet_more(out)) {
                        r = BZ_SEQUENCE_ERROR;
                        break;
                }
                s.next_out = (char *)out->space.bytes;
                s.avail_out = (unsigned)out->space.size;
                r = decompress(&s);
                if (s.avail_in == 0 && s.next_in == header + sizeof(header)) {
                        s.next_in = (char *)in;
                        s.avail_in = (unsigned)size;
                } else if (r == BZ_OK && s.avail_in == 0 && s.avail_out > 0) {
                        r = BZ_UNEXPECTED_EOF;
                }
                out->space = (struct space){ (uint8_t *)s.next_out, s.avail_out };
        } while (r == BZ_OK);
        finish(&s);

        if (r == BZ_MEM_ERROR)
                return -ENOMEM;
        *reason = "the bzip2 data is damaged";
        return r == BZ_STREAM_END ? 0 : -EBADMSG;
}

int decode_bzip2(struct decode *d)
{
        static const struct block_format format = {
                .block_size_max = BLOCK_BYTES_MAX + 64,
                .next = next,
                .decode = decode,
        };
        _cleanup_free_ struct bzip2 *b = calloc(1, sizeof(*b));

        if (!b) {
                d->reason = "not enough memory";
                return -ENOMEM;
        }
        find_suspects(b);
        b->bit = (d->at + 4) * 8; /* behind "BZh" and the size of blocks */
        return decode_blocks(d, &format, b);
}
