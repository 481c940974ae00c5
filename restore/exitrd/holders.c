/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "holders.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "skipcpio/util.h"

/* What /sys has of it. */
struct evidence {
        const char *file;   /* below a block device's directory, or an absolute name with no device */
        const char *prefix; /* of its content */
};

static const struct {
        struct evidence evidence;
        struct holder holder;
} rows[] = {
        /* A pool keeps the devices below it open. */
        { { "/sys/module/zfs/initstate", "live" }, { "ZFS", "zpool", "export -a" } },
        { { "dm/uuid", "mpath-" }, { "multipath", "multipath", "-F" } },
        /* Only what nothing uses: what a pool or a map was on until now. */
        { { "dm/uuid", "" }, { "device mapper", "dmsetup", "remove_all" } },
        /* Metadata of its own is written by the kernel, that of a BIOS by mdmon. */
        { { "md/metadata_version", "external:" }, { "md with external metadata", "mdmon", NULL } },
        { { "md/metadata_version", "" }, { "md", "mdadm", "--wait-clean --scan" } },
        { { "md/metadata_version", "" }, { "md", "mdadm", "--stop --scan" } },
        /* Up to systemd 255 systemd-shutdown starts it, to jump into the kernel that is loaded. */
        { { "/sys/kernel/kexec_loaded", "1" }, { "kexec", "kexec", NULL } },
};

static_assert(ELEMENTSOF(rows) <= HOLDERS_MAX, "there is room for all");

static bool has_content(int dir, const char *name, const char *prefix)
{
        _cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
        char text[64] = "";

        return fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0 && strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool any_device(int root_fd, const struct evidence *evidence)
{
        int fd = openat(root_fd, "sys/class/block", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *entry;
        bool found = false;

        if (!dir)
                return safe_close(fd), false;
        while (!found && (entry = readdir(dir))) {
                _cleanup_close_ int device = openat(dirfd(dir), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);

                found = *entry->d_name != '.' && device >= 0 && has_content(device, evidence->file, evidence->prefix);
        }
        closedir(dir);
        return found;
}

size_t holders_find(int root_fd, struct holder *ret, size_t max)
{
        size_t count = 0;

        for (size_t i = 0; i < ELEMENTSOF(rows) && count < max; i++) {
                const struct evidence *evidence = &rows[i].evidence;

                if (*evidence->file == '/' ? has_content(root_fd, evidence->file + 1, evidence->prefix)
                                           : any_device(root_fd, evidence))
                        ret[count++] = rows[i].holder;
        }
        return count;
}
