/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gzip, RFC 1952. One member is a part, as in the kernel.
 *
 * ISA-L's inflate takes 0.4 of the time that zlib's does. If it cannot be loaded, zlib, which is linked, is used.
 */
#include "decode.h"

#include <string.h>
#include <zlib.h>

#include "util/library.h"

#ifdef HAVE_ISAL

#include <isa-l/igzip_lib.h>

#define FUNCTIONS(F)             \
        F(isal_inflate_init)     \
        F(isal_gzip_header_init) \
        F(isal_read_gzip_header) \
        F(isal_inflate)

LIBRARY(FUNCTIONS);

static bool isal_loaded;

int load_gzip(void)
{
        static const char *const sonames[] = { "libisal.so.2", NULL };

        isal_loaded = library_load(sonames, lib_symbols) == 0;
        return 0;
}

struct gzip {
        struct inflate_state inflate;
        struct isal_gzip_header header;
        bool in_body;
};

static int step_isal(struct decode *d, void *state, struct span *in, struct space *out)
{
        struct gzip *gzip = state;
        struct inflate_state *s = &gzip->inflate;
        int r;

        s->next_in = (uint8_t *)in->bytes;
        s->avail_in = (uint32_t)in->size;
        s->next_out = out->bytes;
        s->avail_out = (uint32_t)out->size;

        r = gzip->in_body ? ISAL_DECOMP_OK : lib.isal_read_gzip_header(s, &gzip->header);
        if (r == ISAL_DECOMP_OK) {
                gzip->in_body = true;
                r = lib.isal_inflate(s);
        }

        /* At an error it gives back what it holds of the input, which is less than nothing if that has ended. */
        *in = (struct span){ s->next_in, s->avail_in <= in->size + sizeof(s->read_in) ? s->avail_in : 0 };
        *out = (struct space){ s->next_out, s->avail_out };
        switch (r) {
        case ISAL_DECOMP_OK:
        case ISAL_END_INPUT:
        case ISAL_OUT_OVERFLOW:
                return s->block_state == ISAL_BLOCK_FINISH;
        case ISAL_INCORRECT_CHECKSUM:
                return decode_fail(d, "a gzip checksum does not match");
        default:
                return decode_fail(d, "the gzip data is damaged");
        }
}

static int decode_isal(struct decode *d)
{
        _cleanup_free_ struct gzip *gzip = calloc(1, sizeof(*gzip));

        if (!gzip) {
                d->reason = "not enough memory";
                return -ENOMEM;
        }
        lib.isal_inflate_init(&gzip->inflate);
        lib.isal_gzip_header_init(&gzip->header);
        gzip->inflate.crc_flag = ISAL_GZIP_NO_HDR_VER;
        return decode_stream(d, step_isal, gzip);
}

#else

int load_gzip(void)
{
        return 0;
}

#endif

static int step(struct decode *d, void *state, struct span *in, struct space *out)
{
        z_stream *s = state;
        int r;

        s->next_in = (Bytef *)in->bytes;
        s->avail_in = (uInt)in->size;
        s->next_out = out->bytes;
        s->avail_out = (uInt)out->size;
        r = inflate(s, Z_NO_FLUSH);
        *in = (struct span){ s->next_in, s->avail_in };
        *out = (struct space){ s->next_out, s->avail_out };

        switch (r) {
        case Z_OK:
        case Z_BUF_ERROR: /* no progress was possible: more input or output is wanted */
                return 0;
        case Z_STREAM_END:
                return 1;
        case Z_MEM_ERROR:
                d->reason = "not enough memory";
                return -ENOMEM;
        default:
                return decode_fail(d, s->msg && strcmp(s->msg, "incorrect data check") == 0
                                                      ? "a gzip checksum does not match"
                                                      : "the gzip data is damaged");
        }
}

static int decode_zlib(struct decode *d)
{
        z_stream s = { 0 };
        int r;

        if (inflateInit2(&s, 16 + MAX_WBITS) != Z_OK) {
                d->reason = "not enough memory";
                return -ENOMEM;
        }
        r = decode_stream(d, step, &s);
        inflateEnd(&s);
        return r;
}

int decode_gzip(struct decode *d)
{
#ifdef HAVE_ISAL
        if (isal_loaded)
                return decode_isal(d);
#endif
        return decode_zlib(d);
}
