/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "carry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "util/copy.h"
#include "util/mounts.h"
#include "util/compat.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/remove.h"

/* A file that is larger, as a live system's root in memory, is not copied but mounted: the exitrd has no use for it,
 * but whoever has it open may go on to use its name. */
#define COPY_MAX (UINT64_C(1) << 20)

/* Mounts on one directory, one on top of another. */
#define STACK_MAX 16

static int note_mount(struct carried *carried, const char *path, const char *name)
{
        size_t length = strlen(path) + strlen(name) + 1;
        char *bigger = realloc(carried->mounts, carried->size + length);

        if (!bigger)
                return -ENOMEM;
        carried->mounts = bigger;
        carried->size += (size_t)snprintf(bigger + carried->size, length, "%s%s", path, name) + 1;
        return 0;
}

/* Have something at @name that can be mounted on: a directory for one, a file for anything else. */
static int make_mount_point(int dir_fd, const char *name, bool directory)
{
        struct stat st;
        int r;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
                if (directory ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode))
                        return 0;
                r = remove_any(dir_fd, name);
                if (r < 0)
                        return r;
        } else if (errno != ENOENT) {
                return -errno;
        }
        r = directory ? mkdirat(dir_fd, name, 0755) : mknodat(dir_fd, name, S_IFREG | 0600, 0);
        return r < 0 ? -errno : 0;
}

static int attach(int mount_fd, int dir_fd, const char *name)
{
        _cleanup_close_ int point = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

        /* Opened by name, it is the top of what is mounted there by now. */
        if (point < 0 || move_mount(mount_fd, "", point, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                return -errno;
        return 0;
}

static int clone_mount(int dir_fd, const char *name)
{
        int fd = open_tree(dir_fd, name,
                           OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);

        return fd < 0 ? -errno : fd;
}

/* Clone the mounts on @name, which come from the top of the stack to its bottom, and build the stack anew. */
static int carry_stack(int dir_fd, const char *name, int to_fd)
{
        int stack[STACK_MAX], r = 1;
        size_t count = 0;

        while (r > 0 && count < STACK_MAX && (r = mounts_is_mounted(dir_fd, name)) > 0) {
                _cleanup_close_ int top = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

                stack[count] = top < 0 ? -errno : clone_mount(dir_fd, name);
                r = stack[count] < 0 ? stack[count] : 1;
                if (r > 0) {
                        count++;
                        r = mounts_detach(top) < 0 ? -EBUSY : 1;
                }
        }
        while (count > 0) {
                if (r >= 0)
                        r = attach(stack[--count], to_fd, name);
                else
                        count--;
                safe_close(stack[count]);
        }
        return r;
}

/* A copy_other: mounts and large files are mounted, the rest is copied. */
static int carry_entry(int dir_fd, const char *name, const struct stat *st, int to_fd, const char *path, void *argument)
{
        bool large = S_ISREG(st->st_mode) && (uint64_t)st->st_size > COPY_MAX;
        _cleanup_close_ int clone = -1;
        int r = mounts_is_mounted(dir_fd, name);

        if (r < 0 || (r == 0 && !large))
                return r < 0 ? r : 1;
        if (r > 0) {
                r = note_mount(argument, path, name);
                if (r == 0)
                        r = make_mount_point(to_fd, name, S_ISDIR(st->st_mode));
                return r < 0 ? r : carry_stack(dir_fd, name, to_fd);
        }
        clone = clone_mount(dir_fd, name);
        if (clone < 0)
                return clone;
        r = make_mount_point(to_fd, name, false);
        return r < 0 ? r : attach(clone, to_fd, name);
}

int carry_over(int from_fd, int to_fd, struct carried *ret)
{
        return copy_over(from_fd, to_fd, carry_entry, ret);
}

void carried_uncover(const struct carried *carried, int dir_fd)
{
        const char *name;

        for (size_t at = 0; at < carried->size; at += strlen(name) + 1) {
                name = carried->mounts + at;
                for (int i = 0; i < STACK_MAX; i++) {
                        _cleanup_close_ int fd = fs_open(dir_fd, name, O_PATH | O_NOFOLLOW,
                                                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
                        int r = fd < 0 ? fd : mounts_detach(fd);

                        if (r == -EINVAL && i > 0) /* nothing is mounted there any more */
                                break;
                        if (r < 0) {
                                log_debug("%s: cannot be unmounted where it was: %s", name, strerror(-r));
                                break;
                        }
                }
        }
}

void carried_done(struct carried *carried)
{
        free(carried->mounts);
        *carried = (struct carried){ 0 };
}
