/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The loader's cache of library paths, /etc/ld.so.cache, in glibc's format since 2.2.
 */

#include <stddef.h>

/**
 * Find a library in the cache. Each call returns one more path.
 *
 * @param cache  its bytes, or NULL
 * @param at     where to continue; 0 at first
 * @return the next absolute path, in @cache; NULL if there are no more, or the rest is damaged
 */
const char *cache_next(const char *cache, size_t size, const char *soname, size_t *at);
