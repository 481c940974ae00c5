/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The ring of blocks between the decoder and the unpacker, in memory that two processes share.
 *
 * A block has a sequence number and lies in slot (number mod count). Producers may fill blocks
 * in any order, several at a time; the consumer takes them in the order of their numbers. The
 * consumer does not trust the shared memory: it has its own copies of sizes and addresses, and reads
 * a block's length once and checks it.
 */

#include <stdatomic.h>
#include <stdint.h>

#include "skipcpio/util.h"

#define RING_SLOTS_MAX 16U

struct ring_shared; /* what both sides write to */

struct ring {
        struct ring_shared *shared;
        uint8_t *slots;
        uint32_t slot_size;  /* bytes */
        uint32_t slot_count; /* at most RING_SLOTS_MAX */
        uint32_t next;       /* consumer: number of the block to take next */
        atomic_bool stopped; /* producer: stop waiting */
};

#define RING_INIT ((struct ring){ 0 })

/**
 * Make a ring that children forked later share.
 *
 * @param slot_size   bytes a block can have, at most 1 GiB
 * @param slot_count  1 to RING_SLOTS_MAX
 * @return 0 or -ENOMEM; memory is used only as it is written to
 */
int ring_new(struct ring *ring, uint32_t slot_size, uint32_t slot_count);

/** Unmap. Works as a cleanup function. */
void ring_done(struct ring *ring);

/** Producer: wait until block @number may be written to.
 *  @return its slot, slot_size bytes; NULL after ring_stop() */
uint8_t *ring_claim(struct ring *ring, uint32_t number);

/** Producer: let all of this process's threads that wait in ring_claim() return. */
void ring_stop(struct ring *ring);

/** Producer: hand over block @number, of @size bytes, at least 1. */
void ring_publish(struct ring *ring, uint32_t number, uint32_t size);

/** Producer: mark the part's end, in place of block @number, once its slot is free. */
void ring_publish_end(struct ring *ring, uint32_t number);

/**
 * Consumer: wait for the next block.
 *
 * @param timeout_ms  how long to wait at most
 * @param ret         its bytes, which the producer may still change
 * @return its size, 0 at the part's end; -ETIMEDOUT; -EBADMSG if the size is impossible
 */
int64_t ring_take(struct ring *ring, int timeout_ms, const uint8_t **ret);

/** Consumer: give the block taken last back to the producers. */
void ring_release(struct ring *ring);
