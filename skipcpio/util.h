/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Cleanup by scope, and small helpers for all folders.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))

/** Close @fd unless it is negative; errno survives. Returns -1, so that `fd = safe_close(fd)` reads well. */
static inline int safe_close(int fd)
{
        if (fd >= 0) {
                int saved = errno;

                close(fd);
                errno = saved;
        }
        return -1;
}

static inline void closep(int *fd)
{
        *fd = safe_close(*fd);
}

static inline void freep(void *p)
{
        free(*(void **)p);
}

static inline void fclosep(FILE **f)
{
        if (*f)
                fclose(*f);
}

#define _cleanup_close_ _cleanup_(closep)
#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_fclose_ _cleanup_(fclosep)

/** Hand over what @var owns: its value, with @var left holding @empty. */
#define TAKE(var, empty)                         \
        ({                                       \
                __typeof__(var) *take_ = &(var); \
                __typeof__(var) taken_ = *take_; \
                *take_ = (empty);                \
                taken_;                          \
        })
#define TAKE_FD(fd) TAKE(fd, -1)
#define TAKE_PTR(p) TAKE(p, NULL)

#define MIN(a, b)                       \
        ({                              \
                __typeof__(a) a_ = (a); \
                __typeof__(b) b_ = (b); \
                a_ < b_ ? a_ : b_;      \
        })
#define MAX(a, b)                       \
        ({                              \
                __typeof__(a) a_ = (a); \
                __typeof__(b) b_ = (b); \
                a_ > b_ ? a_ : b_;      \
        })

/** @n rounded up to a multiple of @to, a power of two. */
static inline uint64_t align_up(uint64_t n, uint64_t to)
{
        return (n + to - 1) & ~(to - 1);
}

/** The little-endian number at @p, which need not be aligned. */
static inline uint16_t get_le16(const uint8_t *p)
{
        return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get_le32(const uint8_t *p)
{
        return get_le16(p) | (uint32_t)get_le16(p + 2) << 16;
}

/** The big-endian number at @p, which need not be aligned. */
static inline uint32_t get_be32(const uint8_t *p)
{
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
