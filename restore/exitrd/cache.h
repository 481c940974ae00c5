/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The loader's cache of where libraries are: /etc/ld.so.cache, in the form that glibc has since 2.2.
 */

#include <stddef.h>

/**
 * Find a library's names in the cache: one call, one name.
 *
 * @param cache  its bytes, or NULL
 * @param at     where to go on, 0 at first
 * @return the next absolute name, in @cache; NULL where there are no more, or the rest is damaged
 */
const char *cache_next(const char *cache, size_t size, const char *soname, size_t *at);
