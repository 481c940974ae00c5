/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "errors.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define ENDS -1
#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))

static const struct row {
        int calls[20];
        int errors[ERRORS_MAX];
} rows[] = {
        { { SYS_openat, SYS_open, SYS_openat2 }, { EIO, ENOMEM, EMFILE, ENFILE, EACCES, ENOSPC, EROFS, EINTR, ENDS } },
        { { SYS_read, SYS_pread64 }, { EIO, ENOMEM, EINTR, 0, ENDS } },
        { { SYS_write }, { EIO, ENOSPC, EDQUOT, EFBIG, EINTR, ENDS } },
        { { SYS_sendfile, SYS_copy_file_range }, { EIO, ENOSPC, ENOMEM, EINVAL, ENOSYS, EINTR, 0, ENDS } },
        { { SYS_mmap, SYS_mprotect, SYS_mremap }, { ENOMEM, ENDS } },
        { { SYS_munmap }, { ENOMEM, ENDS } },
        { { SYS_fork, SYS_clone, SYS_clone3, SYS_vfork }, { EAGAIN, ENOMEM, ENOSYS, ENDS } },
        { { SYS_wait4, SYS_waitid }, { EINTR, ENDS } },
        { { SYS_close }, { EIO, EINTR, ENDS } },
        { { SYS_close_range }, { ENOSYS, ENOMEM, EPERM, ENDS } },
        { { SYS_prctl, SYS_capset, SYS_setrlimit, SYS_prlimit64, SYS_unshare, SYS_chroot }, { EPERM, EINVAL, ENDS } },
        { { SYS_seccomp }, { EINVAL, ENOSYS, ENOMEM, EACCES, ENDS } },
        { { SYS_mkdirat, SYS_mkdir, SYS_mknodat, SYS_symlinkat, SYS_linkat },
          { EIO, ENOSPC, EDQUOT, ENOMEM, EROFS, EACCES, EPERM, ENDS } },
        { { SYS_renameat2, SYS_renameat, SYS_rename },
          { EIO, ENOSPC, EDQUOT, ENOMEM, EROFS, EACCES, EPERM, EBUSY, EINVAL, ENDS } },
        { { SYS_unlinkat, SYS_unlink, SYS_rmdir }, { EIO, ENOMEM, EROFS, EACCES, EPERM, EBUSY, ENDS } },
        { { SYS_newfstatat, SYS_fstat, SYS_stat, SYS_lstat, SYS_statx }, { EIO, ENOMEM, EACCES, EOVERFLOW, ENDS } },
        { { SYS_access, SYS_faccessat, SYS_faccessat2 }, { EIO, ENOMEM, EACCES, ENOSYS, ENDS } },
        { { SYS_fchown, SYS_fchownat, SYS_fchmod, SYS_fchmodat, SYS_utimensat, SYS_ftruncate },
          { EIO, EPERM, EROFS, ENOMEM, ENOSPC, ENDS } },
        { { SYS_getdents64 }, { EIO, ENOMEM, ENDS } },
        { { SYS_flock }, { EINTR, ENOLCK, EIO, ENDS } },
        { { SYS_statfs, SYS_fstatfs }, { EIO, ENOSYS, EACCES, EINTR, ENDS } },
        { { SYS_mount, SYS_umount2, SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_fsopen, SYS_fsconfig,
            SYS_fsmount, SYS_fspick },
          { EPERM, ENOMEM, ENOSYS, EBUSY, ENDS } },
        { { SYS_getrandom }, { EAGAIN, ENOSYS, EINTR, ENDS } },
        { { SYS_pipe2, SYS_dup, SYS_dup2, SYS_dup3, SYS_fcntl, SYS_memfd_create, SYS_eventfd2, SYS_pidfd_open },
          { EMFILE, ENFILE, ENOMEM, EINTR, ENDS } },
        { { SYS_poll, SYS_ppoll }, { EINTR, ENOMEM, ENDS } },
        { { SYS_execve, SYS_execveat }, { ENOMEM, EACCES, EMFILE, E2BIG, EIO, ENOEXEC, ETXTBSY, ENDS } },
        { { SYS_sched_getaffinity, SYS_set_robust_list, SYS_clock_gettime, SYS_fadvise64, SYS_madvise },
          { ENOSYS, EINVAL, ENDS } },
        { { SYS_readlink, SYS_readlinkat, SYS_chdir, SYS_fchdir }, { EIO, ENOMEM, EACCES, ENDS } },
        { { SYS_ioctl }, { EIO, ENOTTY, EPERM, ENDS } },
        { { SYS_lseek, SYS_uname }, { EIO, ENDS } },
        /* a kernel that fails these, or wakes nobody, is past helping; the process can be killed there as elsewhere */
        { { SYS_exit, SYS_exit_group, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_getpid, SYS_getppid,
            SYS_umask, SYS_brk, SYS_rseq, SYS_futex, SYS_kill, SYS_tgkill, SYS_gettid, SYS_getuid, SYS_sched_yield,
            SYS_restart_syscall, SYS_geteuid },
          { ENDS } },
};

int plausible_errors(int call, int *ret)
{
        static const int others[] = { EIO, ENOMEM, EPERM };
        int count = 0;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                for (size_t j = 0; j < ELEMENTSOF(rows[i].calls) && (j == 0 || rows[i].calls[j] > 0); j++)
                        if (rows[i].calls[j] == call) {
                                while (rows[i].errors[count] != ENDS) {
                                        ret[count] = rows[i].errors[count];
                                        count++;
                                }
                                return count;
                        }
        for (; count < (int)ELEMENTSOF(others); count++)
                ret[count] = others[count];
        return count;
}

const char *call_name(int call)
{
        static char text[64];
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);

        if (name)
                snprintf(text, sizeof(text), "%s", name);
        else
                snprintf(text, sizeof(text), "%d", call);
        free(name);
        return text;
}
