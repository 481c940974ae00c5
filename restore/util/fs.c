/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "compat.h"
#include "skipcpio/util.h"

/* Each rename and mount anywhere in the system can cost one. */
#define TRIES_MAX 10000

void closedirp(DIR **dir)
{
        if (*dir)
                closedir(*dir);
}

DIR *fs_open_entries(int dir)
{
        _cleanup_close_ int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *entries = fd < 0 ? NULL : fdopendir(fd);

        if (entries)
                TAKE_FD(fd);
        return entries;
}

struct dirent *fs_next_entry(DIR *entries)
{
        struct dirent *entry;

        do {
                errno = 0;
                entry = readdir(entries);
        } while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
        return entry;
}

int fs_for_each(int dir, int (*act)(int dir, const char *name, void *argument), void *argument)
{
        _cleanup_(closedirp) DIR *entries = fs_open_entries(dir);
        struct dirent *entry;
        int r = 0;

        if (!entries)
                return -errno;
        while (r >= 0 && (entry = fs_next_entry(entries)))
                r = act(dirfd(entries), entry->d_name, argument);
        return r < 0 ? r : -errno;
}

void fs_occupy_standard_streams(void)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
                        return; /* there is nothing to be done about it */
}

int fs_open(int dir, const char *path, uint64_t flags, uint64_t resolve)
{
        struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };
        int tries = 0;
        long fd;

        do
                fd = syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));
        while (fd < 0 && (errno == EAGAIN || errno == EINTR) && ++tries < TRIES_MAX);
        return fd < 0 ? -errno : (int)fd;
}

/* fchmodat2(2) is younger than the floor. */
int fs_chmod(int dir, const char *name, mode_t mode)
{
        _cleanup_close_ int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        char path[sizeof("/proc/self/fd/") + 10];
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (S_ISLNK(st.st_mode))
                return -ELOOP;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (fchmodat(AT_FDCWD, path, mode, 0) < 0)
                return errno == ENOENT ? -ENOSYS : -errno; /* there is no /proc */
        return 0;
}

int64_t fs_write(int fd, const void *bytes, size_t size)
{
        ssize_t n;

        do
                n = write(fd, bytes, size);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

static int copy_in_kernel(int from, uint64_t *offset, int to, uint64_t *left)
{
        while (*left > 0) {
                off_t at = (off_t)*offset;
                ssize_t n = sendfile(to, from, &at, MIN(*left, UINT64_C(1) << 30));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -ENODATA;
                *offset += (uint64_t)n;
                *left -= (uint64_t)n;
        }
        return 0;
}

/* For file systems that cannot splice. */
static int copy_through_memory(int from, uint64_t *offset, int to, uint64_t *left)
{
        uint8_t bytes[64 << 10];

        while (*left > 0) {
                ssize_t n = pread(from, bytes, MIN(*left, sizeof(bytes)), (off_t)*offset);
                int64_t written;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -ENODATA;
                written = fs_write(to, bytes, (size_t)n);
                if (written < 0)
                        return (int)written;
                *offset += (uint64_t)written;
                *left -= (uint64_t)written;
        }
        return 0;
}

int fs_copy(int from, uint64_t *offset, int to, uint64_t *left)
{
        int r = copy_in_kernel(from, offset, to, left);
        uint8_t byte;

        if (r == -EINVAL || r == -ENOSYS)
                r = copy_through_memory(from, offset, to, left);
        /* sendfile() does not say which of the two files failed. */
        return r == -EIO && pread(from, &byte, 1, (off_t)*offset) < 0 ? -ENODATA : r;
}
