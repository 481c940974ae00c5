/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The new mount calls and some others, called by number: glibc has wrappers since 2.36, musl has none. File times that
 * do not end in 2038. All C libraries take this way, so there is only one to test. Include this instead of
 * <sys/mount.h> and <sys/syscall.h>; it also has SYS_openat2 and struct open_how.
 *
 * All return what the call does: a descriptor or 0, or -1 with errno set (ENOSYS where the kernel is too old).
 */

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef FSOPEN_CLOEXEC
#include <linux/mount.h> /* after <sys/mount.h>, which cannot be read after it */
#endif

#ifndef MOUNT_ATTR_SIZE_VER0 /* Linux 5.12 */
#define MOUNT_ATTR_SIZE_VER0 32
struct mount_attr {
        uint64_t attr_set;
        uint64_t attr_clr;
        uint64_t propagation;
        uint64_t userns_fd;
};
#endif

#ifndef CLOSE_RANGE_CLOEXEC /* Linux 5.11 */
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* New calls have one number everywhere, above each architecture's own base. */
#define COMPAT_CALL(number) (SYS_pidfd_send_signal - 424 + (number))

#ifndef SYS_open_tree
#define SYS_open_tree COMPAT_CALL(428)
#define SYS_move_mount COMPAT_CALL(429)
#define SYS_fsopen COMPAT_CALL(430)
#define SYS_fsconfig COMPAT_CALL(431)
#define SYS_fsmount COMPAT_CALL(432)
#define SYS_fspick COMPAT_CALL(433)
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open COMPAT_CALL(434)
#endif
#ifndef SYS_close_range
#define SYS_close_range COMPAT_CALL(436)
#endif
#ifndef SYS_openat2
#define SYS_openat2 COMPAT_CALL(437)
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr COMPAT_CALL(442)
#endif

/* Linux 5.1 has calls with 64-bit times on 32-bit machines, too. Not every C library uses them. */
#if UINTPTR_MAX > UINT32_MAX || defined(__x86_64__)
#define COMPAT_UTIMENSAT SYS_utimensat
#elif defined(SYS_utimensat_time64)
#define COMPAT_UTIMENSAT SYS_utimensat_time64
#else
#define COMPAT_UTIMENSAT COMPAT_CALL(412)
#endif

/** Set both times of a file, in seconds since the epoch; without a @path those of the file that is open as @dir. */
static inline int set_file_times(int dir, const char *path, int64_t seconds, int flags)
{
        const struct {
                int64_t seconds, nanoseconds;
        } times[] = { { seconds, 0 }, { seconds, 0 } };

        return (int)syscall(COMPAT_UTIMENSAT, dir, path, times, flags);
}

static inline int compat_open_tree(int dir, const char *path, unsigned flags)
{
        return (int)syscall(SYS_open_tree, dir, path, flags);
}
#define open_tree compat_open_tree

static inline int compat_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags)
{
        return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}
#define move_mount compat_move_mount

static inline int compat_fsopen(const char *type, unsigned flags)
{
        return (int)syscall(SYS_fsopen, type, flags);
}
#define fsopen compat_fsopen

static inline int compat_fsconfig(int context, unsigned command, const char *key, const void *value, int auxiliary)
{
        return (int)syscall(SYS_fsconfig, context, command, key, value, auxiliary);
}
#define fsconfig compat_fsconfig

static inline int compat_fsmount(int context, unsigned flags, unsigned attributes)
{
        return (int)syscall(SYS_fsmount, context, flags, attributes);
}
#define fsmount compat_fsmount

static inline int compat_fspick(int dir, const char *path, unsigned flags)
{
        return (int)syscall(SYS_fspick, dir, path, flags);
}
#define fspick compat_fspick

static inline int compat_mount_setattr(int dir, const char *path, unsigned flags, struct mount_attr *attributes,
                                       size_t size)
{
        return (int)syscall(SYS_mount_setattr, dir, path, flags, attributes, size);
}
#define mount_setattr compat_mount_setattr

static inline int compat_pidfd_open(pid_t pid, unsigned flags)
{
        return (int)syscall(SYS_pidfd_open, pid, flags);
}
#define pidfd_open compat_pidfd_open

static inline int compat_close_range(unsigned first, unsigned last, int flags)
{
        return (int)syscall(SYS_close_range, first, last, flags);
}
#define close_range compat_close_range
