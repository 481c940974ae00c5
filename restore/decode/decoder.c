/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "decoder.h"

#include <limits.h>
#include <linux/futex.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "util/resources.h"
#include "decode.h"
#include "util/log.h"
#include "sandbox.h"

/* A decoder that gives no block for this long is taken to hang. The slowest of them on the slowest of machines
 * needs a second a block; the rest is for a disk that has to spin up. */
#ifndef HANG_SECONDS /* test/fault/fault.mk builds one that waits less */
#define HANG_SECONDS 60
#endif
#define POLL_MS 100

/* Address space that a thread can need for buffers, and that is needed in any case. */
#define THREAD_MEMORY (UINT64_C(16) << 20)
#define SPARE_MEMORY (UINT64_C(64) << 20)

/* Shared memory: requests to the process, and its answers. */
struct mailbox {
        _Atomic uint32_t requests; /* number of parts asked for */
        uint64_t at;               /* of the part asked for last; then the first byte behind it, or of the failure */
        int result;
        int unfiltered; /* there is no seccomp */
        char reason[128];
};

struct decoder {
        const struct image *image;
        enum format format;
        struct ring ring;
        struct mailbox *mailbox;
        pid_t pid;
        uint64_t began, end;
        char reason[192];
        uint64_t failed_at;
        bool told; /* that there is no seccomp */
};

static void *map_shared(size_t size)
{
        void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        return p == MAP_FAILED ? NULL : p;
}

/* What decoding may map: as much again as the larger of window and memory for other needs of the libraries (liblzma
 * falls back from threads to one that needs the dictionary), and each thread's stack and blocks. */
static uint64_t address_space(const struct decode *d)
{
        size_t stack = 0;
        pthread_attr_t attributes;

        if (pthread_attr_init(&attributes) == 0) {
                pthread_attr_getstacksize(&attributes, &stack);
                pthread_attr_destroy(&attributes);
        }
        return 2 * MAX(d->window, d->memory) + d->threads * ((uint64_t)stack + THREAD_MEMORY) + SPARE_MEMORY;
}

/* The process's main loop. */
_Noreturn static void serve(struct decoder *decoder, const struct codec *codec, unsigned threads, uint64_t window)
{
        struct mailbox *mailbox = decoder->mailbox;
        struct decode d = {
                .image = decoder->image,
                .ring = &decoder->ring,
                .end = decoder->image->size,
                .threads = threads,
                .window = window,
                .memory = memory_for_decoding(),
        };
        int r;

        /* One arena: with more, malloc reads how many processors there are from /sys, and how memory is
         * overcommitted from /proc, and the filter kills it for that. A block is a few allocations. */
#ifdef M_ARENA_MAX /* musl has no arenas */
        mallopt(M_ARENA_MAX, 1);
#endif
        r = sandbox_enter(decoder->image, address_space(&d));

        mailbox->unfiltered = r > 0;
        for (uint32_t served = 0;; served++) {
                uint32_t requests;

                while ((requests = atomic_load(&mailbox->requests)) == served)
                        syscall(SYS_futex, &mailbox->requests, FUTEX_WAIT, requests, NULL, NULL, 0);
                d.at = mailbox->at;
                d.reason = "the decoder cannot be confined";
                if (r >= 0) {
                        d.reason = NULL;
                        mailbox->result = codec->decode(&d);
                } else {
                        mailbox->result = r;
                }
                mailbox->at = d.at;
                strncpy(mailbox->reason, d.reason ?: "", sizeof(mailbox->reason) - 1);
                atomic_store(&decoder->ring.stopped, false);
                ring_publish_end(&decoder->ring, d.block++);
        }
}

int decoder_start(const struct image *image, enum format format, uint64_t window, struct decoder **ret)
{
        const struct codec *codec = codec_find(format);
        _cleanup_(decoder_stopp) struct decoder *decoder = calloc(1, sizeof(*decoder));
        unsigned threads = codec_threads(codec, cpus_usable());
        pid_t parent = getpid();
        int r;

        if (!decoder)
                return -ENOMEM;
        decoder->image = image;
        decoder->format = format;
        r = codec->load();
        if (r < 0)
                return r;
        r = codec_ring(codec, threads, &decoder->ring);
        if (r < 0)
                return r;
        decoder->mailbox = map_shared(sizeof(*decoder->mailbox));
        if (!decoder->mailbox)
                return -ENOMEM;

        decoder->pid = fork();
        if (decoder->pid < 0)
                return -errno;
        if (decoder->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (getppid() != parent)
                        _exit(EXIT_FAILURE);
                serve(decoder, codec, threads, window);
        }
        *ret = TAKE_PTR(decoder);
        return 0;
}

