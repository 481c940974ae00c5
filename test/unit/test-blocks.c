/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A damaged block in a part of independent blocks, with several threads and a slow consumer: the blocks before it
 * arrive, then the end. Nobody waits for a block that is never made. */
#include <pthread.h>
#include <time.h>

#include "decode/decode.h"
#include "test.h"

#define BLOCKS 40U
#define BROKEN 20U

struct consumer {
        struct ring ring;
        unsigned taken;
        bool holds; /* what it has taken for a while, instead of waiting before */
        bool ended;
};

static void *consume(void *argument)
{
        struct consumer *c = argument;
        const struct timespec slow = { .tv_nsec = c->holds ? 300000 : 20000000 };

        for (;;) {
                const uint8_t *bytes;
                int64_t n;

                if (!c->holds)
                        nanosleep(&slow, NULL);
                n = ring_take(&c->ring, 3000, &bytes);
                if (n < 0)
                        return NULL;
                if (c->holds)
                        nanosleep(&slow, NULL);
                ring_release(&c->ring);
                if (n == 0) {
                        c->ended = true;
                        return NULL;
                }
                c->taken++;
        }
}

static int next(struct decode *d, void *state, struct block *ret)
{
        unsigned *found = state;

        if (*found == BROKEN)
                return decode_fail(d, "broken");
        *ret = (struct block){ .at = d->at++, .size = 1, .plain_size = ++*found };
        return 1;
}

static int decode(const struct block *block, const uint8_t *in, struct space *out, const char **reason)
{
        (void)block, (void)in, (void)reason;
        out->bytes[0] = 1;
        *out = (struct space){ out->bytes + 1, out->size - 1 };
        return 0;
}

static void test_failure_with_slow_consumer(void **state)
{
        static const struct block_format format = { .block_size_max = 1, .next = next, .decode = decode };

        (void)state;
        for (unsigned threads = 1; threads <= 4; threads++) {
                _cleanup_(image_done) struct image image = IMAGE_INIT;
                struct consumer consumer = { 0 };
                struct ring producer;
                pthread_t thread;
                unsigned found = 0;

                assert_int_equal(image_add(&image, test_file("x", 1), "x", 0, 1), 0);
                image.size = BLOCKS;
                image.regions[0].size = BLOCKS;
                assert_int_equal(ftruncate(image.regions[0].fd, BLOCKS), 0);
                assert_int_equal(ring_new(&consumer.ring, 4096, 2), 0);
                memcpy(&producer, &consumer.ring, sizeof(producer));
                struct decode d = { .image = &image, .ring = &producer, .end = image.size, .threads = threads };

                assert_int_equal(pthread_create(&thread, NULL, consume, &consumer), 0);
                assert_int_equal(decode_blocks(&d, &format, &found), -EBADMSG);
                assert_string_equal(d.reason, "broken");
                atomic_store(&producer.stopped, false);
                ring_publish_end(&producer, d.block);
                assert_int_equal(pthread_join(thread, NULL), 0);
                assert_true(consumer.ended);
                assert_true(consumer.taken <= BROKEN);
                ring_done(&consumer.ring);
        }
}

/* Blocks of all sizes that fit into a slot arrive whole and in order. */
#define SLOT 4096U

static uint32_t size_of(uint32_t number)
{
        return number % 3 == 0 ? SLOT : 1 + (number * 1237) % SLOT;
}

static int next_sized(struct decode *d, void *state, struct block *ret)
{
        unsigned *found = state;

        if (*found == BLOCKS)
                return 0;
        *ret = (struct block){ .at = d->at++, .size = 1, .plain_size = (*found)++ };
        return 1;
}

static int decode_sized(const struct block *block, const uint8_t *in, struct space *out, const char **reason)
{
        uint32_t size = size_of(block->plain_size);

        (void)in, (void)reason;
        for (uint32_t i = 0; i < size; i++)
                out->bytes[i] = (uint8_t)(block->plain_size + i);
        *out = (struct space){ out->bytes + size, out->size - size };
        return 0;
}

static void *check_sized(void *argument)
{
        struct ring *ring = argument;
        const uint8_t *bytes;
        uint32_t number = 0;
        int64_t n;

        while ((n = ring_take(ring, 3000, &bytes)) > 0) {
                assert_int_equal(n, size_of(number));
                for (int64_t i = 0; i < n; i++)
                        assert_int_equal(bytes[i], (uint8_t)(number + i));
                number++;
                ring_release(ring);
        }
        assert_int_equal(n, 0);
        assert_int_equal(number, BLOCKS);
        return NULL;
}

static void test_blocks_in_order(void **state)
{
        static const struct block_format format = { .block_size_max = 1, .next = next_sized, .decode = decode_sized };

        (void)state;
        for (unsigned threads = 1; threads <= 4; threads++) {
                _cleanup_(image_done) struct image image = IMAGE_INIT;
                struct ring consumer, producer;
                pthread_t thread;
                unsigned found = 0;

                assert_int_equal(image_add(&image, test_file("x", 1), "x", 0, 1), 0);
                image.size = image.regions[0].size = BLOCKS;
                assert_int_equal(ftruncate(image.regions[0].fd, BLOCKS), 0);
                assert_int_equal(ring_new(&consumer, SLOT, 3), 0);
                memcpy(&producer, &consumer, sizeof(producer));
                struct decode d = { .image = &image, .ring = &producer, .end = image.size, .threads = threads };

                assert_int_equal(pthread_create(&thread, NULL, check_sized, &consumer), 0);
                assert_int_equal(decode_blocks(&d, &format, &found), 0);
                ring_publish_end(&producer, d.block);
                assert_int_equal(pthread_join(thread, NULL), 0);
                ring_done(&consumer);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_failure_with_slow_consumer),
                cmocka_unit_test(test_blocks_in_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
