/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A decoder under an attacker's control: instead of a row of the table in restore/decode/codec.c, the program gets the
 * one below. $ROGUE says what it does instead of decoding, in the decoder's process and under its filter.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "decode/decode.h"
#include "skipcpio/newc.h"
#include "util/compat.h"

#ifndef SYS_mmap /* 32 bits */
#define SYS_mmap SYS_mmap2
#endif

static struct decode *d;
static const char *target; /* a file of somebody else */

/* A valid archive of one file. */
static size_t good(uint8_t *out)
{
        static const char names[2][12] = { "file", NEWC_TRAILER };
        size_t used = 0;

        for (size_t i = 0; i < 2; i++) {
                used += (size_t)sprintf((char *)out + used, "070701%08x%08x%032x%08x%032x%08zx%08x", 0,
                                        i == 0 ? 0100644 : 0, 1, 0, 0, strlen(names[i]) + 1, 0);
                used += (size_t)sprintf((char *)out + used, "%s", names[i]) + 1;
                while (used % NEWC_ALIGNMENT != 0)
                        out[used++] = 0;
        }
        return used;
}

static void publish_good(void)
{
        uint8_t *out = ring_claim(d->ring, d->block);

        ring_publish(d->ring, d->block++, (uint32_t)good(out));
}

/* --- calls that no decoder makes --- */

static void do_write(void)
{
        syscall(SYS_write, STDERR_FILENO, "evil\n", 5);
}
static void do_pwrite(void)
{
        syscall(SYS_pwrite64, d->image->regions[0].fd, "evil", 4, 0);
}
static void do_open(void)
{
        syscall(SYS_openat, AT_FDCWD, target, O_RDONLY);
}
static void do_create(void)
{
        syscall(SYS_openat, AT_FDCWD, "evil", O_WRONLY | O_CREAT, 0600);
}
static void do_openat2(void)
{
        syscall(SYS_openat2, AT_FDCWD, target, NULL, 0);
}
static void do_unlink(void)
{
        syscall(SYS_unlinkat, AT_FDCWD, target, 0);
}
static void do_rename(void)
{
        syscall(SYS_renameat2, AT_FDCWD, target, AT_FDCWD, "evil", 0);
}
static void do_chmod(void)
{
        syscall(SYS_fchmodat, AT_FDCWD, target, 0777);
}
static void do_fork(void)
{
        syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}
static void do_vfork(void)
{
#ifdef SYS_vfork
        syscall(SYS_vfork);
#else
        syscall(SYS_clone, CLONE_VFORK | CLONE_VM | SIGCHLD, 0, 0, 0, 0);
#endif
}
static void do_exec(void)
{
        char *const argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)"touch evil", NULL };

        syscall(SYS_execve, argv[0], argv, NULL);
}
static void do_kill(void)
{
        syscall(SYS_kill, getppid(), SIGKILL);
}
static void do_ptrace(void)
{
        syscall(SYS_ptrace, PTRACE_ATTACH, 1, 0, 0);
}
static void do_poke(void)
{
        struct iovec here = { d, 8 }, there = { d, 8 };

        syscall(SYS_process_vm_writev, 1, &here, 1, &there, 1, 0);
}
static void do_mount(void)
{
        syscall(SYS_mount, "none", "/", NULL, MS_REMOUNT, NULL);
}
static void do_socket(void)
{
        syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}
