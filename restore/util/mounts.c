/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <sys/sysmacros.h>

#include "skipcpio/util.h"
#include "compat.h"
#include "fs.h"

int mounts_find(const char *table, dev_t device, struct mount_entry *ret)
{
        _cleanup_fclose_ FILE *f = fopen(table, "re");
        _cleanup_free_ char *line = NULL;
        size_t size = 0;

        if (!f)
                return -errno;
        while (getline(&line, &size, f) >= 0) {
                unsigned major, minor;

                if (sscanf(line, "%d %d %u:%u", &ret->id, &ret->parent, &major, &minor) == 4 &&
                    makedev(major, minor) == device)
                        return 0;
        }
        return ferror(f) ? -EIO : -ENOENT;
}

int mounts_id(int fd)
{
        char path[64], line[128];
        _cleanup_fclose_ FILE *f = NULL;
        int id;

        snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
        f = fopen(path, "re");
        if (!f)
                return -errno;
        while (fgets(line, sizeof(line), f))
                if (sscanf(line, "mnt_id: %d", &id) == 1)
                        return id;
        return -ENODATA;
}

int mounts_detach(int fd)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        return umount2(path, MNT_DETACH) < 0 ? -errno : 0;
}

int mounts_is_mounted(int dir, const char *name)
{
        _cleanup_close_ int fd = fs_open(dir, name, O_PATH | O_NOFOLLOW, RESOLVE_NO_XDEV);

        return fd >= 0 ? 0 : fd == -EXDEV ? 1 : fd;
}
