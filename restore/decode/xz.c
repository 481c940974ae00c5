/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xz (tukaani.org/xz/xz-file-format.txt) and lzma alone (lzma-file-format.txt). One stream is a part. */
#include "decode.h"

#include <lzma.h>

#include "util/library.h"

/* liblzma 5.2's header has these fields without their names. */
#if LZMA_VERSION < UINT32_C(50040000)
#define memlimit_threading reserved_int5
#define memlimit_stop reserved_int6
#endif

#define FUNCTIONS(F)           \
        F(lzma_stream_decoder) \
        F(lzma_alone_decoder)  \
        F(lzma_code)           \
        F(lzma_end)

LIBRARY(FUNCTIONS);

static lzma_ret (*stream_decoder_mt)(lzma_stream *stream, const lzma_mt *options); /* since 5.4; or NULL */

int load_xz(void)
{
        static const char *const sonames[] = { "liblzma.so.5", NULL };
        static const struct symbol newer[] = {
                { "lzma_stream_decoder_mt", (void **)&stream_decoder_mt, true },
                { 0 },
        };

        return library_load(sonames, lib_symbols) ?: library_load(sonames, newer);
}

static int step(struct decode *d, void *state, struct span *in, struct space *out)
{
        lzma_stream *s = state;
        lzma_ret r;

        s->next_in = in->bytes;
        s->avail_in = in->size;
        s->next_out = out->bytes;
        s->avail_out = out->size;
        /* with its last input in hand, the threaded decoder waits for its threads instead of returning idle */
        r = lib.lzma_code(s, d->at == d->end ? LZMA_FINISH : LZMA_RUN);
        *in = (struct span){ s->next_in, s->avail_in };
        *out = (struct space){ s->next_out, s->avail_out };

        switch (r) {
        case LZMA_OK:
        case LZMA_BUF_ERROR:
                return 0;
        case LZMA_STREAM_END:
                return 1;
        case LZMA_MEM_ERROR:
                d->reason = "not enough memory";
                return -ENOMEM;
        case LZMA_MEMLIMIT_ERROR:
                return decode_fail(d, "the xz dictionary is larger than is allowed, see --window");
        case LZMA_OPTIONS_ERROR:
                return decode_fail(d, "the xz data uses options that this liblzma does not know");
        default:
                return decode_fail(d, "the xz data is damaged");
        }
}

static int run(struct decode *d, lzma_stream *s, lzma_ret ready)
{
        int r;

        if (ready != LZMA_OK) {
                d->reason = ready == LZMA_OPTIONS_ERROR ? "liblzma is too old" : "not enough memory";
                return -ENOMEM;
        }
        r = decode_stream(d, step, s);
        lib.lzma_end(s);
        return r;
}

/* A decoder needs its dictionary and some tables. */
static uint64_t memory_limit(const struct decode *d)
{
        return d->window + (UINT64_C(4) << 20);
}

int decode_xz(struct decode *d)
{
        lzma_stream s = LZMA_STREAM_INIT;
        lzma_mt options = {
                .threads = d->threads,
                .memlimit_threading = d->memory,
                .memlimit_stop = memory_limit(d),
        };

        /* The threaded decoder copies once more, which is no gain with one thread. */
        return run(d, &s,
                   d->threads > 1 && stream_decoder_mt ? stream_decoder_mt(&s, &options)
                                                       : lib.lzma_stream_decoder(&s, memory_limit(d), 0));
}

int decode_lzma(struct decode *d)
{
        lzma_stream s = LZMA_STREAM_INIT;

        return run(d, &s, lib.lzma_alone_decoder(&s, memory_limit(d)));
}
