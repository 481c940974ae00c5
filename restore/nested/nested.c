/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nested.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "util/copy.h"
#include "util/compat.h"
#include "util/log.h"
#include "util/newmount.h"
#include "util/remove.h"
#include "util/run.h"

/* What ld.so ends with where the tool's libraries are on another mount than / (run.h). */
#define NOT_FOUND 127

const struct nested nested_kinds[NESTED_KINDS] = {
        { "squashfs-root.img", "squashfs", "unsquashfs", 0, { 'h', 's', 'q', 's' } },
        { "squash-root.img", "squashfs", "unsquashfs", 0, { 'h', 's', 'q', 's' } },
        { "erofs-root.img", "erofs", "fsck.erofs", 1024, { 0xe2, 0xe1, 0xf5, 0xe0 } },
};

/* Extracts the image @name of @tree_fd into the empty directory @into of it. */
static int extract_with_tool(int tree_fd, const struct nested *nested, const char *into, char *said, size_t said_size)
{
        char extract[64];
        /* unsquashfs takes two queues of 256 MB unless told otherwise. */
        const char *squashfs[] = { nested->tool, "-no-xattrs", "-no-progress", "-data-queue", "16", "-frag-queue", "16",
                                   "-force",     "-dest",      into,           nested->name,  NULL };
        const char *erofs[] = { nested->tool, "--overwrite", extract, nested->name, NULL };
        struct run run = { .argv = strcmp(nested->type, "erofs") == 0 ? erofs : squashfs, .dir_fd = tree_fd };

        snprintf(extract, sizeof(extract), "--extract=%s", into);
        return run_program(&run, said, said_size);
}

/* A loop device that goes away with the last one that uses it. */
static int open_loop(int image_fd, char *path, size_t size)
{
        _cleanup_close_ int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), loop = -1;
        struct loop_config config = { .fd = (uint32_t)image_fd,
                                      .info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR };

        if (control < 0)
                return -errno;
        for (int attempts = 0; attempts < 100; attempts++) {
                int number = ioctl(control, LOOP_CTL_GET_FREE);

                if (number < 0)
                        return -errno;
                snprintf(path, size, "/dev/loop%d", number);
                loop = safe_close(loop);
                loop = open(path, O_RDONLY | O_CLOEXEC);
                if (loop < 0)
                        return -errno;
                if (ioctl(loop, LOOP_CONFIGURE, &config) == 0)
                        return TAKE_FD(loop);
                if (errno != EBUSY) /* somebody else was faster */
                        return -errno;
        }
        return -EBUSY;
}

/* Mounts an image where nobody sees it; the mount goes away with its descriptor. */
static int open_image(int image_fd, const char *type)
{
        char path[32];
        _cleanup_close_ int loop = open_loop(image_fd, path, sizeof(path));
        const struct mount_setting settings[] = { { "ro", NULL, false }, { "source", path, false } };

        return loop < 0 ? loop
                        : mount_new(type, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                                    settings, ELEMENTSOF(settings));
}

