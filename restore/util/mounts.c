/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <sched.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "skipcpio/util.h"
#include "compat.h"
#include "fs.h"

/* The number in the first line that @format, with %d and then %n, fits to its end. */
static int find_number(const char *path, const char *format)
{
        _cleanup_fclose_ FILE *f = fopen(path, "re");
        _cleanup_free_ char *line = NULL;
        size_t size = 0;

        if (!f)
                return -errno;
        while (getline(&line, &size, f) >= 0) {
                int number, end = 0;

                if (sscanf(line, format, &number, &end) == 1 && end > 0)
                        return number;
        }
        return ferror(f) ? -EIO : -ENOENT;
}

int mounts_parent(const char *table, dev_t device)
{
        char format[64];

        snprintf(format, sizeof(format), "%%*d %%d %u:%u %%n", major(device), minor(device));
        return find_number(table, format);
}

int mounts_id(int fd)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
        return find_number(path, "mnt_id: %d%n");
}

int mounts_clone(int dir, const char *name)
{
        int fd = open_tree(dir, name,
                           OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);

        return fd < 0 ? -errno : fd;
}

int mounts_attach(int mount, int dir, const char *name)
{
        return move_mount(mount, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

int mounts_leave(void)
{
        return unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

int mounts_detach_fd(int fd)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return umount2(path, MNT_DETACH) < 0 ? -errno : 0;
}

int mounts_detach(int dir, const char *name)
{
        _cleanup_close_ int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : mounts_detach_fd(fd);
}

int mounts_is_mounted(int dir, const char *name)
{
        _cleanup_close_ int fd = fs_open(dir, name, O_PATH | O_NOFOLLOW, RESOLVE_NO_XDEV);

        return fd >= 0 ? 0 : fd == -EXDEV ? 1 : fd;
}
