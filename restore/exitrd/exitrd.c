/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exitrd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "carry.h"
#include "check.h"
#include "label.h"
#include "util/mounts.h"
#include "nested/nested.h"
#include "util/compat.h"
#include "util/log.h"
#include "util/resources.h"

/* Kernel memory for each inode and its name is not counted in the size of a tmpfs. */
#define BYTES_PER_INODE 4096U

struct exitrd {
        const char *path;
        int origin;    /* mount namespace that the program came from; -1: it is still there, or there again */
        int root, cwd; /* directories in it, which setns(2) forgets */
        int dir;       /* DIR in it */
        int covered;   /* DIR in the private namespace, below the tmpfs */
        int tree;      /* root of the tmpfs */
        bool made_dir; /* DIR was not there before */
        struct carried carried;
};

bool exitrd_is_finished(const char *path)
{
        _cleanup_close_ int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat st;

        return dir >= 0 && fstatat(dir, "shutdown", &st, 0) == 0 && S_ISREG(st.st_mode) &&
               faccessat(dir, "shutdown", X_OK, 0) == 0;
}

bool exitrd_is_needed(const char *path)
{
        _cleanup_close_ int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (dir < 0)
                return errno != ENOENT && errno != ENOTDIR;
        return faccessat(dir, EXITRD_NEED_SHUTDOWN, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

static int set_number(int context, const char *key, uint64_t value)
{
        char text[24];

        snprintf(text, sizeof(text), "%" PRIu64, value);
        return fsconfig(context, FSCONFIG_SET_STRING, key, text, 0) < 0 ? -errno : 0;
}

/* A tmpfs that hangs nowhere yet. @return its descriptor, or a negative errno */
static int make_tmpfs(void)
{
        _cleanup_close_ int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
        uint64_t spare = memory_spare();
        int fd;

        if (context < 0)
                return -errno;
        if (fsconfig(context, FSCONFIG_SET_STRING, "source", "exitrd", 0) < 0 ||
            fsconfig(context, FSCONFIG_SET_STRING, "mode", "755", 0) < 0)
                return -errno;
        if (spare > 0) { /* else the kernel's own limits, half of memory */
                int r = set_number(context, "size", MAX(spare, UINT64_C(1) << 20));

                if (r == 0)
                        r = set_number(context, "nr_inodes", MAX(spare / BYTES_PER_INODE, UINT64_C(1024)));
                if (r < 0)
                        return r;
        }
        /* 246 MB: plain 95 -> 56 ms, lz4 137 -> 104 ms, gzip and zstd 2 to 8 % and a tenth of the CPU time. With
         * "always" small files take huge pages too: ten times slower. Kernels without huge pages refuse it. */
        (void)fsconfig(context, FSCONFIG_SET_STRING, "huge", "within_size", 0);
        if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        /* Executable, whatever /run is; no set-user-ID bits and no devices, as systemd mounts /run. */
        fd = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        return fd < 0 ? -errno : fd;
}

static int open_directory(int dir, const char *path)
{
        int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

/* Remember where we are, and leave. Nothing that is mounted from now on is seen by anybody else. */
static int enter(struct exitrd *exitrd)
{
        exitrd->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        exitrd->cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (exitrd->root < 0 || exitrd->cwd < 0)
                return -errno;
        exitrd->origin = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        if (exitrd->origin < 0)
                return -errno;
        if (unshare(CLONE_NEWNS) < 0) {
                int r = -errno;

                exitrd->origin = safe_close(exitrd->origin);
                return r;
        }
        return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

/* Go back. The mounts of the namespace that is left go away with their last descriptors. */
static int leave(struct exitrd *exitrd)
{
        int r = 0;

        if (exitrd->origin < 0)
                return 0;
        if (setns(exitrd->origin, CLONE_NEWNS) < 0 || fchdir(exitrd->root) < 0 || chroot(".") < 0 ||
            fchdir(exitrd->cwd) < 0)
                r = -errno;
        exitrd->origin = safe_close(exitrd->origin);
        return r;
}

static int open_exitrd(struct exitrd *exitrd)
{
        _cleanup_close_ int tmpfs = -1;
        int r;

        exitrd->made_dir = mkdir(exitrd->path, 0755) == 0;
        exitrd->dir = open_directory(AT_FDCWD, exitrd->path);
        if (exitrd->dir < 0)
                return log_error(exitrd->dir, "%s: cannot be opened", exitrd->path);
        tmpfs = make_tmpfs();
        r = tmpfs < 0 ? tmpfs : enter(exitrd);
        if (r == 0) {
                exitrd->covered = open_directory(AT_FDCWD, exitrd->path);
                r = MIN(exitrd->covered, 0);
        }
        if (r == 0 && move_mount(tmpfs, "", exitrd->covered, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                r = -errno;
        if (r == -EPERM)
                return log_error(r, "%s: a file system cannot be mounted there; that takes root's rights",
                                 exitrd->path);
        if (r < 0)
                return log_error(r, "%s: a file system cannot be mounted there", exitrd->path);
        exitrd->tree = open_directory(tmpfs, ".");
        return exitrd->tree < 0 ? log_error(exitrd->tree, "%s: cannot be opened", exitrd->path) : 0;
}

int exitrd_open(const char *path, struct exitrd **ret)
{
        _cleanup_(exitrd_done) struct exitrd *exitrd = malloc(sizeof(*exitrd));
        int r;

        if (!exitrd)
                return log_oom();
        *exitrd = (struct exitrd){
                .path = path, .origin = -1, .root = -1, .cwd = -1, .dir = -1, .covered = -1, .tree = -1
        };
        r = open_exitrd(exitrd);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(exitrd);
        return 0;
}

int exitrd_tree(const struct exitrd *exitrd)
{
        return exitrd->tree;
}

uint64_t exitrd_used(const struct exitrd *exitrd)
{
        struct statvfs st;

        return fstatvfs(exitrd->tree, &st) < 0 ? 0 : (uint64_t)(st.f_blocks - st.f_bfree) * st.f_bsize;
}

/* -ENOSPC is not logged, and says that the tmpfs is full. What has failed for want of something else is logged. */
static int not_full(int r)
{
        return r == -ENOSPC ? -EIO : r;
}

int exitrd_prepare(struct exitrd *exitrd, const char *image, const char *sysroot, const struct exclude *exclude,
                   struct content *brought)
{
        int r;

        *brought = (struct content){ 0 };
        r = nested_extract(exitrd->tree, exclude, brought);
        if (r < 0)
                return r;
        r = label_tree(exitrd->tree, sysroot);
        if (r < 0)
                return not_full(r);
        r = carry_over(exitrd->covered, exitrd->tree, &exitrd->carried);
        if (r < 0)
                return r == -ENOSPC ? r : log_error(r, "%s: what is there cannot be carried over", exitrd->path);
        if (unlinkat(exitrd->tree, EXITRD_NEED_SHUTDOWN, 0) < 0 && errno != ENOENT)
                log_debug("%s: cannot remove the mark", exitrd->path);
        return not_full(check_exitrd(exitrd->tree, image));
}

/* Whether the clone, which is attached now, is where it should be: on DIR and nothing else, and in sight of PID 1. */
static int verify(const struct exitrd *exitrd, bool pivot)
{
        struct mount_entry ours, theirs;
        struct stat st;
        int below, r;

        if (fstat(exitrd->tree, &st) < 0)
                return -errno;
        below = mounts_id(exitrd->dir);
        r = mounts_find("/proc/self/mountinfo", st.st_dev, &ours);
        if (below < 0 || r < 0)
                return below < 0 ? below : r;
        if (ours.parent != below)
                return -EBUSY;
        r = pivot ? mounts_find("/proc/1/mountinfo", st.st_dev, &theirs) : 0;
        return r == -ENOENT ? -EXDEV : r;
}

static int attach(struct exitrd *exitrd, int clone, bool pivot)
{
        int r;

        if (exitrd_is_finished(exitrd->path))
                return 0;
        if (move_mount(clone, "", exitrd->dir, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                return log_error(-errno, "%s: the tree cannot be mounted there", exitrd->path);
        r = verify(exitrd, pivot);
        if (r < 0 && mounts_detach(clone) < 0)
                log_debug("%s: cannot be unmounted", exitrd->path);
        if (r == -EBUSY && exitrd_is_finished(exitrd->path))
                return 0;
        if (r == -EBUSY)
                return log_error(r, "%s: something else has been mounted there meanwhile", exitrd->path);
        if (r == -EXDEV)
                return log_error(0,
                                 "%s: PID 1 would not see the tree: this process has a mount namespace of its own "
                                 "(PrivateTmp= and the like in a drop-in of the unit)",
                                 exitrd->path),
                       r;
        return r < 0 ? log_error(r, "%s: cannot tell what is mounted there", exitrd->path) : 1;
}

int exitrd_commit(struct exitrd *exitrd, bool pivot)
{
        _cleanup_close_ int clone = -1;
        int r;

        clone = open_tree(exitrd->tree, "",
                          OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE | AT_NO_AUTOMOUNT);
        if (clone < 0)
                return log_error(-errno, "%s: the tree cannot be cloned", exitrd->path);
        r = leave(exitrd);
        if (r < 0)
                return log_error(r, "Cannot go back to the mount namespace");
        r = attach(exitrd, clone, pivot);
        if (r > 0) {
                exitrd->made_dir = false;
                carried_uncover(&exitrd->carried, exitrd->dir);
        }
        return r;
}

void exitrd_done(struct exitrd **exitrd)
{
        struct exitrd *e = *exitrd;

        if (!e)
                return;
        e->tree = safe_close(e->tree);
        e->covered = safe_close(e->covered);
        if (leave(e) < 0)
                log_debug("cannot go back to the mount namespace");
        if (e->made_dir && rmdir(e->path) < 0)
                log_debug("%s: cannot be removed", e->path);
        safe_close(e->dir);
        safe_close(e->root);
        safe_close(e->cwd);
        carried_done(&e->carried);
        free(e);
        *exitrd = NULL;
}
