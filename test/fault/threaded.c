/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* decoder.h with a thread instead of a process, to measure what the separation costs. */
#include <pthread.h>

#include "util/resources.h"
#include "decode/decode.h"
#include "decode/decoder.h"

struct decoder {
        enum format format;
        const struct codec *codec;
        struct ring ring, producer;
        struct decode d;
        pthread_t thread;
        bool running;
        int result;
};

static void *work(void *argument)
{
        struct decoder *decoder = argument;
        struct decode *d = &decoder->d;

        d->reason = NULL;
        decoder->result = decoder->codec->decode(d);
        atomic_store(&decoder->producer.stopped, false);
        ring_publish_end(d->ring, d->block++);
        return NULL;
}

int decoder_start(const struct image *image, enum format format, uint64_t window, struct decoder **ret)
{
        struct decoder *decoder = calloc(1, sizeof(*decoder));
        unsigned threads;

        if (!decoder)
                return -ENOMEM;
        decoder->format = format;
        decoder->codec = codec_find(format);
        threads = codec_threads(decoder->codec, cpus_usable());
        if (decoder->codec->load() < 0)
                return -ENOPKG;
        if (codec_ring(decoder->codec, threads, &decoder->ring) < 0)
                return -ENOMEM;
        decoder->producer = decoder->ring;
        decoder->d = (struct decode){ .image = image,
                                      .ring = &decoder->producer,
                                      .end = image->size,
                                      .threads = threads,
                                      .window = window,
                                      .memory = memory_for_decoding() };
        *ret = decoder;
        return 0;
}

enum format decoder_format(const struct decoder *decoder)
{
        return decoder->format;
}

void decoder_begin(struct decoder *decoder, uint64_t at)
{
        decoder->d.at = at;
        decoder->running = pthread_create(&decoder->thread, NULL, work, decoder) == 0;
}

int64_t decoder_take(struct decoder *decoder, const uint8_t **ret)
{
        int64_t n;

        do
                n = ring_take(&decoder->ring, 1000, ret);
        while (n == -ETIMEDOUT);
        if (n != 0)
                return n;
        ring_release(&decoder->ring);
        pthread_join(decoder->thread, NULL);
        decoder->running = false;
        return decoder->result;
}

void decoder_release(struct decoder *decoder)
{
        ring_release(&decoder->ring);
}

uint64_t decoder_end(const struct decoder *decoder)
{
        return decoder->d.at;
}

const char *decoder_failure(const struct decoder *decoder, uint64_t *ret_at)
{
        *ret_at = decoder->d.at;
        return decoder->d.reason ?: "";
}

pid_t decoder_pid(const struct decoder *decoder)
{
        (void)decoder;
        return 0;
}

void decoder_stop(struct decoder *decoder)
{
        if (!decoder)
                return;
        if (decoder->running)
                pthread_cancel(decoder->thread);
        ring_done(&decoder->ring);
        free(decoder);
}
