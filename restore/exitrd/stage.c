/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stage.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/xattr.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "check.h"
#include "exec.h"
#include "grow.h"
#include "util/compat.h"
#include "util/log.h"
#include "util/remove.h"

#define TREE_NAME "tree"
#define PLAN_NAME "plan"

static int open_directory(int dir, const char *name)
{
        int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

/* The same, but -EXDEV where something is mounted there, be it from the same file system. */
static int open_directory_here(int dir, const char *name)
{
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_NO_XDEV,
        };
        long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

        return fd < 0 ? -errno : (int)fd;
}

static int make_directory(int dir, const char *name)
{
        if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
                return -errno;
        return open_directory(dir, name);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool exists(int dir, const char *name)
{
        struct stat st;

        return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void closedirp(DIR **d)
{
        if (*d)
                closedir(*d);
}

static DIR *open_entries(int dir)
{
        int fd = open_directory(dir, ".");
        DIR *entries = fd < 0 ? NULL : fdopendir(fd);

        if (!entries)
                safe_close(fd);
        return entries;
}

bool stage_is_finished(const char *path)
{
        _cleanup_close_ int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat st;

        return dir >= 0 && fstatat(dir, STAGE_SHUTDOWN, &st, 0) == 0 && S_ISREG(st.st_mode) &&
               faccessat(dir, STAGE_SHUTDOWN, X_OK, 0) == 0;
}

/* --- the plan: names below DIR, each with its NUL, in the order in which they are renamed --- */

struct plan {
        FILE *file;
        char *names;
        size_t size;
};

static void plan_done(struct plan *plan)
{
        if (plan->file)
                fclose(plan->file);
        free(plan->names);
}

#define _cleanup_plan_ _cleanup_(plan_done)

/* The names of the plan, or of none: for (p = …; p; p = plan_next(…, p)) */
static const char *plan_next(const struct plan *plan, const char *name)
{
        name = name ? name + strlen(name) + 1 : plan->names;
        return name && name < plan->names + plan->size ? name : NULL;
}

/* Take back what a plan has moved: whatever is no longer in the tree goes back there. */
static int plan_undo(const struct plan *plan, int dir, int tree)
{
        const char *name = NULL;
        int result = 0;

        while ((name = plan_next(plan, name)))
                if (!exists(tree, name) && renameat2(dir, name, tree, name, RENAME_NOREPLACE) < 0 && errno != ENOENT)
                        result = -errno;
        return result;
}

static int plan_read(int staging, struct plan *ret)
{
        _cleanup_close_ int fd = openat(staging, PLAN_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        ssize_t n;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        ret->names = calloc((size_t)st.st_size + 1, 1);
        if (!ret->names)
                return -ENOMEM;
        while ((n = read(fd, ret->names + ret->size, (size_t)st.st_size - ret->size)) > 0)
                ret->size += (size_t)n;
        if (n == 0 && ret->size < (size_t)st.st_size)
                return -EIO;
        return n < 0 ? -errno : 0;
}

static bool plan_has(const struct plan *plan, const char *wanted)
{
        const char *name = NULL;

        while ((name = plan_next(plan, name)))
                if (strcmp(name, wanted) == 0)
                        return true;
        return false;
}

/* Write the plan, and only then give it its name: a plan that is there is whole. */
static int plan_write(int staging, const struct plan *plan)
{
        size_t done = 0;
        _cleanup_close_ int fd = openat(staging, PLAN_NAME ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0)
                return -errno;
        while (done < plan->size) {
                ssize_t n = write(fd, plan->names + done, plan->size - done);

                if (n < 0 && errno != EINTR)
                        return -errno;
                done += n > 0 ? (size_t)n : 0;
        }
        return renameat(staging, PLAN_NAME ".new", staging, PLAN_NAME) < 0 ? -errno : 0;
}

/* Plan to rename what is in directory @path of the tree into the one in DIR, which exists too. */
static int plan_directory(struct stage *stage, struct plan *plan, int from, int to, const char *path)
{
        _cleanup_(closedirp) DIR *entries = open_entries(from);
        struct dirent *entry;

        if (!entries)
                return -errno;
        while ((errno = 0, entry = readdir(entries))) {
                _cleanup_close_ int from_sub = -1, to_sub = -1;
                _cleanup_free_ char *name = NULL;
                struct stat here, there;
                int r;

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                if (asprintf(&name, "%s%s%s", path, *path ? "/" : "", entry->d_name) < 0)
                        return -ENOMEM;
                if (fstatat(to, entry->d_name, &there, AT_SYMLINK_NOFOLLOW) < 0) {
                        if (errno != ENOENT)
                                return -errno;
                        if (fwrite(name, strlen(name) + 1, 1, plan->file) != 1)
                                return -ENOMEM;
                        continue;
                }
                if (fstatat(from, entry->d_name, &here, AT_SYMLINK_NOFOLLOW) < 0)
                        return -errno;
                to_sub = -EXDEV;
                if (S_ISDIR(here.st_mode) && S_ISDIR(there.st_mode) && here.st_dev == there.st_dev)
                        to_sub = open_directory_here(to, entry->d_name);
                if (to_sub == -EXDEV) {
                        log_debug("%s/%s was there before and stays", stage->path, name);
                        continue;
                }
                from_sub = open_directory(from, entry->d_name);
                if (from_sub < 0 || to_sub < 0)
                        return from_sub < 0 ? from_sub : to_sub;
                r = plan_directory(stage, plan, from_sub, to_sub, name);
                if (r < 0)
                        return r;
        }
        return -errno;
}

/* --- the staging directory --- */

/* Whether there is no such directory, or what is there is none: not made by us. Any other error is a failure to look.
 */
static bool is_missing(int error)
{
        return error == -ENOENT || error == -ENOTDIR || error == -ELOOP;
}

/* Remove the plan before all else: a run that finds the staging directory half removed would take back what others have
 * put there since. */
static int forget_plan(int staging)
{
        return unlinkat(staging, PLAN_NAME, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Take back what was renamed. */
static int undo(const struct plan *plan, int dir, int staging, int tree)
{
        int r = plan_undo(plan, dir, tree);

        return r < 0 ? r : forget_plan(staging);
}

/* Take back what a run that was killed has left. What cannot be read is left for a run that can. */
static int clean_stale(struct stage *stage)
{
        _cleanup_close_ int tree = open_directory(stage->staging, TREE_NAME);
        _cleanup_plan_ struct plan plan = { 0 };
        int r;

        if (tree < 0)
                return is_missing(tree) ? remove_contents(stage->staging) : tree;
        log_debug("%s/%s: removing what an earlier run left", stage->path, STAGE_NAME);
        /* Without a plan nothing was renamed. With one that has `shutdown`, where that was renamed, all was; or what
         * was missing has been put there by somebody else since. */
        r = plan_read(stage->staging, &plan);
        if (r < 0 && !is_missing(r))
                return r;
        if (plan_has(&plan, STAGE_SHUTDOWN) && exists(stage->dir, STAGE_SHUTDOWN) &&
            (!exists(tree, STAGE_SHUTDOWN) || stage_is_finished(stage->path)))
                r = forget_plan(stage->staging);
        else
                r = undo(&plan, stage->dir, stage->staging, tree);
        return r < 0 ? r : remove_contents(stage->staging);
}

/* Whether DIR holds nothing that somebody else wants to keep. */
static bool is_empty(int dir)
{
        _cleanup_(closedirp) DIR *entries = open_entries(dir);
        struct dirent *entry;

        while (entries && (entry = readdir(entries)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                    strcmp(entry->d_name, STAGE_NAME) != 0 && strcmp(entry->d_name, STAGE_NEED_SHUTDOWN) != 0)
                        return false;
        return entries != NULL;
}

/* Whether nobody else can have opened or filled this directory. */
static bool is_ours(const struct stat *st)
{
        return st->st_uid == geteuid() && (st->st_mode & 022) == 0;
}

/*
 * Make DIR and the staging directory where they are missing, and lock that: DIR itself anybody can open, and so lock.
 * @ret_made: whether the staging directory was missing.
 * @return 0; or -EAGAIN where this is to be tried again: the run that had the lock has removed what it had made, or
 * there was something by that name that is not ours
 */
static int try_lock(struct stage *stage, bool *ret_made)
{
        struct stat held, there;
        int r;

        *ret_made = false;
        stage->made_dir = mkdir(stage->path, 0755) == 0;
        if (!stage->made_dir && errno != EEXIST)
                return -errno;
        stage->below = open(stage->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (stage->below < 0)
                return errno == ENOENT ? -EAGAIN : -errno;
        do
                r = mkdirat(stage->below, STAGE_NAME, 0700) < 0 ? -errno : 0;
        while (r == -ENOSPC && grow_tmpfs(stage->below, 0) == 0);
        if (r < 0 && r != -EEXIST)
                return r == -ENOENT ? -EAGAIN : r;
        *ret_made = r == 0;
        stage->lock = open_directory(stage->below, STAGE_NAME);
        if (stage->lock < 0 && !is_missing(stage->lock))
                return stage->lock;
        if (stage->lock < 0 || (fstat(stage->lock, &held) == 0 && !is_ours(&held))) {
                r = remove_any(stage->below, STAGE_NAME);
                return r < 0 ? r : -EAGAIN;
        }
        while (flock(stage->lock, LOCK_EX) < 0)
                if (errno != EINTR)
                        return -errno;
        if (fstat(stage->lock, &held) < 0)
                return -errno;
        if (fstatat(stage->below, STAGE_NAME, &there, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? -EAGAIN : -errno;
        return is_same(&held, &there) ? 0 : -EAGAIN;
}

static int lock(struct stage *stage)
{
        bool made = false;
        int r = -EAGAIN;

        for (int attempts = 0; r == -EAGAIN && attempts < 10; attempts++) {
                stage->lock = safe_close(stage->lock);
                stage->below = safe_close(stage->below);
                r = try_lock(stage, &made);
        }
        if (r < 0 && r != -EAGAIN && made)
                unlinkat(stage->below, STAGE_NAME, AT_REMOVEDIR);
        if (r < 0)
                stage->lock = safe_close(stage->lock); /* another one is not ours to remove */
        stage->stays = true;                           /* nor is what it holds, before it was looked at */
        return r;
}

void stage_tidy(const char *path)
{
        _cleanup_(stage_done) struct stage stage = STAGE_INIT;
        _cleanup_close_ int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

        stage.path = path;
        stage.kept = dir >= 0 && exists(dir, STAGE_NAME) && lock(&stage) == 0;
        stage.stays = false;
}

/* The directory that is locked, as it is mounted now. In a DIR of somebody else's it can have been exchanged since. */
static int open_staging(struct stage *stage)
{
        struct stat held, there;

        stage->staging = open_directory(stage->dir, STAGE_NAME);
        if (stage->staging < 0)
                return stage->staging;
        if (fstat(stage->lock, &held) < 0 || fstat(stage->staging, &there) < 0)
                return -errno;
        return is_same(&held, &there) ? 0 : -ESTALE;
}

int stage_open(const char *path, bool exitrd, struct stage *ret)
{
        int r;

        *ret = STAGE_INIT;
        ret->path = path;
        ret->exitrd = exitrd;
        r = lock(ret);
        if (r < 0)
                return log_error(r, "%s/%s: cannot be made and locked", path, STAGE_NAME);
        if (exitrd) {
                r = exec_allow(path, &ret->mounted);
                if (r < 0)
                        return r;
        }
        ret->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (ret->dir < 0)
                return log_error(-errno, "%s: cannot be opened", path);
        if (exitrd && stage_is_finished(path)) {
                ret->kept = true;
                ret->stays = false;
                return 0;
        }

        r = open_staging(ret);
        if (r >= 0)
                r = clean_stale(ret);
        if (r < 0)
                return log_error(r, "%s/%s: cannot remove what an earlier run left", path, STAGE_NAME);
        ret->stays = false;
        ret->was_empty = is_empty(ret->dir);
        do
                r = ret->tree = make_directory(ret->staging, TREE_NAME);
        while (r == -ENOSPC && grow_tmpfs(ret->dir, 0) == 0);
        if (r >= 0 && fchmod(ret->tree, 0755) < 0) /* as the kernel's own root, should the image not say */
                r = -errno;
        return r < 0 ? log_error(r, "%s/%s: cannot be made", path, STAGE_NAME) : 1;
}

/* DIR becomes what the tree's root is, where it is nobody else's. */
static void take_attributes(const struct stage *stage, const struct stat *root)
{
        const struct timespec times[2] = { root->st_mtim, root->st_mtim };

        if (fchown(stage->dir, root->st_uid, root->st_gid) < 0 || fchmod(stage->dir, root->st_mode & 07777) < 0 ||
            futimens(stage->dir, times) < 0)
                log_debug("%s: cannot set its owner, mode and time", stage->path);
}

/* What was there before has /run's labels. DIR is to be /, and its directories those that the tree has too, of which
 * the tree's own are left, with the labels that label_tree() has set. */
static void take_labels(const struct stage *stage, int from, int to)
{
        _cleanup_(closedirp) DIR *entries = NULL;
        struct dirent *entry;
        char label[1024];
        ssize_t n = fgetxattr(from, XATTR_NAME_SELINUX, label, sizeof(label));

        if (n <= 0)
                return;
        if (fsetxattr(to, XATTR_NAME_SELINUX, label, (size_t)n, 0) < 0)
                log_debug("%s: cannot set a SELinux label", stage->path);
        entries = open_entries(from);
        while (entries && (entry = readdir(entries))) {
                _cleanup_close_ int from_sub = -1, to_sub = -1;

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                from_sub = open_directory(from, entry->d_name);
                to_sub = from_sub < 0 ? -1 : open_directory_here(to, entry->d_name);
                if (to_sub >= 0)
                        take_labels(stage, from_sub, to_sub);
        }
}

/* Rename what the plan has; told on failure. */
static int rename_all(struct stage *stage, const struct plan *plan)
{
        bool has_shutdown = plan_has(plan, STAGE_SHUTDOWN);
        const char *name = NULL;
        int r;

        while ((name = plan_next(plan, name)))
                if (strcmp(name, STAGE_SHUTDOWN) != 0 &&
                    renameat2(stage->tree, name, stage->dir, name, RENAME_NOREPLACE) < 0)
                        return log_error(-errno, "%s/%s: cannot be moved into place", stage->path, name);
        if (stage->exitrd) {
                r = check_exitrd(stage->dir,
                                 has_shutdown ? STAGE_NAME "/" TREE_NAME "/" STAGE_SHUTDOWN : STAGE_SHUTDOWN);
                if (r < 0)
                        return r;
        }
        if (has_shutdown && renameat2(stage->tree, STAGE_SHUTDOWN, stage->dir, STAGE_SHUTDOWN, RENAME_NOREPLACE) < 0)
                return log_error(-errno, "%s/%s: cannot be moved into place", stage->path, STAGE_SHUTDOWN);
        return 0;
}

/* Remove the staging directory with all that is in it. It stays locked. */
static void remove_staging(struct stage *stage)
{
        if (stage->lock < 0 || stage->removed)
                return;
        if ((!stage->stays && (forget_plan(stage->lock) < 0 || remove_contents(stage->lock) < 0)) ||
            unlinkat(stage->below, STAGE_NAME, AT_REMOVEDIR) < 0)
                log_debug("%s/%s: cannot be removed", stage->path, STAGE_NAME);
        stage->removed = true;
}

int stage_commit(struct stage *stage, const char *image)
{
        _cleanup_plan_ struct plan plan = { 0 };
        struct stat root;
        int r;

        if (fstat(stage->tree, &root) < 0)
                return log_error(-errno, "%s: cannot be read", stage->path);
        if (exists(stage->tree, STAGE_NAME))
                return log_error(-EEXIST, "%s: has a %s of its own", image, STAGE_NAME);
        plan.file = open_memstream(&plan.names, &plan.size);
        if (!plan.file)
                return log_oom();
        r = plan_directory(stage, &plan, stage->tree, stage->dir, "");
        if (r == 0 && fflush(plan.file) != 0)
                r = -errno;
        if (r < 0)
                return log_error(r, "%s: cannot see what is there already", stage->path);
        do
                r = plan_write(stage->staging, &plan);
        while (r == -ENOSPC && grow_tmpfs(stage->dir, plan.size) == 0);
        if (r < 0)
                return log_error(r, "%s/%s: cannot be written to", stage->path, STAGE_NAME);

        r = rename_all(stage, &plan);
        if (r < 0) {
                stage->stays = undo(&plan, stage->dir, stage->staging, stage->tree) < 0;
                return r;
        }
        /* The tree is there. From here on nothing can fail that would matter. */
        if (forget_plan(stage->staging) < 0 ||
            (stage->exitrd && unlinkat(stage->dir, STAGE_NEED_SHUTDOWN, 0) < 0 && errno != ENOENT))
                log_debug("%s: cannot remove a mark", stage->path);
        stage->kept = true;
        if (stage->exitrd)
                take_labels(stage, stage->tree, stage->dir);
        remove_staging(stage);
        if (stage->was_empty)
                take_attributes(stage, &root);
        return 0;
}

void stage_done(struct stage *stage)
{
        stage->tree = safe_close(stage->tree);
        stage->staging = safe_close(stage->staging);
        stage->dir = safe_close(stage->dir);
        if (!stage->kept && stage->mounted)
                exec_undo(stage->path);
        remove_staging(stage);
        if (!stage->kept && stage->made_dir && rmdir(stage->path) < 0)
                log_debug("%s: cannot be removed", stage->path);
        /* From here on another run goes on, and makes anew what was removed. */
        stage->lock = safe_close(stage->lock);
        /* Last, as even the lock takes an inode. A run that needs more has it raised again. */
        if (!stage->kept && stage->below >= 0 && grow_undo(stage->below) < 0)
                log_debug("%s: cannot lower its limits again", stage->path);
        stage->below = safe_close(stage->below);
}
