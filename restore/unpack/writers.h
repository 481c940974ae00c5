/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Threads that copy the data of a plain part's files, so that more than one processor writes
 * to the tmpfs: two take 53 ms where one takes 86. Compressed parts do not need them, as the
 * decoder is slower than one writer.
 */

#include <stdint.h>

#include "tree.h"

struct writers;

/** Copying a file smaller than this is faster than handing it over, in bytes. */
#define WRITERS_SIZE_MIN (UINT64_C(64) << 10)

/**
 * Start up to @threads writers.
 *
 * @param tree  where room is made after ENOSPC
 * @return NULL if there are none (one processor, no memory): do the work yourself
 */
struct writers *writers_start(struct tree *tree, unsigned threads);

/**
 * Hand over a copy.
 *
 * @param from    file to copy from; stays open for as long as the writers run
 * @param offset  first byte in it
 * @param to      file to write to, at its position; owned by the writers if 1 is returned
 * @param size    bytes
 * @param mtime   to be set in the end
 * @return 1; or 0 if the queue is full: do the work yourself
 */
int writers_copy(struct writers *w, int from, uint64_t offset, int to, uint64_t size, uint32_t mtime);

/** Wait until all copies are done. @return 0, or the first failure's negative errno */
int writers_drain(struct writers *w);

/** Drain, end the threads, free all. NULL is fine. @return as writers_drain() */
int writers_stop(struct writers *w);
