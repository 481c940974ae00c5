/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AFL++'s custom mutator for compressed images. What AFL++ keeps and mutates is a first byte, which chooses the format,
 * and the plain archive; what the program gets is that archive compressed, with checksums that are right. Half of the
 * changes are AFL++'s own, half those of mutate.c; one time in sixteen a byte of the compressed data is changed too.
 *
 * Compiled with -DMAIN it is a program: `afl-mutator <KEPT >IMAGE`.
 */
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "skipcpio/util.h"
#include "mutate.h"

#define IMAGE_MAX (1U << 20)
#define exported __attribute__((visibility("default")))

struct mutator {
        uint64_t state;
        uint8_t image[IMAGE_MAX], kept[IMAGE_MAX];
};

struct afl_state;

exported void *afl_custom_init(struct afl_state *afl, unsigned seed);
exported void afl_custom_deinit(void *data);
exported size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t size, uint8_t **out, uint8_t *add, size_t add_size,
                                size_t max);
exported size_t afl_custom_post_process(void *data, uint8_t *buf, size_t size, uint8_t **out);

static size_t put_gzip(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
        z_stream s = { .next_in = (Bytef *)in, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)room };
        bool ok = deflateInit2(&s, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
                  deflate(&s, Z_FINISH) == Z_STREAM_END;

        deflateEnd(&s);
        return ok ? s.total_out : 0;
}

static size_t put_zstd(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
        size_t n = ZSTD_compress(out, room, in, size, 1);

        return ZSTD_isError(n) ? 0 : n;
}

static size_t put_xz(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
        size_t used = 0;

        return lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, in, size, out, &used, room) == LZMA_OK ? used : 0;
}

static size_t put_lzma(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
        lzma_stream s = LZMA_STREAM_INIT;
        lzma_options_lzma options;
        bool ok;

        s.next_in = in;
        s.avail_in = size;
        s.next_out = out;
        s.avail_out = room;
        ok = !lzma_lzma_preset(&options, 0) && lzma_alone_encoder(&s, &options) == LZMA_OK &&
             lzma_code(&s, LZMA_FINISH) == LZMA_STREAM_END;
        lzma_end(&s);
        return ok ? s.total_out : 0;
}

static size_t put_lz4(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
        size_t n = LZ4F_compressFrame(out, room, in, size, NULL);

        return LZ4F_isError(n) ? 0 : n;
}

static void put32(uint8_t *out, uint32_t n, bool big)
{
        for (unsigned i = 0; i < 4; i++)
                out[i] = (uint8_t)(n >> 8 * (big ? 3 - i : i));
}

static size_t put_lz4_legacy(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
        int n = LZ4_compress_default((const char *)in, (char *)out + 8, (int)size, (int)room - 8);

        put32(out, 0x184c2102, false);
        put32(out + 4, (uint32_t)n, false);
        return n > 0 ? (size_t)n + 8 : 0;
}

/* Stored blocks, which need no compressor. */
static size_t put_lzop(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
        static const uint8_t head[] = { 0x89, 'L',  'Z',  'O', 0, 13, 10, 26, 10, 0x10, 0x40, 0x20,
                                        0xa0, 0x09, 0x40, 1,   5, 0,  0,  0,  1,  0,    0,    0x81,
                                        0xa4, 0,    0,    0,   0, 0,  0,  0,  0,  0 };
        size_t used = sizeof(head) + 4;

        memcpy(out, head, sizeof(head));
        put32(out + sizeof(head), (uint32_t)adler32(1, head + 9, sizeof(head) - 9), true);
        for (size_t at = 0, n; at < size; at += n) {
                n = MIN(size - at, (size_t)256 << 10);
                if (used + n + 16 > room)
                        return 0;
                put32(out + used, (uint32_t)n, true);
                put32(out + used + 4, (uint32_t)n, true);
                put32(out + used + 8, (uint32_t)adler32(1, in + at, (uInt)n), true);
                memcpy(out + used + 12, in + at, n);
                used += 12 + n;
        }
        put32(out + used, 0, true);
        return used + 4;
}

static size_t put_plain(const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
        size = MIN(size, room);
        memcpy(out, in, size);
        return size;
}

/* Numbered as in seeds.py. bzip2's library is not linked, so its number stands for two parts. */
static size_t put_image(unsigned format, const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
        static size_t (*const put[])(const uint8_t *, size_t, uint8_t *, size_t) = {
                put_gzip, put_zstd, put_xz, put_lzma, put_lz4, put_lz4_legacy, NULL, put_lzop, put_plain,
        };
        size_t half = size / 2 / 4 * 4, n;

        format %= ELEMENTSOF(put);
        if (put[format])
                return put[format](in, size, out, room);
        n = put_zstd(in, half, out, room);
        return n + put_xz(in + half, size - half, out + n, room - n);
}

static uint64_t next(struct mutator *m)
{
        m->state = m->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return m->state >> 20;
}

void *afl_custom_init(struct afl_state *afl, unsigned seed)
{
        struct mutator *m = calloc(1, sizeof(*m));

        (void)afl;
        if (m)
                m->state = seed;
        return m;
}

void afl_custom_deinit(void *data)
{
        free(data);
}

size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t size, uint8_t **out, uint8_t *add, size_t add_size, size_t max)
{
        struct mutator *m = data;
        size_t n;

        (void)add, (void)add_size;
        max = MIN(max, sizeof(m->kept));
        *out = m->kept;
        size = MIN(size, max);
        memcpy(m->kept, buf, size);
        if (size < 1 || max < 2)
                return size;
        if (next(m) % 8 == 0)
                m->kept[0] = (uint8_t)next(m);
        n = newc_mutate(m->kept + 1, size - 1, max - 1, next(m));
        return n > 0 ? n + 1 : size;
}

size_t afl_custom_post_process(void *data, uint8_t *buf, size_t size, uint8_t **out)
{
        struct mutator *m = data;
        size_t n;

        *out = m->image;
        if (size < 2)
                return 0;
        n = put_image(buf[0] & 15, buf + 1, size - 1, m->image, sizeof(m->image));
        if (n > 0 && buf[0] >> 4 == 15) /* kept in the input, so that it can be repeated */
                m->image[(buf[size - 1] * 257U + buf[size / 2]) % n] ^= (uint8_t)(1 << buf[size - 1] % 8);
        return n;
}

#ifdef MAIN
int main(void)
{
        static uint8_t kept[IMAGE_MAX];
        struct mutator *m = afl_custom_init(NULL, 0);
        uint8_t *image;
        size_t n = fread(kept, 1, sizeof(kept), stdin);

        n = m ? afl_custom_post_process(m, kept, n, &image) : 0;
        return n > 0 && fwrite(image, n, 1, stdout) == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
#endif
