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
#include "util/fs.h"
#include "util/log.h"
#include "util/newmount.h"
#include "util/resources.h"

/* Kernel memory for each inode and its name is not counted in the size of a tmpfs. */
#define BYTES_PER_INODE 4096U

struct exitrd {
        const char *path;
        int dir;       /* DIR, where others see it */
        int mount;     /* the tmpfs, mounted nowhere; once it is prepared, with all that is to be mounted below it */
        int tree;      /* its root */
        bool made_dir; /* DIR was not there before */
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

/* A tmpfs that hangs nowhere yet. @return its descriptor, or a negative errno */
static int make_tmpfs(void)
{
        uint64_t spare = memory_spare();
        char size[24], inodes[24];
        /* Huge pages, 246 MB: plain 95 -> 56 ms, lz4 137 -> 104 ms, gzip and zstd 2 to 8 % and a tenth of the CPU time.
         * With "always" small files take huge pages too: ten times slower. Kernels without huge pages refuse it. */
        const struct mount_setting settings[] = {
                { "source", "exitrd", false }, { "mode", "755", false },       { "huge", "within_size", true },
                { "size", size, false },       { "nr_inodes", inodes, false },
        };

        snprintf(size, sizeof(size), "%" PRIu64, MAX(spare, UINT64_C(1) << 20));
        snprintf(inodes, sizeof(inodes), "%" PRIu64, MAX(spare / BYTES_PER_INODE, UINT64_C(1024)));
        /* Executable, whatever /run is; no set-user-ID bits and no devices, as systemd mounts /run. Where it is not
         * known what memory can spare, the kernel's own limits, half of memory. */
        return mount_new("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, settings,
                         ELEMENTSOF(settings) - (spare > 0 ? 0 : 2));
}

static int cannot_mount(const struct exitrd *exitrd, int error)
{
        return log_error(error, "%s: a file system cannot be mounted there%s", exitrd->path,
                         error == -EPERM ? "; that takes root's rights" : "");
}

int exitrd_open(const char *path, struct exitrd **ret)
{
        _cleanup_(exitrd_done) struct exitrd *exitrd = malloc(sizeof(*exitrd));

        if (!exitrd)
                return log_oom();
        *exitrd = (struct exitrd){ .path = path, .mount = -1, .tree = -1, .made_dir = mkdir(path, 0755) == 0 };
        exitrd->dir = fs_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
        if (exitrd->dir < 0)
                return log_error(exitrd->dir, "%s: cannot be opened", path);
        exitrd->mount = make_tmpfs();
        if (exitrd->mount < 0)
                return cannot_mount(exitrd, exitrd->mount);
        exitrd->tree = fs_open(exitrd->mount, ".", O_RDONLY | O_DIRECTORY, 0);
        if (exitrd->tree < 0)
                return log_error(exitrd->tree, "%s: cannot be opened", path);
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

/* What setns(2) needs, and what it forgets. */
struct home {
        int namespace, root, cwd;
};

static void home_done(struct home *home)
{
        safe_close(home->namespace);
        safe_close(home->root);
        safe_close(home->cwd);
}

static int leave_home(struct home *ret)
{
        ret->namespace = fs_open(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY, 0);
        ret->root = fs_open(AT_FDCWD, "/", O_PATH, 0);
        ret->cwd = ret->root < 0 ? ret->root : fs_open(AT_FDCWD, ".", O_PATH, 0);
        if (ret->namespace < 0 || ret->cwd < 0)
                return MIN(ret->namespace, ret->cwd);
        return mounts_leave();
}

/* Go back. The mounts of the namespace that is left go away with their last descriptors. */
static int go_home(const struct home *home)
{
        return setns(home->namespace, CLONE_NEWNS) < 0 || fchdir(home->root) < 0 || chroot(".") < 0 ||
                                               fchdir(home->cwd) < 0
                               ? -errno
                               : 0;
}

/* All of it, away from home. */
static int prepare(struct exitrd *exitrd, const char *image, const char *sysroot, const struct exclude *exclude,
                   struct content *brought)
{
        _cleanup_close_ int covered = fs_open(AT_FDCWD, exitrd->path, O_RDONLY | O_DIRECTORY, 0);
        struct stat st, opened;
        int r = covered < 0 ? covered : 0;

        /* Something else may have taken DIR's place since it was opened; its content is not carried over. */
        if (r == 0 && (fstat(covered, &st) < 0 || fstat(exitrd->dir, &opened) < 0))
                r = -errno;
        if (r == 0 && (st.st_dev != opened.st_dev || st.st_ino != opened.st_ino))
                r = -ESTALE;
        if (r == 0)
                r = mounts_attach(exitrd->mount, covered, ".");
        if (r < 0)
                return not_full(cannot_mount(exitrd, r));
        r = nested_extract(exitrd->tree, exclude, brought);
        if (r < 0)
                return r;
        r = label_tree(exitrd->tree, sysroot);
        if (r < 0)
                return not_full(r);
        r = carry_over(covered, exitrd->tree);
        if (r < 0)
                return r == -ENOSPC ? r : log_error(r, "%s: what is there cannot be carried over", exitrd->path);
        if (unlinkat(exitrd->tree, EXITRD_NEED_SHUTDOWN, 0) < 0 && errno != ENOENT)
                log_debug("%s: cannot remove the mark", exitrd->path);
        r = check_exitrd(exitrd->tree, image);
        if (r < 0)
                return not_full(r);
        r = mounts_clone(exitrd->tree, ".");
        if (r < 0)
                return not_full(log_error(r, "%s: the tree cannot be cloned", exitrd->path));
        close(exitrd->mount);
        exitrd->mount = r;
        return 0;
}

int exitrd_prepare(struct exitrd *exitrd, const char *image, const char *sysroot, const struct exclude *exclude,
                   struct content *brought)
{
        _cleanup_(home_done) struct home home;
        int r = leave_home(&home), back;

        *brought = (struct content){ 0 };
        r = r < 0 ? not_full(cannot_mount(exitrd, r)) : prepare(exitrd, image, sysroot, exclude, brought);
        back = go_home(&home);
        return r < 0 || back == 0 ? r : log_error(back, "Cannot go back to the mount namespace");
}

/* Whether the tmpfs, which is attached now, is where it should be: on DIR and nothing else, and in sight of PID 1. */
static int verify(const struct exitrd *exitrd, bool pivot)
{
        struct stat st;
        int below, parent;

        if (fstat(exitrd->tree, &st) < 0)
                return -errno;
        below = mounts_id(exitrd->dir);
        parent = mounts_parent("/proc/self/mountinfo", st.st_dev);
        if (below < 0 || parent < 0)
                return MIN(below, parent);
        if (parent != below)
                return -EBUSY;
        parent = pivot ? mounts_parent("/proc/1/mountinfo", st.st_dev) : 0;
        return parent == -ENOENT ? -EXDEV : MIN(parent, 0);
}

int exitrd_commit(struct exitrd *exitrd, bool pivot)
{
        int r;

        if (exitrd_is_finished(exitrd->path))
                return 0;
        r = mounts_attach(exitrd->mount, exitrd->dir, ".");
        if (r < 0)
                return log_error(r, "%s: the tree cannot be mounted there", exitrd->path);
        r = verify(exitrd, pivot);
        if (r == 0) {
                exitrd->made_dir = false;
                carry_uncover(exitrd->dir);
                return 1;
        }
        if (mounts_detach_fd(exitrd->mount) < 0) /* which opens nothing: no descriptor may be left for that */
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
        return log_error(r, "%s: cannot tell what is mounted there", exitrd->path);
}

void exitrd_done(struct exitrd **exitrd)
{
        struct exitrd *e = *exitrd;

        if (!e)
                return;
        safe_close(e->tree);
        safe_close(e->mount);
        if (e->made_dir && rmdir(e->path) < 0)
                log_debug("%s: cannot be removed", e->path);
        safe_close(e->dir);
        free(e);
        *exitrd = NULL;
}
