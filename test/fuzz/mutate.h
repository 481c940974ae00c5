/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mutations that keep a cpio archive valid, which fuzzers that know nothing of headers hardly ever find.
 */

#include <stddef.h>
#include <stdint.h>

/**
 * Change an archive in one way.
 *
 * @param data  the archive, changed in place; any bytes will do
 * @param size  bytes of it
 * @param max   bytes that @data has room for
 * @param seed  what to do: the same number, the same change
 * @return its size now; 0 where nothing was done
 */
size_t newc_mutate(uint8_t *data, size_t size, size_t max, uint64_t seed);
