/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: decode-alone DECODER IMAGE [THREADS [DIRECTORY]]
 *
 * What the best library for a format needs, in one process and for nothing but the decoding: IMAGE is read in
 * blocks from the page cache and decoded into a buffer that is used over and over. Prints the wall clock time and
 * the CPU time in microseconds and the number of bytes that came out.
 *
 * DECODER: zstd, isal, zlib, xz, lzma, lz4-legacy, lzop, bzip2; read, which decodes nothing; write, which sends
 * IMAGE to a file a thread in DIRECTORY, as the least that a plain image costs.
 */
#include <arpa/inet.h>
#include <bzlib.h>
#include <endian.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lz4.h>
#include <lzma.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif

#define BLOCK (256U << 10)
#define LZ4_BLOCK (8U << 20)

int lzo1x_decompress_safe(const unsigned char *in, unsigned long in_size, unsigned char *out, unsigned long *out_size,
                          void *unused);

struct job {
        int fd;
        uint64_t size;
        unsigned threads, number; /* how many, and which of them this is */
        const char *directory;
        uint64_t made; /* bytes that came out */
};

static uint8_t input[BLOCK], output[BLOCK];

static void *allocate(size_t size)
{
        void *p = malloc(size);

        if (!p)
                errx(1, "not enough memory");
        return p;
}

/* Fill the input buffer from @at on; @return how many bytes there were. */
static size_t fill(const struct job *job, uint64_t *at)
{
        ssize_t n = pread(job->fd, input, sizeof(input), (off_t)*at);

        if (n < 0)
                err(1, "read");
        *at += (uint64_t)n;
        return (size_t)n;
}

static void read_exactly(const struct job *job, void *buffer, size_t size, uint64_t *at)
{
        if (pread(job->fd, buffer, size, (off_t)*at) != (ssize_t)size)
                errx(1, "the image ends early");
        *at += size;
}

static void *run_read(void *argument)
{
        struct job *job = argument;

        while (fill(job, &job->made) > 0)
                ;
        return NULL;
}

static void *run_write(void *argument)
{
        struct job *job = argument;
        off_t at = (off_t)(job->size / job->threads * job->number);
        off_t end = job->number + 1 == job->threads ? (off_t)job->size : at + (off_t)(job->size / job->threads);
        char name[4096];
        int fd;

        snprintf(name, sizeof(name), "%s/%u", job->directory, job->number);
        fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (fd < 0)
                err(1, "%s", name);
        while (at < end) {
                ssize_t n = sendfile(fd, job->fd, &at, (size_t)(end - at));

                if (n <= 0)
                        err(1, "sendfile");
                job->made += (uint64_t)n;
        }
        close(fd);
        return NULL;
}

static void *run_zstd(void *argument)
{
        struct job *job = argument;
        ZSTD_DCtx *context = ZSTD_createDCtx();
        uint64_t at = 0;

        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27);
        for (size_t n, r = 1; r != 0;) {
                n = fill(job, &at);
                if (n == 0)
                        errx(1, "the image ends early");
                for (ZSTD_inBuffer in = { input, n, 0 }; in.pos < in.size && r != 0;) {
                        ZSTD_outBuffer out = { output, sizeof(output), 0 };

                        r = ZSTD_decompressStream(context, &out, &in);
                        if (ZSTD_isError(r))
                                errx(1, "zstd: %s", ZSTD_getErrorName(r));
                        job->made += out.pos;
                }
        }
        ZSTD_freeDCtx(context);
        return NULL;
}

#ifdef HAVE_ISAL
static void *run_isal(void *argument)
{
        struct job *job = argument;
        struct inflate_state *s = allocate(sizeof(*s));
        uint64_t at = 0;

        isal_inflate_init(s);
        s->crc_flag = ISAL_GZIP;
        while (s->block_state != ISAL_BLOCK_FINISH) {
                if (s->avail_in == 0) {
                        s->next_in = input;
                        s->avail_in = (uint32_t)fill(job, &at);
                        if (s->avail_in == 0)
                                errx(1, "the image ends early");
                }
                s->next_out = output;
                s->avail_out = sizeof(output);
                if (isal_inflate(s) < 0)
                        errx(1, "ISA-L failed");
                job->made += sizeof(output) - s->avail_out;
        }
        free(s);
        return NULL;
}
#endif

