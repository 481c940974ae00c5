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
        const char *class;  /* of devices; NULL: the file is a name from the root */
        const char *file;   /* in the directory of any of them */
        const char *prefix; /* of its content */
};

/* The running mdmon keeps the old root busy. Once the arrays are clean, another one takes over, without waiting for the
 * end of the old one; so this waits. */
#define TAKE_OVER_FROM_MDMON                                                                                        \
        "old=\n"                                                                                                    \
        "for file in /run/mdadm/*.pid; do [ ! -e \"$file\" ] || { read -r pid <\"$file\" && old=\"$old $pid\"; }; " \
        "done\n"                                                                                                    \
        "mdadm --wait-clean --scan\n"                                                                               \
        "mdmon --offroot --takeover --all\n"                                                                        \
        "read -r now _ </proc/uptime && end=$((${now%.*} + 30))\n"                                                  \
        "for pid in $old; do\n"                                                                                     \
        "    while [ -e /proc/$pid/exe ] && read -r now _ </proc/uptime && [ ${now%.*} -lt $end ]; do :; done\n"    \
        "done"

static const struct {
        struct evidence evidence;
        struct holder holder;
} rows[] = {
        /* A pool keeps the devices below it open. */
        { { NULL, "sys/module/zfs/initstate", "live" }, { "ZFS", "zpool", "zpool export -a", false } },
        /* What waits for a path that will not come back waits for ever, and systemd-shutdown with it: it flushes each
         * map. All that could be written has been, before the pivot. */
        { { "block", "dm/uuid", "mpath-" },
          { "multipath", "dmsetup",
            "dmsetup ls --target multipath | while read -r map _; do dmsetup message \"$map\" 0 fail_if_no_path; done",
            true } },
        /* Only what nothing uses: what a pool or a map was on until now. */
        { { "block", "dm/uuid", "" }, { "device mapper", "dmsetup", "dmsetup remove_all", false } },
        /* Metadata of its own is written by the kernel, that of a BIOS by mdmon. */
        { { "block", "md/metadata_version", "external:" },
          { "md with external metadata", "mdmon", TAKE_OVER_FROM_MDMON, true } },
        { { "block", "md/metadata_version", "" }, { "md", "mdadm", "mdadm --wait-clean --scan", false } },
        { { "block", "md/metadata_version", "" }, { "md", "mdadm", "mdadm --stop --scan", false } },
        /* The kernel writes what the target has in its cache. To log out would take iscsid with its records and its
         * secrets, and a connection of its own. */
        { { "iscsi_session", "state", "" },
          { "iSCSI", NULL,
            "for d in /sys/class/iscsi_session/*/device/target*/*/delete; do [ ! -e \"$d\" ] || echo 1 >\"$d\"; done",
            false } },
        /* Up to systemd 255 systemd-shutdown starts it, to jump into the kernel that is loaded. */
        { { NULL, "sys/kernel/kexec_loaded", "1" }, { "kexec", "kexec", NULL, false } },
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
        char path[64];
        int fd = snprintf(path, sizeof(path), "sys/class/%s", evidence->class) < (int)sizeof(path)
                                 ? openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                                 : -1;
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

                if (evidence->class ? any_device(root_fd, evidence)
                                    : has_content(root_fd, evidence->file, evidence->prefix))
                        ret[count++] = rows[i].holder;
        }
        return count;
}