static void do_ioctl(void)
{
        syscall(SYS_ioctl, 0, TIOCSTI, "x");
}
static void do_prctl(void)
{
        syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static void do_setuid(void)
{
        syscall(SYS_setuid, 0);
}
static void do_unshare(void)
{
        syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */);
}
static void do_bpf(void)
{
        syscall(SYS_bpf, 0, NULL, 0);
}
static void do_io_uring(void)
{
        syscall(SYS_io_uring_setup, 1, NULL);
}
static void do_execmem(void)
{
        syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void do_mprotect(void)
{
        syscall(SYS_mprotect, d->ring->slots, 4096, PROT_READ | PROT_EXEC);
}
#ifdef __x86_64__
static void do_call32(void)
{
        __asm__ volatile("int $0x80"
                         :
                         : "a"(20)
                         : "memory"); /* getpid() of the 32-bit table, where 20 is another call */
}
static void do_x32(void)
{
        syscall(0x40000000 | SYS_write, STDERR_FILENO, "evil\n", 5);
}
#endif

/* --- a ring that lies --- */

static void do_overrun(void)
{
        memset(ring_claim(d->ring, d->block), 'x', ((size_t)d->ring->slot_count + 1) * d->ring->slot_size);
}
static void do_words(void)
{
        memset(d->ring->shared, 0xff, 4096); /* the words that both sides look at: a page */
        for (;;)
                ;
}
static void do_long(void)
{
        ring_claim(d->ring, d->block);
        ring_publish(d->ring, d->block++, d->ring->slot_size + 1);
}
static void do_longest(void)
{
        ring_claim(d->ring, d->block);
        ring_publish(d->ring, d->block++, UINT32_MAX - 2);
}
static void do_end_beyond(void)
{
        publish_good();
        d->at = d->image->size + 1;
}
static void do_end_before(void)
{
        publish_good();
        d->at = 0;
}
static void do_end_far(void)
{
        publish_good();
        d->at = UINT64_MAX;
}
static void do_no_end(void)
{
        publish_good(); /* and an end where it began */
}
static void do_nothing(void)
{
        d->at = d->image->size;
}
static void do_reason(void)
{
        static char reason[4096];

        memset(reason, 0x1b, sizeof(reason) - 1);
        d->reason = reason;
}
static void do_reverse(void)
{
        uint8_t *out = ring_claim(d->ring, 1);

        ring_publish(d->ring, 1, (uint32_t)good(out));
        ring_publish(d->ring, 0, (uint32_t)good(d->ring->slots));
        d->block = 2;
        d->at = d->image->size;
}

/* Bytes that change while they are read: headers, sizes and names among them. */
static void *change(void *argument)
{
        volatile uint8_t *slots = argument;
        size_t size = (size_t)d->ring->slot_size;

        for (uint32_t n = 1;; n = n * 1664525U + 1013904223U) {
                slots[(n >> 8) % 300] ^= (uint8_t)(1U << (n >> 29));
                if (n % 64 == 0)
                        good((uint8_t *)slots + (n >> 4) % 2 * (size / 2));
        }
        return NULL;
}
static void do_change(void)
{
        pthread_t thread;

        pthread_create(&thread, NULL, change, d->ring->slots);
        for (unsigned i = 0; i < 20000; i++) {
                uint8_t *out = ring_claim(d->ring, d->block);

                ring_publish(d->ring, d->block++, (uint32_t)good(out) / 2);
        }
        d->at = d->image->size;
}

/* --- ends --- */

static void do_exit(void)
{
        syscall(SYS_exit_group, 0);
}
static void do_thread_exit(void)
{
        syscall(SYS_exit, 0);
}
static void do_abort(void)
{
        abort();
}
static void do_crash(void)
{
        *(volatile int *)0 = 0;
}
static void do_stack(void)
{
        volatile char *p = __builtin_frame_address(0);

        for (;; p -= 512)
                *p = 0;
}
static void do_sleep(void)
{
        uint32_t word = 0;

        syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}
static void do_spin(void)
{
        for (;;)
                ;
}
static void do_half(void)
{
        publish_good();
        do_sleep();
}
static void do_zeros(void)
{
        for (;;) {
                ring_claim(d->ring, d->block);
                ring_publish(d->ring, d->block++, d->ring->slot_size);
        }
}
static void do_entries(void)
{
        for (;;) {
                uint8_t *out = ring_claim(d->ring, d->block);

                ring_publish(d->ring, d->block++, (uint32_t)good(out));
        }
}
static void do_memory(void)
{
        for (;;) {
                char *p = malloc(64 << 20);

                if (!p)
                        abort();
                memset(p, 1, 64 << 20);
        }
}
static void do_good(void)
{
        publish_good();
        d->at = d->image->size;
}

/* Errors with another meaning for the unpacker: the end, and a full tmpfs. */
static int result;

static void do_nodata(void)
{
        result = -ENODATA;
        d->reason = "nodata";
}
static void do_nospace(void)
{
        result = -ENOSPC;
        d->reason = "nospace";
}

static int rogue(struct decode *decode)
{
#define CASE(name)               \
        {                        \
#name, do_##name \
        }
        static const struct {
                const char *name;
                void (*act)(void);
        } cases[] = {
                CASE(write),   CASE(pwrite),      CASE(open),    CASE(create),   CASE(openat2),    CASE(unlink),
                CASE(rename),  CASE(chmod),       CASE(fork),    CASE(vfork),    CASE(exec),       CASE(kill),
                CASE(ptrace),  CASE(poke),        CASE(mount),   CASE(socket),   CASE(ioctl),      CASE(prctl),
                CASE(setuid),  CASE(unshare),     CASE(bpf),     CASE(io_uring), CASE(execmem),    CASE(mprotect),
#ifdef __x86_64__
                CASE(call32),  CASE(x32),
#endif
                CASE(overrun), CASE(words),       CASE(long),    CASE(longest),  CASE(end_beyond), CASE(end_before),
                CASE(end_far), CASE(no_end),      CASE(nothing), CASE(reason),   CASE(reverse),    CASE(change),
                CASE(exit),    CASE(thread_exit), CASE(abort),   CASE(crash),    CASE(stack),      CASE(sleep),
                CASE(spin),    CASE(half),        CASE(zeros),   CASE(entries),  CASE(memory),     CASE(good),
                CASE(nodata),  CASE(nospace),
        };
        const char *wanted = getenv("ROGUE");

        d = decode;
        target = getenv("ROGUE_TARGET") ?: "/etc/passwd";
        for (size_t i = 0; wanted && i < ELEMENTSOF(cases); i++)
                if (strcmp(cases[i].name, wanted) == 0) {
                        cases[i].act();
                        return result ?: d->reason ? -EBADMSG : 0;
                }
        return decode_fail(d, "no such case");
}

static int load_nothing(void)
{
        return 0;
}

/* Called wherever the program calls codec_find(), by the linker's --wrap. */
const struct codec *__wrap_codec_find(enum format format);
const struct codec *__wrap_codec_find(enum format format)
{
        static const struct codec codec = {
                .slot_size = 256U << 10, .slot_count = 8, .load = load_nothing, .decode = rogue
        };

        (void)format;
        return &codec;
}
