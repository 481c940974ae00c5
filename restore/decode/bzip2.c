/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bzip2. One stream is a part, as in the kernel. */
#include "decode.h"

#include <bzlib.h>

#include "util/library.h"

#define FUNCTIONS(F)            \
        F(BZ2_bzDecompressInit) \
        F(BZ2_bzDecompress)     \
        F(BZ2_bzDecompressEnd)

LIBRARY(FUNCTIONS);

int load_bzip2(void)
{
        static const char *const sonames[] = { "libbz2.so.1.0", "libbz2.so.1", NULL }; /* Debian's name, Fedora's */

        return library_load(sonames, lib_symbols);
}

static int step(struct decode *d, void *state, struct span *in, struct space *out)
{
        bz_stream *s = state;
        int r;

        s->next_in = (char *)in->bytes;
        s->avail_in = (unsigned)in->size;
        s->next_out = (char *)out->bytes;
        s->avail_out = (unsigned)out->size;
        r = lib.BZ2_bzDecompress(s);
        *in = (struct span){ (uint8_t *)s->next_in, s->avail_in };
        *out = (struct space){ (uint8_t *)s->next_out, s->avail_out };

        switch (r) {
        case BZ_OK:
                return 0;
        case BZ_STREAM_END:
                return 1;
        case BZ_MEM_ERROR:
                d->reason = "not enough memory";
                return -ENOMEM;
        default:
                return decode_fail(d, "the bzip2 data is damaged");
        }
}

int decode_bzip2(struct decode *d)
{
        bz_stream s = { 0 };
        int r;

        if (lib.BZ2_bzDecompressInit(&s, 0, 0) != BZ_OK) {
                d->reason = "not enough memory";
                return -ENOMEM;
        }
        r = decode_stream(d, step, &s);
        lib.BZ2_bzDecompressEnd(&s);
        return r;
}
