/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "search.h"

#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <string.h>
#include <sys/stat.h>

#include "util/log.h"
#include "skipcpio/util.h"
#include "bootoption.h"
#include "entry.h"
#include "lookup.h"
#include "partition.h"

/* Open a block device's node, without its driver noticing. */
static int open_node(const struct search *search, const char *path, dev_t *ret)
{
        _cleanup_close_ int fd = lookup_node(search->root, path);
        struct stat st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISBLK(st.st_mode))
                return -ENOTBLK;
        *ret = st.st_rdev;
        return TAKE_FD(fd);
}

/* Make @volume the partition behind @node, which is found at @path. */
static bool mount_volume(const struct search *search, struct volume *volume, int node, dev_t device, const char *path)
{
        _cleanup_free_ char *label = NULL;
        int fd;

        if (asprintf(&label, "%s%s:", search->sysroot, path) < 0) {
                label = NULL;
                return false;
        }
        fd = partition_mount(node);
        if (fd < 0) {
                log_debug("%s: not mounted and cannot be read: %s", path, strerror(-fd));
                return false;
        }
        log_debug("%s: read through a mount of our own", path);
        free(volume->label);
        safe_close(volume->fd);
        volume->label = TAKE_PTR(label);
        volume->fd = fd;
        volume->has_device = true;
        volume->device = device;
        return true;
}

static struct volume *volume_at(struct search *search, const char *where)
{
        size_t length = strlen(where);

        while (length > 1 && where[length - 1] == '/')
                length--;
        for (size_t i = 0; i < search->volume_count; i++)
                if (strlen(search->volumes[i].where) == length && memcmp(search->volumes[i].where, where, length) == 0)
                        return &search->volumes[i];
        return NULL;
}

/* Read the partition @source for @volume, unless it is mounted there. */
static void mount_source(const struct search *search, struct volume *volume, const char *source)
{
        _cleanup_close_ int node = -1;
        char path[PATH_MAX];
        dev_t device;

        if (volume->fd >= 0 || !partition_path(source, path, sizeof(path)))
                return;
        node = open_node(search, path, &device);
        if (node < 0)
                search_skip(path, node, NULL);
        else if (!volume->has_device || volume->device != device)
                mount_volume(search, volume, node, device, path);
}

/* Where fstab has a partition that is not mounted now, read that instead of the empty mount point. */
static void read_fstab(struct search *search)
{
        _cleanup_fclose_ FILE *f = NULL;
        struct mntent entry;
        char line[8192];
        int fd = lookup_open(search->root, "/etc/fstab");

        if (fd < 0) {
                search_skip("/etc/fstab", fd, NULL);
                return;
        }
        f = fdopen(fd, "r");
        if (!f) {
                safe_close(fd);
                return;
        }
        while (getmntent_r(f, &entry, line, sizeof(line))) {
                struct volume *volume = volume_at(search, entry.mnt_dir);

                if (volume)
                        mount_source(search, volume, entry.mnt_fsname);
        }
}

/* The same for what systemd-gpt-auto-generator mounts on demand: while the automount's own stop is pending, which at
 * shutdown it is, systemd mounts nothing any more (automount_enter_running() in its src/core/automount.c). */
static void read_generated(struct search *search)
{
        static const struct {
                const char *where, *unit;
        } units[] = { { "/efi", "/run/systemd/generator.late/efi.mount" },
                      { "/boot", "/run/systemd/generator.late/boot.mount" } };

        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                struct volume *volume = volume_at(search, units[i].where);
                _cleanup_free_ char *text = NULL, *source = NULL;
                size_t size;

                if (!volume || lookup_read(search->root, units[i].unit, TEXT_SIZE_MAX, &text, &size) < 0)
                        continue;
                source = span_dup(env_get((struct span){ text, size }, "What"));
                if (source && *source)
                        mount_source(search, volume, source);
        }
}

