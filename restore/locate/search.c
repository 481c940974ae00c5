/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "search.h"

#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "skipcpio/parts.h"
#include "entry.h"
#include "efivar.h"
#include "util/log.h"
#include "lookup.h"
#include "partition.h"

static int find_kver(struct search *search, const char *wanted)
{
        _cleanup_free_ char *text = NULL, *running = NULL;
        struct utsname uts;
        size_t size;

        if (lookup_read(search->root, "/proc/sys/kernel/osrelease", TEXT_SIZE_MAX, &text, &size) >= 0) {
                running = span_dup(span_strip((struct span){ text, size }));
                if (!running)
                        return -ENOMEM;
                search->other_kernel = wanted && strcmp(wanted, running) != 0;
        } else if (wanted) {
                search->other_kernel = true; /* what runs, if anything does, cannot be told */
        } else {
                if (uname(&uts) < 0)
                        return -errno;
                wanted = uts.release;
        }
        search->kver = wanted ? strdup(wanted) : TAKE_PTR(running);
        return search->kver ? 0 : -ENOMEM;
}

int search_begin(struct search *search, const char *sysroot, const char *kver)
{
        size_t length = strlen(sysroot);
        int r;

        *search = (struct search){ .efivars = -1 };
        search->root = open(sysroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (search->root < 0)
                return log_error(-errno, "Cannot open %s", sysroot);
        while (length > 0 && sysroot[length - 1] == '/')
                length--;
        search->sysroot = strndup(sysroot, length);
        if (!search->sysroot)
                return log_oom();
        r = find_kver(search, kver);
        return r < 0 ? log_error(r, "Cannot find the kernel's version") : 0;
}

void search_done(struct search *search)
{
        safe_close(search->root);
        safe_close(search->efivars);
        free(search->sysroot);
        free(search->kver);
        free(search->cmdline);
        for (size_t i = 0; i < VARIABLE_COUNT; i++)
                free(search->variables[i]);
        for (size_t i = 0; i < search->volume_count; i++) {
                safe_close(search->volumes[i].fd);
                free(search->volumes[i].label);
                names_done(&search->volumes[i].entries);
        }
}

struct span search_cmdline(struct search *search)
{
        size_t size;

        if (!search->cmdline) {
                int r = lookup_read(search->root, "/proc/cmdline", TEXT_SIZE_MAX, &search->cmdline, &size);

                if (r < 0) {
                        search_skip("/proc/cmdline", r, NULL);
                        search->cmdline = strdup("");
                }
        }
        return span_of(search->cmdline ?: "");
}

const char *search_variable(struct search *search, enum variable variable)
{
        static const char *const names[VARIABLE_COUNT] = {
                [STUB_IMAGE] = "StubImageIdentifier",
                [STUB_PARTITION] = "StubDevicePartUUID",
                [STUB_PROFILE] = "StubProfile",
                [LOADER_IMAGE] = "LoaderImageIdentifier",
                [LOADER_PARTITION] = "LoaderDevicePartUUID",
                [LOADER_ENTRY] = "LoaderEntrySelected",
        };
        static const char directory[] = "/sys/firmware/efi/efivars";
        int r;

        if (!search->efivars_opened) {
                search->efivars_opened = true;
                search->efivars = lookup_directory(search->root, directory);
                if (search->efivars < 0)
                        search_skip(directory, search->efivars, NULL);
        }
        if (search->efivars >= 0 && !search->variables_read[variable]) {
                search->variables_read[variable] = true;
                r = efivar_read(search->efivars, names[variable], &search->variables[variable]);
                if (r < 0)
                        search_skip(names[variable], r, NULL);
        }
        return search->variables[variable];
}

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
        static const char *const places[] = { "/efi", "/boot", "/boot/efi" };
        const char *uuid;
        size_t kept = 0;

        if (search->volumes_known)
                return;
        search->volumes_known = true;
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                struct volume *volume = &search->volumes[search->volume_count];
                _cleanup_close_ int fd = lookup_directory(search->root, places[i]);
                struct stat st;

                *volume = (struct volume){ .where = places[i], .fd = -1 };
                if (asprintf(&volume->label, "%s%s", search->sysroot, places[i]) < 0) {
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
        bool boot = strncmp(path, "/boot/", strlen("/boot/")) == 0 || strncmp(path, "/efi/", strlen("/efi/")) == 0;

        if (boot)
                search_volumes(search);
        for (size_t i = 0; boot && i < search->volume_count; i++) {
                const struct volume *volume = &search->volumes[i];
                size_t length;

                if (volume->fd < 0 || !volume->where)
                        continue;
                length = strlen(volume->where);
                if (strncmp(path, volume->where, length) == 0 && path[length] == '/') {
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

int volume_read(const struct search *search, const struct volume *volume, const char *path, char **ret,
                struct span *text)
{
        char below[PATH_MAX];
        size_t size;
        int r;

        if ((size_t)snprintf(below, sizeof(below), "%s/%s", volume->fd >= 0 ? "" : volume->where, path) >=
            sizeof(below))
                return -ENAMETOOLONG;
        r = lookup_read(volume->fd >= 0 ? volume->fd : search->root, below, TEXT_SIZE_MAX, ret, &size);
        if (r >= 0)
                *text = (struct span){ *ret, size };
        return r;
}

int search_read(struct search *search, const char *path, char **ret, struct span *text)
{
        _cleanup_free_ char *name = NULL;
        _cleanup_close_ int fd = search_open(search, path, lookup_open, &name);
        size_t size;
        int r = fd < 0 ? fd : lookup_read_open(fd, TEXT_SIZE_MAX, ret, &size);

        if (r >= 0)
                *text = (struct span){ *ret, size };
        else
                search_skip(name, r, NULL);
        return r;
}

int search_skip(const char *name, int error, const char *reason)
{
        log_debug("%s: skipped: %s", name ?: "(no name)", reason ?: strerror(-error));
        return error == -ENOMEM ? -ENOMEM : 0;
}

int search_settle(struct image *candidate, struct image *ret)
{
        _cleanup_(image_done) struct image image = TAKE(*candidate, IMAGE_INIT);
        struct image_error e = { 0 };
        struct part part;
        int r;

        if (image.count == 0)
                return 0;
        r = image_trim_bootconfig(&image);
        if (r >= 0)
                r = part_next(&image, 0, false, &part, &e);
        if (r == 1) {
                *ret = TAKE(image, IMAGE_INIT);
                return 1;
        }
        return search_skip(image.regions[0].name, r,
                           r == 0          ? "there is nothing in it"
                           : r == -EBADMSG ? e.reason ?: "it starts with no known format"
                                           : NULL);
}

int search_settle_file(int fd, const char *name, struct image *ret)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        int r = image_add_file(&image, fd, name);

        return r < 0 ? search_skip(name, r, NULL) : search_settle(&image, ret);
}
