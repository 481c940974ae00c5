/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>

#include "decode.h"

struct pool {
        pthread_mutex_t lock;
        struct decode *d;
        const struct block_format *format;
        void *state;
        int result;      /* 0, 1 when there is no further block, or the first failure */
        uint32_t failed; /* the block that failed: an earlier one's failure takes precedence */
        const char *reason;
        uint64_t failed_at;
};

static void fail(struct pool *pool, uint32_t number, int error, const char *reason, uint64_t at)
{
        if (pool->result < 0 && number - pool->failed < UINT32_MAX / 2)
                return;
        pool->result = error;
        pool->failed = number;
        pool->reason = reason;
        pool->failed_at = at;
        /* The consumer waits for the failed block and releases no other. */
        ring_stop(pool->d->ring);
}

/* A block cannot be handed over, as another one has failed: if that is a later one, this is the first that the
 * consumer will not get. */
static void give_up(struct pool *pool, uint32_t number)
{
        if (pool->failed - number < UINT32_MAX / 2)
                pool->failed = number;
}

static void *work(void *argument)
{
        struct pool *pool = argument;
        struct decode *d = pool->d;
        _cleanup_free_ uint8_t *input = malloc(pool->format->block_size_max);

        for (;;) {
                struct block block;
                struct space out;
                const char *reason = "not enough memory";
                uint32_t number;
                int r;

                pthread_mutex_lock(&pool->lock);
                number = d->block;
                if (pool->result == 0) {
                        r = pool->format->next(d, pool->state, &block);
                        if (r > 0)
                                d->block++;
                        else if (r == 0)
                                pool->result = 1;
                        else
                                fail(pool, number, r, d->reason, d->at);
                }
                r = pool->result;
                pthread_mutex_unlock(&pool->lock);
                if (r != 0)
                        return NULL;

                out = (struct space){ ring_claim(d->ring, number), d->ring->slot_size };
                r = -ENOMEM;
                if (out.bytes && input)
                        r = decode_read(d, input, block.size, block.at, &reason);
                if (out.bytes && r >= 0)
                        r = pool->format->decode(&block, input, &out, &reason);
                if (r == 0 && out.size == d->ring->slot_size) {
                        reason = "an empty block";
                        r = -EBADMSG;
                }
                if (r == 0) {
                        ring_publish(d->ring, number, d->ring->slot_size - (uint32_t)out.size);
                        continue;
                }
                pthread_mutex_lock(&pool->lock);
                if (!out.bytes)
                        give_up(pool, number);
                else
                        fail(pool, number, r, reason, block.at);
                pthread_mutex_unlock(&pool->lock);
                return NULL;
        }
}

int decode_blocks(struct decode *d, const struct block_format *format, void *state)
{
        struct pool pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .d = d, .format = format, .state = state };
        pthread_t threads[RING_SLOTS_MAX];
        unsigned count = 0;

        while (count + 1 < MIN(d->threads, RING_SLOTS_MAX) && pthread_create(&threads[count], NULL, work, &pool) == 0)
                count++;
        work(&pool); /* with no other thread, everything is done here */
        while (count > 0)
                pthread_join(threads[--count], NULL);

        if (pool.result < 0) {
                d->reason = pool.reason;
                d->at = pool.failed_at;
                d->block = pool.failed;
                return pool.result;
        }
        return 0;
}