void search_volumes(struct search *search)
{
        /* The live ones are where dracut's dmsquash-live and Anaconda mount their media. */
        static const struct {
                const char *where;
                bool live;
        } places[] = {
                { "/efi", false },
                { "/boot", false },
                { "/boot/efi", false },
                { "/boot/firmware", false },
                { "/run/initramfs/live", true },
                { "/run/install/repo", true },
        };
        const char *uuid;
        size_t kept = 0;

        if (search->volumes_known)
                return;
        search->volumes_known = true;
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                struct volume *volume = &search->volumes[search->volume_count];
                _cleanup_close_ int fd = lookup_directory(search->root, places[i].where);
                struct stat st;

                *volume = (struct volume){ .where = places[i].where, .live = places[i].live, .fd = -1 };
                if (asprintf(&volume->label, "%s%s", search->sysroot, places[i].where) < 0) {
                        volume->label = NULL;
                        continue;
                }
                search->volume_count++;
                if (fd >= 0 && fstat(fd, &st) == 0) {
                        volume->has_device = true;
                        volume->device = st.st_dev;
                }
        }
        read_fstab(search);
        read_generated(search);

        for (size_t i = 0; i < search->volume_count; i++) {
                struct volume *volume = &search->volumes[i];

                if (volume->has_device) {
                        search->volumes[kept++] = *volume;
                        continue;
                }
                search_skip(volume->label, -ENOENT, NULL);
                free(volume->label);
        }
        search->volume_count = kept;

        uuid = search_variable(search, LOADER_PARTITION);
        if (!uuid && search_firmware(search) && *search->firmware.partition)
                uuid = search->firmware.partition;
        if (uuid)
                search_partition(search, uuid);
}

const struct volume *search_partition(struct search *search, const char *uuid)
{
        _cleanup_close_ int node = -1;
        char source[256], path[PATH_MAX];
        struct volume *volume;
        dev_t device;

        search_volumes(search);
        if ((size_t)snprintf(source, sizeof(source), "PARTUUID=%s", uuid) >= sizeof(source) ||
            !partition_path(source, path, sizeof(path)))
                return NULL;
        node = open_node(search, path, &device);
        if (node < 0) {
                search_skip(path, node, NULL);
                return NULL;
        }
        for (size_t i = 0; i < search->volume_count; i++)
                if (search->volumes[i].has_device && search->volumes[i].device == device)
                        return &search->volumes[i];
        if (search->volume_count == VOLUMES_MAX)
                return NULL;
        volume = &search->volumes[search->volume_count];
        *volume = (struct volume){ .fd = -1 };
        if (!mount_volume(search, volume, node, device, path))
                return NULL;
        search->volume_count++;
        return volume;
}

int volume_open(const struct search *search, const struct volume *volume, const char *path, lookup *how, char **name)
{
        char below[PATH_MAX];

        while (*path == '/')
                path++;
        if (asprintf(name, "%s/%s", volume->label, path) < 0) {
                *name = NULL;
                return -ENOMEM;
        }
        if (volume->fd >= 0)
                return how(volume->fd, *path ? path : ".");
        if ((size_t)snprintf(below, sizeof(below), "%s/%s", volume->where, path) >= sizeof(below))
                return -ENAMETOOLONG;
        return how(search->root, below);
}

int search_open(struct search *search, const char *path, lookup *how, char **name)
{
        bool boot = strncmp(path, "/boot", strlen("/boot")) == 0 || strncmp(path, "/efi", strlen("/efi")) == 0;

        if (boot)
                search_volumes(search);
        for (size_t i = 0; boot && i < search->volume_count; i++) {
                const struct volume *volume = &search->volumes[i];
                size_t length;

                if (volume->fd < 0 || !volume->where)
                        continue;
                length = strlen(volume->where);
                if (strncmp(path, volume->where, length) == 0 && (path[length] == '/' || path[length] == '\0')) {
                        int fd = volume_open(search, volume, path + length, how, name);

                        if (fd != -ENOENT)
                                return fd;
                        free(*name);
                }
        }
        while (path[0] == '/' && path[1] == '/')
                path++;
        if (asprintf(name, "%s%s%s", search->sysroot, path[0] == '/' ? "" : "/", path) < 0) {
                *name = NULL;
                return -ENOMEM;
        }
        return how(search->root, path);
}