static void *run_zlib(void *argument)
{
        struct job *job = argument;
        z_stream s = { 0 };
        uint64_t at = 0;
        int r = inflateInit2(&s, 16 + MAX_WBITS);

        while (r == Z_OK || r == Z_BUF_ERROR) {
                if (s.avail_in == 0) {
                        s.next_in = input;
                        s.avail_in = (uInt)fill(job, &at);
                        if (s.avail_in == 0)
                                errx(1, "the image ends early");
                }
                s.next_out = output;
                s.avail_out = sizeof(output);
                r = inflate(&s, Z_NO_FLUSH);
                job->made += sizeof(output) - s.avail_out;
        }
        if (r != Z_STREAM_END)
                errx(1, "zlib: error %d", r);
        inflateEnd(&s);
        return NULL;
}

static void lzma_all(struct job *job, lzma_stream *s, lzma_ret r)
{
        uint64_t at = 0;

        while (r == LZMA_OK || r == LZMA_BUF_ERROR) {
                if (s->avail_in == 0 && at < job->size) {
                        s->next_in = input;
                        s->avail_in = fill(job, &at);
                }
                s->next_out = output;
                s->avail_out = sizeof(output);
                r = lzma_code(s, at == job->size ? LZMA_FINISH : LZMA_RUN);
                job->made += sizeof(output) - s->avail_out;
        }
        if (r != LZMA_STREAM_END)
                errx(1, "liblzma: error %d", (int)r);
        lzma_end(s);
}

static void *run_xz(void *argument)
{
        struct job *job = argument;
        lzma_stream s = LZMA_STREAM_INIT;
        lzma_mt options = { .threads = job->threads, .memlimit_threading = 192U << 20, .memlimit_stop = UINT64_MAX };

        if (job->threads > 1)
                lzma_all(job, &s, lzma_stream_decoder_mt(&s, &options));
        else
                lzma_all(job, &s, lzma_stream_decoder(&s, UINT64_MAX, 0));
        return NULL;
}

static void *run_lzma(void *argument)
{
        lzma_stream s = LZMA_STREAM_INIT;

        lzma_all(argument, &s, lzma_alone_decoder(&s, UINT64_MAX));
        return NULL;
}

/* Blocks that are independent: each thread decodes every so-manieth. */
static void *run_lz4_legacy(void *argument)
{
        struct job *job = argument;
        char *in = allocate(LZ4_COMPRESSBOUND(LZ4_BLOCK)), *out = allocate(LZ4_BLOCK);
        uint64_t at = sizeof(uint32_t); /* the magic number */
        uint32_t size;

        for (unsigned block = 0; at + sizeof(size) <= job->size; block++) {
                read_exactly(job, &size, sizeof(size), &at);
                size = le32toh(size);
                if (size == 0 || size > LZ4_COMPRESSBOUND(LZ4_BLOCK))
                        errx(1, "not an lz4 block");
                if (block % job->threads == job->number) {
                        int n;

                        read_exactly(job, in, size, &at);
                        n = LZ4_decompress_safe(in, out, (int)size, LZ4_BLOCK);
                        if (n < 0)
                                errx(1, "lz4 failed");
                        job->made += (uint64_t)n;
                } else {
                        at += size;
                }
        }
        free(in);
        free(out);
        return NULL;
}

static uint32_t big_endian(const struct job *job, uint64_t *at)
{
        uint32_t n;

        read_exactly(job, &n, sizeof(n), at);
        return ntohl(n);
}

