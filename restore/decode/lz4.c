/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lz4: the legacy frames of `lz4 -l`, which are what the kernel reads, and the newer frame
 * format. Source: lz4's doc/lz4_Frame_format.md; Linux lib/decompress_unlz4.c.
 */
#include "decode.h"

#include <endian.h>
#include <lz4.h>
#include <lz4frame.h>
#include <string.h>

#include "util/library.h"

#define FUNCTIONS(F)                       \
        F(LZ4_decompress_safe)             \
        F(LZ4F_createDecompressionContext) \
        F(LZ4F_decompress)                 \
        F(LZ4F_freeDecompressionContext)   \
        F(LZ4F_isError)

LIBRARY(FUNCTIONS);

int load_lz4(void)
{
        static const char *const sonames[] = { "liblz4.so.1", NULL };

        return library_load(sonames, lib_symbols);
}

#define LEGACY_MAGIC 0x184c2102U
#define LEGACY_BLOCK_SIZE (8U << 20)

static int step(struct decode *d, void *state, struct span *in, struct space *out)
{
        size_t used = in->size, made = out->size;
        size_t r = lib.LZ4F_decompress(state, out->bytes, &made, in->bytes, &used, NULL);

        if (lib.LZ4F_isError(r))
                return decode_fail(d, "the lz4 data is damaged");
        *in = (struct span){ in->bytes + used, in->size - used };
        *out = (struct space){ out->bytes + made, out->size - made };
        return r == 0;
}

int decode_lz4(struct decode *d)
{
        LZ4F_dctx *context;
        int r;

        if (lib.LZ4F_isError(lib.LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) {
                d->reason = "not enough memory";
                return -ENOMEM;
        }
        r = decode_stream(d, step, context);
        lib.LZ4F_freeDecompressionContext(context);
        return r;
}

/* The four bytes where a block's size is expected, and their meaning. */
enum due { DUE_END, DUE_MAGIC, DUE_BLOCK, DUE_BLOCK_OR_PART, DUE_ERROR };

static enum due classify(const struct decode *d, uint64_t at, uint32_t *ret_size, const char **reason, int *error)
{
        uint8_t bytes[sizeof(*ret_size) - 1 + MAGIC_MAX] = { 0 };
        unsigned padding = 0;
        bool part;

        /* fewer bytes than a size are padding, or an error that the walk reports */
        if (d->end - at < sizeof(*ret_size))
                return DUE_END;
        *error = decode_read(d, bytes, MIN(sizeof(bytes), d->end - at), at, reason);
        if (*error < 0)
                return DUE_ERROR;
        memcpy(ret_size, bytes, sizeof(*ret_size));
        *ret_size = le32toh(*ret_size);

        if (*ret_size == 0)
                return DUE_END;
        if (*ret_size == LEGACY_MAGIC)
                return DUE_MAGIC;
        while (bytes[padding] == 0)
                padding++;
        part = magic_find(bytes + padding, sizeof(bytes) - padding) >= 0;
        if (*ret_size <= (uint32_t)LZ4_COMPRESSBOUND(LEGACY_BLOCK_SIZE))
                return part ? DUE_BLOCK_OR_PART : DUE_BLOCK;
        if (part)
                return DUE_END;
        *reason = "an lz4 block that is longer than the format allows";
        *error = -EBADMSG;
        return DUE_ERROR;
}

/* The format has no end mark, and a size can look like the magic number of gzip or lzma. It is a size if the
 * sizes that follow from it lead to something that can stand there; those of a gzip part hardly ever do. */
static bool is_block(const struct decode *d, uint64_t at, uint32_t size)
{
        const char *reason;
        int error;

        for (;;) {
                if (d->end - at < sizeof(size) + size)
                        return false;
                at += sizeof(size) + size;
                if (at == d->end)
                        return true;
                switch (classify(d, at, &size, &reason, &error)) {
                case DUE_BLOCK:
                        break;
                case DUE_ERROR:
                        return false;
                default:
                        return true;
                }
        }
}

static int next(struct decode *d, void *state, struct block *ret)
{
        uint32_t size;
        int error;

        (void)state;
        for (;;) {
                switch (classify(d, d->at, &size, &d->reason, &error)) {
                case DUE_END:
                        return 0;
                case DUE_ERROR:
                        return error;
                case DUE_MAGIC: /* another frame of the same stream */
                        d->at += sizeof(size);
                        continue;
                case DUE_BLOCK_OR_PART:
                        if (!is_block(d, d->at, size))
                                return 0;
                        break;
                case DUE_BLOCK:
                        break;
                }
                d->at += sizeof(size);
                *ret = (struct block){ .at = d->at, .size = size };
                if (d->end - d->at < size)
                        return decode_fail(d, "the image ends inside a compressed part");
                decode_read_ahead(d, d->at);
                d->at += size;
                return 1;
        }
}

static int decode(const struct block *block, const uint8_t *in, struct space *out, const char **reason)
{
        int n = lib.LZ4_decompress_safe((const char *)in, (char *)out->bytes, (int)block->size, (int)out->size);

        if (n < 0) {
                *reason = "the lz4 data is damaged";
                return -EBADMSG;
        }
        *out = (struct space){ out->bytes + n, out->size - (size_t)n };
        return 0;
}

int decode_lz4_legacy(struct decode *d)
{
        static const struct block_format format = {
                .block_size_max = LZ4_COMPRESSBOUND(LEGACY_BLOCK_SIZE),
                .next = next,
                .decode = decode,
        };

        return decode_blocks(d, &format, NULL);
}
