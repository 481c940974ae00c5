/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bzip2. One stream is a part, as in the kernel. Source for the format: bzip2's bzlib.h and manual. */
#include "decode.h"

#include <bzlib.h>

#include "library.h"

static __typeof__(BZ2_bzDecompressInit) *init;
static __typeof__(BZ2_bzDecompress) *decompress;
static __typeof__(BZ2_bzDecompressEnd) *end;

int load_bzip2(void)
{
        static const struct symbol symbols[] = {
                { "BZ2_bzDecompressInit", (void **)&init },
                { "BZ2_bzDecompress", (void **)&decompress },
                { "BZ2_bzDecompressEnd", (void **)&end },
                { NULL, NULL },
        };

        return library_load("libbz2.so.1.0", symbols);
}

static int step(struct decode *d, void *state, struct span *in, struct space *out)
{
        bz_stream *s = state;
        int r;

        s->next_in = (char *)in->bytes;
        s->avail_in = (unsigned)in->size;
        s->next_out = (char *)out->bytes;
        s->avail_out = (unsigned)out->size;
        r = decompress(s);
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

        if (init(&s, 0, 0) != BZ_OK) {
                d->reason = "not enough memory";
                return -ENOMEM;
        }
        r = decode_stream(d, step, &s);
        end(&s);
        return r;
}
