/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "skipcpio/util.h"
#include "util/compat.h"
#include "util/resources.h"

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

/* Close descriptors @first to @end, up to the highest that this process can have. */
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
                        if (errno != ENOSYS && errno != EPERM) /* Linux before 5.9; a container's profile */
                                return -errno;
                        close_one_by_one(first, next);
                }
                if (next == ~0U)
                        return 0;
                first = next;
        }
}

/* No core dumps, which help nobody at shutdown, and no writing to files. */
static int limit_resources(uint64_t memory)
{
        static const struct rlimit none = { 0, 0 };
        uint64_t mapped = memory_mapped();
        struct rlimit limit;

        if (setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_FSIZE, &none) < 0 || getrlimit(RLIMIT_AS, &limit) < 0)
                return -errno;
        if (mapped == 0) /* not known without /proc */
                return 0;
        limit.rlim_max = limit.rlim_cur = MIN(limit.rlim_cur, (rlim_t)(mapped + memory));
        return setrlimit(RLIMIT_AS, &limit) < 0 ? -errno : 0;
}

static int drop_capabilities(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &header, none) < 0)
                return -errno;
        return 0;
}

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__loongarch64)
#define ARCHITECTURE AUDIT_ARCH_LOONGARCH64
#else
#error "the filter of system calls needs this architecture's AUDIT_ARCH_..."
#endif

/* The offset of the lower half of a call's argument, for a filter. */
#define LOWER_HALF (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4U : 0U)
#define ARGUMENT(n) ((uint32_t)offsetof(struct seccomp_data, args[n]) + LOWER_HALF)

#ifdef __s390x__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), RETURN(SECCOMP_RET_ALLOW)
/* Allowed where argument @n has one of @bits set, or, with ALLOW_WITHOUT(), none of them. */
#define ALLOW_WITH(call, n, bits)                                                                      \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 4), LOAD(ARGUMENT(n)),                      \
                        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, 1), RETURN(SECCOMP_RET_ALLOW), \
                        RETURN(SECCOMP_RET_KILL_PROCESS)
#define ALLOW_WITHOUT(call, n, bits)                                                                   \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 4), LOAD(ARGUMENT(n)),                      \
                        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 1, 0), RETURN(SECCOMP_RET_ALLOW), \
                        RETURN(SECCOMP_RET_KILL_PROCESS)

/* The most frequent calls first. */
static const struct sock_filter filter[] = {
        LOAD(offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(offsetof(struct seccomp_data, nr)),
        ALLOW(futex),
        ALLOW(pread64),
#ifdef SYS_fadvise64
        ALLOW(fadvise64),
#endif
/* The same by their names on 32-bit machines. */
#ifdef SYS_fadvise64_64
        ALLOW(fadvise64_64),
#endif
#ifdef SYS_arm_fadvise64_64
        ALLOW(arm_fadvise64_64),
#endif
#ifdef SYS_futex_time64
        ALLOW(futex_time64),
#endif
#ifdef SYS_clock_gettime64
        ALLOW(clock_gettime64),
#endif
        ALLOW(read),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(brk),
        ALLOW(madvise),
        ALLOW(exit),
        ALLOW(exit_group),
        ALLOW(sched_yield),
        ALLOW(rt_sigprocmask),
        ALLOW(rt_sigreturn),
        ALLOW(set_robust_list),
#ifdef SYS_rseq
        ALLOW(rseq),
#endif
        ALLOW(clock_gettime),
        ALLOW(getrandom),
        ALLOW(sched_getaffinity),
        ALLOW(rt_sigaction),
        ALLOW(restart_syscall), /* a sleep with a time limit goes on by this after SIGSTOP and SIGCONT */
        ALLOW_WITHOUT(mprotect, 2, PROT_EXEC),
#if defined(SYS_mmap2)
        ALLOW_WITHOUT(mmap2, 2, PROT_EXEC),
#elif defined(__s390x__)
        ALLOW(mmap), /* its arguments are in memory, out of a filter's sight */
#else
        ALLOW_WITHOUT(mmap, 2, PROT_EXEC),
#endif
        /* Threads only. A filter cannot see clone3's flags; without clone3, glibc uses clone. */
        ALLOW_WITH(clone, CLONE_FLAGS, CLONE_THREAD),
#ifdef SYS_clone3
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        RETURN(SECCOMP_RET_ERRNO | ENOSYS),
#endif
        RETURN(SECCOMP_RET_KILL_PROCESS),
};

/* @return as sandbox_enter() */
static int filter_calls(void)
{
        const struct sock_fprog program = { ELEMENTSOF(filter), (struct sock_filter *)filter };

        /* Only a kernel that has filters looks at the program, which is nowhere. Where it has none, the image is
         * decoded all the same; what else can go wrong must not take the filter away. */
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && (errno == ENOSYS || errno == EINVAL))
                return 1;
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}

int sandbox_enter(const struct image *image, uint64_t memory)
{
        int r;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
                return -errno;
        if (SANITIZED) /* the sanitizers' run-time needs descriptors, memory and calls of its own */
                return drop_capabilities();
        r = limit_resources(memory);
        if (r == 0)
                r = close_others(image);
        if (r == 0)
                r = drop_capabilities();
        if (r < 0)
                return r;
        return filter_calls();
}
