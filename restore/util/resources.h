/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Processors, memory and time: how much there is, and how much to use.
 */

#include <stdint.h>

/** Processors that this process may run on (sched_getaffinity), at least 1. */
unsigned cpus_usable(void);

/** Memory that is free or can be made so (MemAvailable of /proc/meminfo), in bytes; 0 if unknown. */
uint64_t memory_available(void);

/** Bytes of address space that this process has mapped (VmSize); 0 if unknown. */
uint64_t memory_mapped(void);

/** Bytes that a threaded decoder may use at the most: 192 MiB, or less where memory is short. */
uint64_t memory_for_decoding(void);

/** How many threads of @bytes each fit into memory_for_decoding(), at least 1. */
unsigned threads_for_memory(uint64_t bytes);

/**
 * Bytes that a tmpfs may take: the available memory less a reserve for what else runs until power-off.
 * 0 if unknown.
 */
uint64_t memory_spare(void);

/** Seconds on a clock that only goes forward (CLOCK_MONOTONIC), from an arbitrary start. */
double seconds_now(void);