static int open_directory(int dir_fd, const char *name)
{
        int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

static int make_directory(int dir_fd, const char *name)
{
        return mkdirat(dir_fd, name, 0700) < 0 ? -errno : open_directory(dir_fd, name);
}

/* @tool_error: why there is no tool */
static int extract_with_kernel(int image_fd, const struct nested *nested, int tool_error, int into_fd)
{
        _cleanup_close_ int from = open_image(image_fd, nested->type);
        int r;

        if (from < 0)
                return log_error(
                                from,
                                "Cannot extract the image's %s: %s cannot be run (%s) and the kernel does not mount it",
                                nested->name, nested->tool, strerror(-tool_error));
        r = copy_tree(from, into_fd);
        return r < 0 && r != -ENOSPC ? log_error(r, "Cannot extract the image's %s", nested->name) : r;
}

/* A tool's exit status does not distinguish ENOSPC. */
static bool is_full(int dir_fd)
{
        struct statvfs st;

        return fstatvfs(dir_fd, &st) == 0 && st.f_blocks > 0 &&
               (st.f_bavail < st.f_blocks / 64 || (st.f_files > 0 && st.f_favail == 0));
}

/* A directory of the staged tree to work in. */
struct work {
        char name[32];
        char tree_name[sizeof("/tree") + 32];
        int fd, tree;
};

static void work_done(struct work *work)
{
        safe_close(work->fd);
        safe_close(work->tree);
}

static int work_open(int tree_fd, struct work *work)
{
        uint64_t unique;

        /* A name that no image uses. */
        if (getrandom(&unique, sizeof(unique), GRND_NONBLOCK) != sizeof(unique))
                return -EAGAIN;
        snprintf(work->name, sizeof(work->name), ".nested-%016" PRIx64, unique);
        snprintf(work->tree_name, sizeof(work->tree_name), "%s/tree", work->name);
        work->fd = make_directory(tree_fd, work->name);
        return MIN(work->fd, 0);
}

static int extract(int tree_fd, int image_fd, const struct nested *nested, struct work *work)
{
        char said[256];
        int r;

        work->tree = make_directory(work->fd, "tree");
        if (work->tree < 0)
                return work->tree == -ENOSPC ? -ENOSPC
                                             : log_error(work->tree, "Cannot make a directory for the image's %s",
                                                         nested->name);
        r = extract_with_tool(tree_fd, nested, work->tree_name, said, sizeof(said));
        if (r == 0)
                return 0;
        if (r < 0 || r == NOT_FOUND)
                return extract_with_kernel(image_fd, nested, r < 0 ? r : -ELIBACC, work->tree);
        if (is_full(tree_fd))
                return -ENOSPC;
        log_error(0, "Cannot extract the image's %s: %s%s%s (status %d)", nested->name, nested->tool,
                  *said ? ": " : " failed", said, r);
        return -EBADMSG;
}

int nested_open(int tree_fd, const struct nested *nested, uint64_t *ret_size)
{
        _cleanup_close_ int fd = -1;
        unsigned char magic[sizeof(nested->magic)];
        struct stat st;
        int r = fstatat(tree_fd, nested->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;

        if (r == -ENOENT)
                return r;
        if (r == 0 && S_ISLNK(st.st_mode))
                r = -ELOOP;
        if (r == 0 && S_ISREG(st.st_mode)) { /* opening a device can do something */
                fd = openat(tree_fd, nested->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
                r = fd < 0 ? -errno : 0;
        }
        if (r < 0)
                return log_error(r, "Cannot open the image's %s", nested->name);
        if (fd < 0 || pread(fd, magic, sizeof(magic), nested->magic_at) != (ssize_t)sizeof(magic) ||
            memcmp(magic, nested->magic, sizeof(magic)) != 0)
                return log_error(-EBADMSG, "The image's %s is not a %s file system", nested->name, nested->type);
        *ret_size = (uint64_t)st.st_size;
        return TAKE_FD(fd);
}

static int extract_one(int tree_fd, const struct nested *nested, const struct exclude *exclude, struct content *brought)
{
        uint64_t size = 0;
        _cleanup_close_ int image_fd = nested_open(tree_fd, nested, &size);
        _cleanup_(work_done) struct work work = { .fd = -1, .tree = -1 };
        int r;

        if (image_fd < 0)
                return image_fd == -ENOENT ? 0 : image_fd;

        r = work_open(tree_fd, &work);
        if (r < 0)
                return r == -ENOSPC ? r : log_error(r, "Cannot make a directory for the image's %s", nested->name);
        r = extract(tree_fd, image_fd, nested, &work);
        if (r < 0)
                return r;

        /* Free its memory first. */
        image_fd = safe_close(image_fd);
        if (unlinkat(tree_fd, nested->name, 0) < 0)
                return log_error(-errno, "Cannot remove the image's %s", nested->name);
        if (exclude_remove(exclude, work.tree) < 0)
                log_debug("the image's %s: not all that is to be left out could be removed", nested->name);
        r = count_tree(work.tree, brought);
        if (r == 0)
                r = move_tree(work.tree, tree_fd);
        if (r == 0)
                r = remove_any(tree_fd, work.name);
        if (r < 0)
                return r == -ENOSPC ? r
                                    : log_error(r, "Cannot move what was extracted from the image's %s", nested->name);
        log_debug("extracted %s, %" PRIu64 " KiB", nested->name, size / 1024);
        return 1;
}

int nested_extract(int tree_fd, const struct exclude *exclude, struct content *brought)
{
        int found = 0;

        for (size_t i = 0; i < NESTED_KINDS; i++) {
                int r = extract_one(tree_fd, &nested_kinds[i], exclude, brought);

                if (r < 0)
                        return r;
                found |= r;
        }
        return found;
}
