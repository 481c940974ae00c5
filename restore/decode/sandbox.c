/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox.h"

#include <linux/capability.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "skipcpio/util.h"
#include "util/compat.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static bool is_image(const struct image *image, int fd)
{
        for (size_t i = 0; i < image->count; i++)
                if (image->regions[i].fd == fd)
                        return true;
        return false;
}

/* Close what is open of @first to @end, of those that this process could have opened. */
static void close_one_by_one(unsigned first, unsigned end)
{
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
                limit.rlim_cur = 1U << 20;
        for (unsigned fd = first; fd < end && fd < limit.rlim_cur; fd++)
                close((int)fd);
}

/* Close the ranges of descriptors between the image's. */
static int close_others(const struct image *image)
{
        unsigned first = 0;

        for (;;) {
                unsigned next = ~0U;

                while (is_image(image, (int)first))
                        first++;
                for (size_t i = 0; i < image->count; i++)
                        if ((unsigned)image->regions[i].fd > first)
                                next = MIN(next, (unsigned)image->regions[i].fd);
                if (close_range(first, next == ~0U ? ~0U : next - 1, 0) < 0) {
                        if (errno != ENOSYS) /* Linux before 5.9 */
                                return -errno;
                        close_one_by_one(first, next);
                }
                if (next == ~0U)
                        return 0;
                first = next;
        }
}

static int drop_capabilities(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &header, none) < 0)
                return -errno;
        return 0;
}

/* s390x has clone's arguments in another order, and mmap's in memory. */
#ifdef __s390__
#define CLONE_FLAGS 1
#define PROTECTION_IN_SIGHT(call) ((call) != SCMP_SYS(mmap))
#else
#define CLONE_FLAGS 0
#define PROTECTION_IN_SIGHT(call) 1
#endif

/* @return as sandbox_enter() */
static int filter_calls(void)
{
        static const int allowed[] = {
                SCMP_SYS(read),          SCMP_SYS(pread64),         SCMP_SYS(fadvise64),
                SCMP_SYS(futex),         SCMP_SYS(munmap),          SCMP_SYS(mremap),
                SCMP_SYS(brk),           SCMP_SYS(madvise),         SCMP_SYS(exit),
                SCMP_SYS(exit_group),    SCMP_SYS(sched_yield),     SCMP_SYS(rt_sigprocmask),
                SCMP_SYS(rt_sigreturn),  SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
                SCMP_SYS(clock_gettime), SCMP_SYS(getrandom),       SCMP_SYS(sched_getaffinity),
                SCMP_SYS(rt_sigaction),  SCMP_SYS(restart_syscall), /* a sleep with a time limit goes on by this after
                                                                       SIGSTOP and SIGCONT */
        };
        /* By their names on 32-bit machines; where there is no such call the rule is left out. */
        static const int narrow[] = { SCMP_SYS(fadvise64_64), SCMP_SYS(arm_fadvise64_64), SCMP_SYS(futex_time64),
                                      SCMP_SYS(clock_gettime64) };
        static const int memory[] = { SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect) };
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
        int r = 0;

        /* Where the kernel has no filters, or not for us, the image is decoded all the same. */
        if (!filter)
                return 1;
        for (size_t i = 0; i < ELEMENTSOF(allowed) && r == 0; i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
        for (size_t i = 0; i < ELEMENTSOF(narrow) && r == 0; i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, narrow[i], 0);
        for (size_t i = 0; i < ELEMENTSOF(memory) && r == 0; i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, memory[i], PROTECTION_IN_SIGHT(memory[i]),
                                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        /* Threads only. clone3's flags are out of a filter's sight; without it glibc takes clone. */
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                     SCMP_CMP(CLONE_FLAGS, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
        if (r == 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
        if (r < 0) {
                seccomp_release(filter);
                return r;
        }
        r = seccomp_load(filter) < 0 ? 1 : 0;
        seccomp_release(filter);
        return r;
}

int sandbox_enter(const struct image *image)
{
        static const struct rlimit no_core = { 0, 0 };
        int r;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
                return -errno;
        setrlimit(RLIMIT_CORE, &no_core); /* a core dump of a hostile image's victim helps nobody at shutdown */
        if (SANITIZED)                    /* the sanitizers' run-time needs descriptors and calls of its own */
                return drop_capabilities();
        r = close_others(image);
        if (r == 0)
                r = drop_capabilities();
        if (r < 0)
                return r;
        return filter_calls();
}