/* As lzop -9 writes it: an Adler-32 of the decoded data, no extra field. */
static void *run_lzop(void *argument)
{
        struct job *job = argument;
        uint8_t *in = allocate(BLOCK), *out = allocate(BLOCK);
        uint64_t at = 9 + 2 + 2 + 2 + 1 + 1;
        uint32_t flags = big_endian(job, &at), size, packed, sum;
        uint8_t name;

        if ((flags & 0xf43) != 0x001)
                errx(1, "lzop flags %#x are not read here", flags);
        at += 4 + 4 + 4;
        read_exactly(job, &name, 1, &at);
        at += name + 4U;
        for (unsigned block = 0; (size = big_endian(job, &at)) != 0; block++) {
                unsigned long n = BLOCK;

                packed = big_endian(job, &at);
                sum = big_endian(job, &at);
                if (size > BLOCK || packed > size)
                        errx(1, "not an lzop block");
                if (block % job->threads == job->number) {
                        uint64_t from = at;

                        read_exactly(job, packed < size ? in : out, packed, &from);
                        if (packed < size && (lzo1x_decompress_safe(in, packed, out, &n, NULL) != 0 || n != size))
                                errx(1, "lzo failed");
                        if (adler32(1, out, size) != sum)
                                errx(1, "an lzop checksum does not match");
                        job->made += size;
                }
                at += packed;
        }
        free(in);
        free(out);
        return NULL;
}

static void *run_bzip2(void *argument)
{
        struct job *job = argument;
        bz_stream s = { 0 };
        uint64_t at = 0;
        int r = BZ2_bzDecompressInit(&s, 0, 0);

        while (r == BZ_OK) {
                if (s.avail_in == 0) {
                        s.next_in = (char *)input;
                        s.avail_in = (unsigned)fill(job, &at);
                        if (s.avail_in == 0)
                                errx(1, "the image ends early");
                }
                s.next_out = (char *)output;
                s.avail_out = sizeof(output);
                r = BZ2_bzDecompress(&s);
                job->made += sizeof(output) - s.avail_out;
        }
        if (r != BZ_STREAM_END)
                errx(1, "bzip2: error %d", r);
        BZ2_bzDecompressEnd(&s);
        return NULL;
}

static const struct {
        const char *name;
        void *(*run)(void *job);
        int parallel; /* one call a thread; without it, one call that may use threads of its own */
} decoders[] = {
        { "read", run_read, 0 }, { "write", run_write, 1 },
        { "zstd", run_zstd, 0 },
#ifdef HAVE_ISAL
        { "isal", run_isal, 0 },
#endif
        { "zlib", run_zlib, 0 }, { "xz", run_xz, 0 },
        { "lzma", run_lzma, 0 }, { "lz4-legacy", run_lz4_legacy, 1 },
        { "lzop", run_lzop, 1 }, { "bzip2", run_bzip2, 0 },
};

static uint64_t microseconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t used(const struct timeval *t)
{
        return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec;
}

#define THREADS_MAX 64U

int main(int argc, char **argv)
{
        uint64_t start = microseconds(), made = 0;
        struct job jobs[THREADS_MAX];
        pthread_t threads[THREADS_MAX];
        unsigned count = argc > 3 ? (unsigned)atoi(argv[3]) : 1, calls, which = 0;
        struct rusage usage;
        struct stat st;
        int fd;

        if (argc < 3 || count < 1 || count > THREADS_MAX)
                errx(2, "usage: decode-alone DECODER IMAGE [THREADS [DIRECTORY]]");
        while (which < sizeof(decoders) / sizeof(*decoders) && strcmp(decoders[which].name, argv[1]) != 0)
                which++;
        if (which == sizeof(decoders) / sizeof(*decoders))
                errx(2, "%s: no such decoder", argv[1]);
        fd = open(argv[2], O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                err(1, "%s", argv[2]);

        calls = decoders[which].parallel ? count : 1;
        for (unsigned i = 0; i < calls; i++) {
                jobs[i] = (struct job){ fd, (uint64_t)st.st_size, count, i, argc > 4 ? argv[4] : ".", 0 };
                if (i > 0 && pthread_create(&threads[i], NULL, decoders[which].run, &jobs[i]) != 0)
                        errx(1, "cannot start a thread");
        }
        decoders[which].run(&jobs[0]);
        for (unsigned i = 0; i < calls; i++) {
                if (i > 0)
                        pthread_join(threads[i], NULL);
                made += jobs[i].made;
        }

        getrusage(RUSAGE_SELF, &usage);
        printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", microseconds() - start,
               used(&usage.ru_utime) + used(&usage.ru_stime), made);
        return 0;
}
