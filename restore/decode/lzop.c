/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lzop: a header, then blocks that are independent of each other, then a size of zero.
 * Source: Linux lib/decompress_unlzo.c; lzop's own documentation of its flags.
 * All numbers are big-endian.
 */
#include "decode.h"

#include <endian.h>
#include <string.h>
#include <zlib.h>

#include "util/library.h"

/* lzo/lzo1x.h is licensed under the GPL, so the one function that we need is declared here. */
static int (*decompress)(const unsigned char *in, unsigned long in_size, unsigned char *out, unsigned long *out_size,
                         void *unused);

int load_lzop(void)
{
        static const char *const sonames[] = { "liblzo2.so.2", NULL };
        static const struct symbol symbols[] = { { "lzo1x_decompress_safe", (void **)&decompress, false }, { 0 } };

        return library_load(sonames, symbols);
}

#define LZOP_MAGIC_SIZE 9U
#define LZOP_BLOCK_SIZE (256U << 10) /* the only size that lzop writes and the kernel reads */

#define FLAG_ADLER32_PLAIN 0x00000001U
#define FLAG_ADLER32_BLOCK 0x00000002U
#define FLAG_EXTRA_FIELD 0x00000040U
#define FLAG_CRC32_PLAIN 0x00000100U
#define FLAG_CRC32_BLOCK 0x00000200U
#define FLAG_FILTER 0x00000800U

#define VERSION_WITH_LEVEL 0x0940U

struct lzop {
        uint32_t flags;
};

static int read_number(struct decode *d, unsigned size, uint32_t *ret)
{
        uint8_t bytes[4] = { 0 };
        int r = decode_read(d, bytes, size, d->at, &d->reason);

        if (r < 0) {
                d->at = MIN(d->at, d->end); /* a length may have led far behind it */
                return r;
        }
        d->at += size;
        *ret = 0;
        for (unsigned i = 0; i < size; i++)
                *ret = *ret << 8 | bytes[i];
        return 0;
}

/* Read the header behind the magic, as far as decoding needs it. */
static int read_header(struct decode *d, struct lzop *lzop)
{
        uint32_t version, number;
        int r;

        d->at += LZOP_MAGIC_SIZE;
        r = read_number(d, 2, &version);
        if (r < 0)
                return r;
        d->at += 2; /* version of the library */
        if (version >= VERSION_WITH_LEVEL) {
                d->at += 2; /* version needed to extract */
                d->at += 1; /* method; each is decoded alike */
                d->at += 1; /* level */
        } else {
                d->at += 1;
        }
        r = read_number(d, 4, &lzop->flags);
        if (r < 0)
                return r;
        if (lzop->flags & FLAG_FILTER)
                return decode_fail(d, "an lzop filter, which no kernel reads");
        d->at += 4 + 4; /* mode, mtime */
        if (version >= VERSION_WITH_LEVEL)
                d->at += 4;             /* mtime's upper half */
        r = read_number(d, 1, &number); /* length of the name */
        if (r < 0)
                return r;
        d->at += number + 4; /* the name, the header's checksum */
        if (lzop->flags & FLAG_EXTRA_FIELD) {
                r = read_number(d, 4, &number);
                if (r < 0)
                        return r;
                d->at += (uint64_t)number + 4;
        }
        return 0;
}

enum { SUM_ADLER32, SUM_CRC32 };

static int next(struct decode *d, void *state, struct block *ret)
{
        const struct lzop *lzop = state;
        uint32_t unused;
        int r;

        *ret = (struct block){ .flags = lzop->flags };
        r = read_number(d, 4, &ret->plain_size);
        if (r < 0 || ret->plain_size == 0)
                return r; /* the end of the part */
        r = read_number(d, 4, &ret->size);
        if (r < 0)
                return r;
        if (ret->plain_size > LZOP_BLOCK_SIZE || ret->size > ret->plain_size || ret->size == 0)
                return decode_fail(d, "an lzop block of an impossible size");
        if (lzop->flags & FLAG_ADLER32_PLAIN) {
                r = read_number(d, 4, &ret->sum[SUM_ADLER32]);
                if (r < 0)
                        return r;
        }
        if (lzop->flags & FLAG_CRC32_PLAIN) {
                r = read_number(d, 4, &ret->sum[SUM_CRC32]);
                if (r < 0)
                        return r;
        }
        if (ret->size < ret->plain_size) { /* a block stored as it is has no second pair of checksums */
                if (lzop->flags & FLAG_ADLER32_BLOCK && (r = read_number(d, 4, &unused)) < 0)
                        return r;
                if (lzop->flags & FLAG_CRC32_BLOCK && (r = read_number(d, 4, &unused)) < 0)
                        return r;
        }
        ret->at = d->at;
        decode_read_ahead(d, d->at);
        d->at += ret->size;
        return 1;
}

static int decode(const struct block *block, const uint8_t *in, struct space *out, const char **reason)
{
        unsigned long size = block->plain_size;
        uint8_t *bytes = out->bytes;

        if (block->size == block->plain_size)
                memcpy(bytes, in, size);
        else if (decompress(in, block->size, bytes, &size, NULL) != 0 || size != block->plain_size) {
                *reason = "the lzop data is damaged";
                return -EBADMSG;
        }
        if ((block->flags & FLAG_ADLER32_PLAIN && adler32(1, bytes, (uInt)size) != block->sum[SUM_ADLER32]) ||
            (block->flags & FLAG_CRC32_PLAIN && crc32(0, bytes, (uInt)size) != block->sum[SUM_CRC32])) {
                *reason = "an lzop checksum does not match";
                return -EBADMSG;
        }
        *out = (struct space){ bytes + size, out->size - size };
        return 0;
}

int decode_lzop(struct decode *d)
{
        static const struct block_format format = {
                .block_size_max = LZOP_BLOCK_SIZE,
                .next = next,
                .decode = decode,
        };
        struct lzop lzop;
        int r;

        r = read_header(d, &lzop);
        if (r < 0)
                return r;
        return decode_blocks(d, &format, &lzop);
}
