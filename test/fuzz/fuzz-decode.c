/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each decoder's glue. The first byte chooses the format and the number of threads; the blocks are taken from the ring
 * by another thread, as the unpacker does in another process. */
#include <pthread.h>

#include "decode/decode.h"
#include "decode/decoder.h"
#include "fuzz.h"

static const enum format formats[] = { FORMAT_GZIP, FORMAT_ZSTD,       FORMAT_XZ,    FORMAT_LZMA,
                                       FORMAT_LZ4,  FORMAT_LZ4_LEGACY, FORMAT_BZIP2, FORMAT_LZOP };

static void *consume(void *argument)
{
        struct ring *ring = argument;
        uint64_t total = 0;

        for (;;) {
                const uint8_t *bytes;
                int64_t n = ring_take(ring, 1000, &bytes);

                if (n == -ETIMEDOUT)
                        continue;
                ALWAYS(n >= 0 && n <= ring->slot_size);
                if (n > 0)
                        total += bytes[0] + bytes[n - 1]; /* both ends can be read */
                ring_release(ring);
                if (n == 0)
                        return (void *)(uintptr_t)total;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        _cleanup_(ring_done) struct ring ring = RING_INIT;
        const struct codec *codec;
        enum format format;
        struct ring producer;
        pthread_t consumer;
        int r;

        if (size < 2)
                return 0;
        format = formats[data[0] % ELEMENTSOF(formats)];
        codec = codec_find(format);
        image = fuzz_image(data + 1, size - 1, 1);
        struct decode d = { .image = &image,
                            .end = image.size,
                            .threads = data[0] & 64 ? 2 : 1,
                            .window = DECODER_WINDOW,
                            .memory = 32 << 20 };

        ALWAYS(codec->load() == 0);
        ALWAYS(codec_ring(codec, d.threads, &ring) == 0);
        /* Two processes have a structure each. */
        memcpy(&producer, &ring, sizeof(producer));
        d.ring = &producer;
        ALWAYS(pthread_create(&consumer, NULL, consume, &ring) == 0);

        r = codec->decode(&d);
        ALWAYS(r == 0 || (r < 0 && r > -4096 && d.reason && *d.reason));
        ALWAYS(d.at <= image.size);
        if (magic_find(data + 1, size - 1) == (int)format) /* else no decoder would have been asked */
                ALWAYS(r < 0 || d.at > 0);
        atomic_store(&producer.stopped, false);
        ring_claim(&producer, d.block);
        ring_publish_end(&producer, d.block++);
        ALWAYS(pthread_join(consumer, NULL) == 0);
        return 0;
}