enum format decoder_format(const struct decoder *decoder)
{
        return decoder->format;
}

void decoder_begin(struct decoder *decoder, uint64_t at)
{
        decoder->began = at;
        decoder->mailbox->at = at;
        atomic_fetch_add(&decoder->mailbox->requests, 1);
        syscall(SYS_futex, &decoder->mailbox->requests, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static int fail(struct decoder *decoder, uint64_t at, int error, const char *format, ...) _printf_(4, 5);
static int fail(struct decoder *decoder, uint64_t at, int error, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(decoder->reason, sizeof(decoder->reason), format, args);
        va_end(args);
        decoder->failed_at = at;
        return error;
}

/* The error that the process reports, if it is a possible one: some errors have a meaning for our callers. */
static int failure(int result)
{
        if (result >= 0 || result <= -4096)
                return -EBADMSG;
        return result == -ENODATA || result == -ENOSPC || result == -ETIMEDOUT || result == -EPIPE ? -EIO : result;
}

/* The process reports the part's end: believe it only if it is possible. */
static int64_t part_ended(struct decoder *decoder)
{
        struct mailbox mailbox;

        memcpy(&mailbox, decoder->mailbox, sizeof(mailbox));
        mailbox.reason[sizeof(mailbox.reason) - 1] = '\0';
        ring_release(&decoder->ring);
        if (mailbox.unfiltered && !decoder->told)
                log_debug("no seccomp filter could be set: decoded without one");
        decoder->told = true;
        if (mailbox.at < decoder->began || mailbox.at > decoder->image->size ||
            (mailbox.result == 0 && mailbox.at == decoder->began))
                return fail(decoder, decoder->began, -EBADMSG, "the decoder reports an impossible end of the part");
        if (mailbox.result != 0)
                return fail(decoder, mailbox.at, failure(mailbox.result), "%s", mailbox.reason);
        decoder->end = mailbox.at;
        return 0;
}

int64_t decoder_take(struct decoder *decoder, const uint8_t **ret)
{
        for (int waited = 0; waited < HANG_SECONDS * 1000; waited += POLL_MS) {
                int64_t n = ring_take(&decoder->ring, POLL_MS, ret);
                int status;

                if (n > 0)
                        return n;
                if (n == 0)
                        return part_ended(decoder);
                if (n == -EBADMSG)
                        return fail(decoder, decoder->began, -EBADMSG, "the decoder reports an impossible block");
                if (waitpid(decoder->pid, &status, WNOHANG) == decoder->pid) {
                        decoder->pid = 0;
                        if (WIFSIGNALED(status))
                                return fail(decoder, decoder->began, -EPIPE, "the decoder was killed by signal %d (%s)",
                                            WTERMSIG(status), strsignal(WTERMSIG(status)));
                        return fail(decoder, decoder->began, -EPIPE, "the decoder exited unexpectedly");
                }
        }
        return fail(decoder, decoder->began, -ETIMEDOUT, "the decoder hangs");
}

void decoder_release(struct decoder *decoder)
{
        ring_release(&decoder->ring);
}

uint64_t decoder_end(const struct decoder *decoder)
{
        return decoder->end;
}

const char *decoder_failure(const struct decoder *decoder, uint64_t *ret_at)
{
        *ret_at = decoder->failed_at;
        return decoder->reason;
}

pid_t decoder_pid(const struct decoder *decoder)
{
        return decoder->pid;
}

void decoder_stop(struct decoder *decoder)
{
        if (!decoder)
                return;
        if (decoder->pid > 0) {
                kill(decoder->pid, SIGKILL);
                while (waitpid(decoder->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        if (decoder->mailbox)
                munmap(decoder->mailbox, sizeof(*decoder->mailbox));
        ring_done(&decoder->ring);
        free(decoder);
}
