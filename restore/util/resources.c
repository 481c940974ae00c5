/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "resources.h"

#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "skipcpio/util.h"

#define DECODING_MEMORY_MAX (UINT64_C(192) << 20)
#define DECODING_MEMORY_SHARE 8 /* of what is available: the tree has to fit as well */

unsigned cpus_usable(void)
{
        unsigned count = 0;
        cpu_set_t *set = NULL;

        /* The mask has a bit for every processor that the kernel could have, so guess until it fits. */
        for (int bits = CPU_SETSIZE; bits <= 1 << 20; bits *= 2) {
                size_t size = CPU_ALLOC_SIZE(bits);

                set = CPU_ALLOC(bits);
                if (!set)
                        break;
                if (sched_getaffinity(0, size, set) == 0) {
                        count = (unsigned)CPU_COUNT_S(size, set);
                        CPU_FREE(set);
                        break;
                }
                CPU_FREE(set);
                if (errno != EINVAL)
                        break;
        }
        return MAX(count, 1U);
}

/* A line of /proc/meminfo in bytes; 0 if unknown. */
static uint64_t read_meminfo(const char *name)
{
        _cleanup_fclose_ FILE *f = fopen("/proc/meminfo", "re");
        size_t length = strlen(name);
        char line[128];
        uint64_t kib;

        while (f && fgets(line, sizeof(line), f))
                if (strncmp(line, name, length) == 0 && sscanf(line + length, ": %" SCNu64 " kB", &kib) == 1)
                        return kib << 10;
        return 0;
}

uint64_t memory_available(void)
{
        return read_meminfo("MemAvailable");
}

/*
 * MemAvailable is what can be had without swapping: free pages above the watermarks, and caches that can be dropped.
 * Swap is not added: it is turned off before the pivot, and what lies there then has to fit into memory as well. What
 * is kept is for the rest of this restore, systemd-shutdown and the tools of the exitrd.
 */
uint64_t memory_spare(void)
{
        uint64_t available = memory_available(), total = read_meminfo("MemTotal");
        uint64_t kept = MIN(total / 32 + (UINT64_C(16) << 20), UINT64_C(256) << 20);

        return available > kept ? available - kept : MIN(available, UINT64_C(1));
}

uint64_t memory_mapped(void)
{
        _cleanup_fclose_ FILE *f = fopen("/proc/self/statm", "re");
        uint64_t pages;

        return f && fscanf(f, "%" SCNu64, &pages) == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t memory_for_decoding(void)
{
        uint64_t available = memory_available();

        return available > 0 ? MIN(available / DECODING_MEMORY_SHARE, DECODING_MEMORY_MAX) : DECODING_MEMORY_MAX / 4;
}

unsigned threads_for_memory(uint64_t bytes)
{
        return (unsigned)MAX(memory_for_decoding() / bytes, UINT64_C(1));
}

double seconds_now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
