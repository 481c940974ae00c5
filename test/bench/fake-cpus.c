/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LD_PRELOAD: sched_getaffinity() tells of FAKE_CPUS processors, however few there are. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
        const char *count = getenv("FAKE_CPUS");
        int n = count ? atoi(count) : 1;

        (void)pid;
        if (n < 1 || (size_t)n > size * 8) {
                errno = EINVAL;
                return -1;
        }
        CPU_ZERO_S(size, set);
        for (int i = 0; i < n; i++)
                CPU_SET_S((size_t)i, size, set);
        return 0;
}
