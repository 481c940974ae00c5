/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ring.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

#include "util/compat.h"
#include "util/newmount.h"

/* States of a slot; a published block of n bytes is PUBLISHED + n. */
enum { EMPTY = 0, AWAITED = 1, PUBLISHED = 2 };

struct ring_shared {
        _Atomic uint32_t ready[RING_SLOTS_MAX];
        _Atomic uint32_t released; /* number of blocks that the consumer has given back */
        _Atomic uint32_t waiting;  /* producers that sleep on @released */
};

/* Huge pages are worth their set-up for a ring of this size. */
#define HUGE_MIN ((size_t)8 << 20)

/* Each kind of struct timespec has its own call; a 32-bit system can have either, or both. */
#ifndef SYS_futex_time64
#define CALL SYS_futex
#elif !defined(SYS_futex)
#define CALL SYS_futex_time64
#else
#define CALL (sizeof(time_t) > sizeof(long) ? SYS_futex_time64 : SYS_futex)
#endif

static long futex(_Atomic uint32_t *word, int operation, uint32_t value, const struct timespec *timeout)
{
        return syscall(CALL, word, operation, value, timeout, NULL, 0);
}

static size_t slots_bytes(const struct ring *ring)
{
        return (size_t)ring->slot_size * ring->slot_count;
}

/* A file of a tmpfs that is mounted nowhere, in huge pages: a page of 4 KiB costs each of the two processes a fault
 * when it is first touched, which for lz4 is more than the decoding. The pages are those of a file system, as those of
 * a memfd are huge only where shmem_enabled says so. */
static int open_huge(size_t size)
{
        static const struct mount_setting settings[] = { { .key = "huge", .value = "within_size" } };
        _cleanup_close_ int fd = -1,
                            mount = mount_new("tmpfs", MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                                              settings, ELEMENTSOF(settings));

        if (mount < 0)
                return mount;
        fd = openat(mount, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static void *map_shared(int fd, size_t size)
{
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0),
                       fd, 0);

        return p == MAP_FAILED ? NULL : p;
}

int ring_new(struct ring *ring, uint32_t slot_size, uint32_t slot_count)
{
        _cleanup_close_ int huge = -1;

        *ring = (struct ring){ .slot_size = slot_size, .slot_count = slot_count };
        if (slots_bytes(ring) >= HUGE_MIN)
                huge = open_huge(slots_bytes(ring)); /* needs privileges; without them pages are small */
        ring->shared = map_shared(-1, sizeof(*ring->shared));
        ring->slots = map_shared(huge, slots_bytes(ring));
        if (ring->shared && ring->slots)
                return 0;
        ring_done(ring);
        return -ENOMEM;
}

void ring_done(struct ring *ring)
{
        if (ring->shared)
                munmap(ring->shared, sizeof(*ring->shared));
        if (ring->slots)
                munmap(ring->slots, slots_bytes(ring));
        *ring = RING_INIT;
}

static uint32_t slot_of(const struct ring *ring, uint32_t number)
{
        return number % ring->slot_count;
}

uint8_t *ring_claim(struct ring *ring, uint32_t number)
{
        struct ring_shared *shared = ring->shared;
        uint32_t released;

        while (number - (released = atomic_load(&shared->released)) >= ring->slot_count) {
                if (atomic_load(&ring->stopped))
                        return NULL;
                atomic_fetch_add(&shared->waiting, 1);
                futex(&shared->released, FUTEX_WAIT, released, &(const struct timespec){ .tv_nsec = 100000000L });
                atomic_fetch_sub(&shared->waiting, 1);
        }
        return ring->slots + (size_t)slot_of(ring, number) * ring->slot_size;
}

void ring_stop(struct ring *ring)
{
        atomic_store(&ring->stopped, true);
        /* A thread that is about to sleep misses this, but its time-out is short. */
        futex(&ring->shared->released, FUTEX_WAKE, INT_MAX, NULL);
}

void ring_publish(struct ring *ring, uint32_t number, uint32_t size)
{
        _Atomic uint32_t *ready = &ring->shared->ready[slot_of(ring, number)];

        if (atomic_exchange(ready, PUBLISHED + size) == AWAITED)
                futex(ready, FUTEX_WAKE, 1, NULL);
}

/* The consumer may sleep on a block behind the last one. */
void ring_publish_end(struct ring *ring, uint32_t number)
{
        ring_claim(ring, number);
        ring_publish(ring, number, 0);
        for (uint32_t slot = 0; slot < ring->slot_count; slot++) {
                _Atomic uint32_t *ready = &ring->shared->ready[slot];
                uint32_t awaited = AWAITED;

                if (atomic_compare_exchange_strong(ready, &awaited, EMPTY))
                        futex(ready, FUTEX_WAKE, 1, NULL);
        }
}

static void wake_producers(struct ring *ring)
{
        if (atomic_load(&ring->shared->waiting) > 0)
                futex(&ring->shared->released, FUTEX_WAKE, INT_MAX, NULL);
}

/* Sleep until block @number is published, or the part's end; not where it is or the next block is there already.
 * @return whether that was before the time-out */
static bool sleep_until(struct ring *ring, uint32_t number, const struct timespec *timeout)
{
        _Atomic uint32_t *ready = &ring->shared->ready[slot_of(ring, number)];
        uint32_t state = EMPTY;

        if (!atomic_compare_exchange_strong(ready, &state, AWAITED) && state != AWAITED)
                return true;
        /* What was published before the mark wakes nobody, and may be all that comes. */
        return atomic_load(&ring->shared->ready[slot_of(ring, ring->next)]) >= PUBLISHED ||
               futex(ready, FUTEX_WAIT, AWAITED, timeout) == 0 || errno != ETIMEDOUT;
}

int64_t ring_take(struct ring *ring, int timeout_ms, const uint8_t **ret)
{
        uint32_t slot = slot_of(ring, ring->next);
        _Atomic uint32_t *ready = &ring->shared->ready[slot];
        uint32_t state = atomic_load(ready);

        if (state < PUBLISHED) {
                const struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };

                wake_producers(ring);
                /* Half a ring at a time: it is the decoder that pays for waking another CPU. With a wake a block, zstd
                 * took 5 % longer, gzip 2 %, and both 5 % more of the CPUs. */
                if (sleep_until(ring, ring->next + (ring->slot_count - 1) / 2, &timeout) &&
                    atomic_load(ready) < PUBLISHED) /* several producers, a later block first */
                        sleep_until(ring, ring->next, &timeout);
                state = atomic_load(ready);
                if (state < PUBLISHED)
                        return -ETIMEDOUT;
        }
        if (state - PUBLISHED > ring->slot_size)
                return -EBADMSG;
        *ret = ring->slots + (size_t)slot * ring->slot_size;
        return state - PUBLISHED;
}

void ring_release(struct ring *ring)
{
        _Atomic uint32_t *ready = &ring->shared->ready[slot_of(ring, ring->next)];

        atomic_store(ready, EMPTY);
        ring->next++;
        atomic_store(&ring->shared->released, ring->next);
        /* Producers that found the ring full are woken once it is half empty: waking them for every block
         * costs a switch a block on one CPU, and on two there is enough left to unpack meanwhile. */
        if (ring->next % MAX(ring->slot_count / 2, 1U) == 0)
                wake_producers(ring);
}
