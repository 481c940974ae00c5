/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: deny-write-execute COMMAND [ARGUMENT]...: run it under the filter that systemd sets for
 * MemoryDenyWriteExecute= (systemd.exec(5)): no memory is writable and executable, or becomes
 * executable, EPERM.
 */
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOWER_HALF (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4U : 0U)
/* Refuse the call if all of @bits are set in its argument @n. */
#define DENY(call, n, bits)                                                                      \
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),                   \
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 4),                   \
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                       \
                                 (uint32_t)offsetof(struct seccomp_data, args[n]) + LOWER_HALF), \
                        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (bits)),                             \
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (bits), 0, 1),                       \
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

int main(int argc, char **argv)
{
        static const struct sock_filter filter[] = {
#ifdef SYS_mmap2
                DENY(mmap2, 2, PROT_EXEC | PROT_WRITE),
#elif !defined(__s390x__) /* whose arguments are in memory */
                DENY(mmap, 2, PROT_EXEC | PROT_WRITE),
#endif
                DENY(mprotect, 2, PROT_EXEC),
#ifdef SYS_pkey_mprotect
                DENY(pkey_mprotect, 2, PROT_EXEC),
#endif
#ifdef SYS_shmat
                DENY(shmat, 2, SHM_EXEC),
#endif
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = { sizeof(filter) / sizeof(*filter), (struct sock_filter *)filter };

        if (argc < 2)
                errx(2, "usage: deny-write-execute COMMAND [ARGUMENT]...");
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
                err(77, "seccomp");
        execvp(argv[1], argv + 1);
        err(1, "%s", argv[1]);
}
