/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "copy.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/xattr.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "skipcpio/util.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/remove.h"

static int open_dir(int dir_fd, const char *name)
{
        int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

/* Owner, mode and times of @st, for the inode behind @fd. The mode last: chown() clears set-ID bits. */
static int set_attributes(int fd, const struct stat *st)
{
        return fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0 ||
                                               futimens(fd, (struct timespec[]){ st->st_atim, st->st_mtim }) < 0
                               ? -errno
                               : 0;
}

static int move_entry(int dir_fd, const char *name, void *arg)
{
        _cleanup_close_ int from = -1, to = -1;
        int to_dir = *(const int *)arg, r;

        if (renameat(dir_fd, name, to_dir, name) == 0)
                return 0;
        if (errno != EISDIR && errno != ENOTDIR && errno != ENOTEMPTY && errno != EEXIST)
                return -errno;
        from = open_dir(dir_fd, name);
        to = open_dir(to_dir, name);
        if (from < 0 || to < 0) {
                r = remove_any(to_dir, name);
                if (r < 0)
                        return r;
                return renameat(dir_fd, name, to_dir, name) < 0 ? -errno : 0;
        }
        r = move_tree(from, to);
        if (r < 0)
                return r;
        return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int move_tree(int from_fd, int to_fd)
{
        struct stat st;
        int r;

        if (fstat(from_fd, &st) < 0)
                return -errno;
        r = fs_for_each(from_fd, move_entry, &to_fd);
        return r < 0 ? r : set_attributes(to_fd, &st);
}

static int count_entry(int dir_fd, const char *name, void *arg)
{
        _cleanup_close_ int fd = -1;
        struct content *content = arg;
        struct stat st;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        content->entries++;
        if (S_ISREG(st.st_mode))
                content->bytes += (uint64_t)st.st_size / st.st_nlink;
        if (!S_ISDIR(st.st_mode))
                return 0;
        fd = open_dir(dir_fd, name);
        return fd < 0 ? fd : count_tree(fd, content);
}

int count_tree(int dir_fd, struct content *ret)
{
        return fs_for_each(dir_fd, count_entry, ret);
}

/* A copy under way. */
struct copy {
        int top;             /* directory that @path starts at */
        int to;              /* directory that is filled */
        size_t used;         /* bytes of @path: the name of @to with a slash behind it, or nothing */
        char path[PATH_MAX]; /* names of the way from @top */
        void *links;         /* first names of files that have several, by inode number */
        copy_other *other;   /* set: @to may have entries */
};

struct link {
        uint64_t inode;
        char name[];
};

static int compare_links(const void *a, const void *b)
{
        const struct link *x = a, *y = b;

        return (x->inode > y->inode) - (x->inode < y->inode);
}

/* The first name of a file that has several: NULL at its first time. */
static int find_link(struct copy *copy, uint64_t inode, const char *name, const char **ret_old)
{
        _cleanup_free_ struct link *link = malloc(sizeof(*link) + copy->used + strlen(name) + 1);
        struct link **found;

        if (!link)
                return -ENOMEM;
        link->inode = inode;
        memcpy(link->name, copy->path, copy->used);
        strcpy(link->name + copy->used, name);
        found = tsearch(link, &copy->links, compare_links);
        if (!found)
                return -ENOMEM;
        *ret_old = *found != link ? (*found)->name : NULL;
        if (*found == link)
                TAKE_PTR(link);
        return 0;
}

static int copy_entry(int dir_fd, const char *name, void *arg);

/* Fills the directory @name. */
static int copy_below(struct copy *copy, int from, const char *name)
{
        size_t used = copy->used, length = strlen(name);
        int to = copy->to, r;

        if (used + length + 2 > sizeof(copy->path))
                return -ENAMETOOLONG;
        memcpy(copy->path + used, name, length);
        copy->path[used + length] = '/';
        copy->used = used + length + 1;
        copy->to = open_dir(to, name);
        r = copy->to < 0 ? copy->to : fs_for_each(from, copy_entry, copy);
        safe_close(copy->to);
        copy->to = to;
        copy->used = used;
        return r;
}

/* Makes the new entry, empty as yet. */
static int make_entry(struct copy *copy, int dir_fd, const char *name, const struct stat *st)
{
        char target[PATH_MAX];
        ssize_t n;

        if (S_ISDIR(st->st_mode))
                return mkdirat(copy->to, name, 0700) < 0 ? -errno : 0;
        if (!S_ISLNK(st->st_mode))
                return mknodat(copy->to, name, st->st_mode & (S_IFMT | 0700), st->st_rdev) < 0 ? -errno : 0;
        n = readlinkat(dir_fd, name, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = '\0';
        return symlinkat(target, copy->to, name) < 0 ? -errno : 0;
}

/* Attributes of what has no descriptor here: links, devices, fifos and sockets. */
static int set_attributes_at(int dir_fd, const char *name, const struct stat *st)
{
        int r;

        if (fchownat(dir_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        r = S_ISLNK(st->st_mode) ? 0 : fs_chmod(dir_fd, name, st->st_mode & 07777);
        if (r < 0)
                return r;
        return utimensat(dir_fd, name, (struct timespec[]){ st->st_atim, st->st_mtim }, AT_SYMLINK_NOFOLLOW) < 0
                               ? -errno
                               : 0;
}

/* Where @to may have entries: take what is in this one's way out of it, and ask what to do. @return 1 if the entry
 * is still to be copied, 2 where only what is below it is, 0 if it is done; or a negative errno */
static int settle_entry(const struct copy *copy, int dir_fd, const char *name, const struct stat *st)
{
        bool joined = false;
        struct stat there;
        int r = 0;

        if (fstatat(copy->to, name, &there, AT_SYMLINK_NOFOLLOW) == 0) {
                joined = S_ISDIR(st->st_mode) && S_ISDIR(there.st_mode);
                r = joined ? 0 : remove_any(copy->to, name);
        } else if (errno != ENOENT) {
                r = -errno;
        }
        if (r == 0)
                r = copy->other(dir_fd, name, st, copy->to);
        return r > 0 && joined ? 2 : r;
}

/* What stays from before the pivot keeps its SELinux label; without one there is nothing to keep. */
static void copy_label(int from, int to)
{
        char label[1024];
        ssize_t n = fgetxattr(from, XATTR_NAME_SELINUX, label, sizeof(label));

        if (n > 0 && fsetxattr(to, XATTR_NAME_SELINUX, label, (size_t)n, 0) < 0)
                log_debug("cannot set a SELinux label: %s", strerror(errno));
}

/* A file, or a directory with all that is below it, both of which can be opened. */
static int copy_content(struct copy *copy, int dir_fd, const char *name, const struct stat *st, bool is_new)
{
        bool directory = S_ISDIR(st->st_mode);
        uint64_t offset = 0, size = (uint64_t)st->st_size;
        _cleanup_close_ int from = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), to = -1;
        int r;

        to = from < 0 ? -1 : openat(copy->to, name, O_NOFOLLOW | O_CLOEXEC | (directory ? O_RDONLY : O_WRONLY));
        if (to < 0)
                return -errno;
        r = directory ? copy_below(copy, from, name) : fs_copy(from, &offset, to, &size);
        if (r == -ENODATA)
                r = -EIO; /* shorter than it says */
        if (r < 0)
                return r;
        if (copy->other && is_new)
                copy_label(from, to);
        return set_attributes(to, st);
}

static int copy_entry(int dir_fd, const char *name, void *arg)
{
        const char *old = NULL;
        struct copy *copy = arg;
        struct stat st;
        int r = 1;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (copy->other)
                r = settle_entry(copy, dir_fd, name, &st);
        if (r <= 0)
                return r;
        if (r == 2)
                return copy_content(copy, dir_fd, name, &st, false);
        if (!S_ISDIR(st.st_mode) && st.st_nlink > 1) {
                r = find_link(copy, st.st_ino, name, &old);
                if (r < 0)
                        return r;
        }
        if (old)
                return linkat(copy->top, old, copy->to, name, 0) < 0 ? -errno : 0;
        r = make_entry(copy, dir_fd, name, &st);
        if (r < 0)
                return r;
        return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? copy_content(copy, dir_fd, name, &st, true)
                                                          : set_attributes_at(copy->to, name, &st);
}

int copy_over(int from_fd, int to_fd, copy_other *other)
{
        struct copy copy = { .top = to_fd, .to = to_fd, .other = other };
        int r = fs_for_each(from_fd, copy_entry, &copy);

        tdestroy(copy.links, free);
        return r;
}

int copy_tree(int from_fd, int to_fd)
{
        struct stat st;
        int r;

        if (fstat(from_fd, &st) < 0)
                return -errno;
        r = copy_over(from_fd, to_fd, NULL);
        return r < 0 ? r : set_attributes(to_fd, &st);
}
