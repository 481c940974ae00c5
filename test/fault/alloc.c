/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded: makes one allocation of the program fail, or all from one on. They are counted from its first call of
 * umask(), before which only its loader allocates.
 */
#include "alloc.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static struct alloc_fault *fault;
static int role;
static _Atomic int started;

static void in_child(void)
{
        role = 1;
}

__attribute__((constructor)) static void setup(void)
{
        const char *fd = getenv("FAULT_ALLOC");
        void *p = fd ? mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(fd), 0) : MAP_FAILED;

        if (p == MAP_FAILED)
                return;
        fault = p;
        close(atoi(fd));
        unsetenv("FAULT_ALLOC");
        unsetenv("LD_PRELOAD");
        pthread_atfork(NULL, NULL, in_child);
}

mode_t umask(mode_t mask)
{
        started = 1;
        return (mode_t)syscall(SYS_umask, mask);
}

static int fails(void)
{
        int n, at;

        if (!fault || !started)
                return 0;
        n = ++fault->counts[role];
        at = fault->at;
        if (at == 0 || fault->role != role || (n != at && !(fault->on && n > at)))
                return 0;
        fault->hit = 1;
        errno = ENOMEM;
        return 1;
}

void *malloc(size_t size)
{
        return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
        return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
        return fails() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
        size_t bytes;

        if (__builtin_mul_overflow(count, size, &bytes)) {
                errno = ENOMEM;
                return NULL;
        }
        return fails() ? NULL : __libc_realloc(old, bytes);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
        void *p = fails() ? NULL : __libc_memalign(alignment, size);

        if (!p)
                return ENOMEM;
        *ret = p;
        return 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
        return fails() ? NULL : __libc_memalign(alignment, size);
}
