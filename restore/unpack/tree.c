/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "skipcpio/util.h"
#include "util/compat.h"
#include "util/fs.h"
#include "place.h"

void tree_init(struct tree *tree, int root)
{
        *tree = (struct tree){ .root = root, .parent = -1, .unit = 1 };
}

void tree_done(struct tree *tree)
{
        safe_close(tree->parent);
        free(tree->directories);
        tree_init(tree, -1);
}

static void settle(struct tree *tree)
{
        if (tree->settle)
                tree->settle(tree->settle_argument);
}

static int clean(struct tree *tree, const struct location *place, uint32_t mode)
{
        struct stat st;

        if (fstatat(place->dir, place->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : skipped(-errno);
        if (((st.st_mode ^ mode) & S_IFMT) == 0)
                return 0;
        if (unlinkat(place->dir, place->base, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0)
                return skipped(-errno);
        /* The name may have been part of the way to the parent that is in hand. @place still points into it, so
         * it is only not to be found again. */
        if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
                strcpy(tree->parent_name, "?"); /* a parent's name ends in a slash or is empty */
        return 0;
}

/* The place of a name without the slashes at its end. */
static int find_stripped(struct tree *tree, const char *name, struct location *ret)
{
        char stripped[PATH_MAX];
        size_t length = strlen(name);

        while (length > 0 && name[length - 1] == '/')
                length--;
        memcpy(stripped, name, length);
        stripped[length] = '\0';
        return find_place(tree, stripped, ret);
}

static bool ends_in_slash(const char *name)
{
        return *name && name[strlen(name) - 1] == '/';
}

/* What is no directory cannot be made at a name with a slash behind it, but the kernel first removes the directory
 * that is there, if that is empty. @return 0 if it did */
static int clean_slashed(struct tree *tree, const char *name)
{
        _cleanup_place_ struct location place = { .owned = -1 };
        int r = ends_in_slash(name) ? find_stripped(tree, name, &place) : TREE_SKIPPED;

        if (r != 0 || !place.base)
                return r < 0 ? r : TREE_SKIPPED;
        if (unlinkat(place.dir, place.base, AT_REMOVEDIR) < 0)
                return skipped(-errno);
        strcpy(tree->parent_name, "?");
        return 0;
}

static int own(const struct tree *tree, int fd, const struct newc *header)
{
        return !tree->no_owners && fchown(fd, header->uid, header->gid) < 0 ? -errno : 0;
}

static int set_owner(const struct tree *tree, const struct location *place, const struct newc *header)
{
        if (tree->no_owners)
                return 0;
        return fchownat(place->dir, place->base, header->uid, header->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int set_times(const struct location *place, uint32_t mtime)
{
        return set_file_times(place->dir, place->base, mtime, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int tree_file_times(int fd, uint32_t mtime)
{
        return set_file_times(fd, NULL, mtime, 0) < 0 ? -errno : 0;
}

/* Remember a directory's time: name, NUL, time, size of all that, so that the list can be read backwards. */
static int remember_directory(struct tree *tree, const char *name, uint32_t mtime)
{
        uint32_t name_size = (uint32_t)strlen(name) + 1;
        size_t need = name_size + 2 * sizeof(uint32_t);
        char *p;

        if (tree->directories_used + need > tree->directories_size) {
                size_t bigger = MAX(tree->directories_size * 2, need + 16384U);

                bigger = MIN(bigger, TREE_DIRECTORIES_MAX);
                if (tree->directories_used + need > bigger)
                        return -E2BIG;
                p = realloc(tree->directories, bigger);
                if (!p)
                        return -ENOMEM;
                tree->directories = p;
                tree->directories_size = bigger;
        }
        p = tree->directories + tree->directories_used;
        p = mempcpy(p, name, name_size);
        p = mempcpy(p, &mtime, sizeof(mtime));
        memcpy(p, &name_size, sizeof(name_size));
        tree->directories_used += need;
        return 0;
}

int tree_finish(struct tree *tree)
{
        tree->no_parents = true;
        while (tree->directories_used > 0) {
                _cleanup_place_ struct location place;
                uint32_t mtime, name_size;
                char *end = tree->directories + tree->directories_used;
                int r;

                memcpy(&name_size, end - sizeof(name_size), sizeof(name_size));
                memcpy(&mtime, end - sizeof(name_size) - sizeof(mtime), sizeof(mtime));
                tree->directories_used -= name_size + 2 * sizeof(uint32_t);
                r = find_place(tree, tree->directories + tree->directories_used, &place);
                if (r == 0)
                        r = place.base ? skipped(set_times(&place, mtime)) : tree_file_times(place.dir, mtime);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int directory_attributes(const struct tree *tree, const struct location *place, const struct newc *header)
{
        int r;

        if (!place->base)
                return own(tree, place->dir, header) < 0 || fchmod(place->dir, header->mode & 07777) < 0 ? -errno : 0;
        /* No link can be there, as what is in the way of an entry is removed. If that fails, it is left alone: where
         * it leads need not be below the tree's root. */
        r = set_owner(tree, place, header);
        return skipped(r < 0 ? r : fs_chmod(place->dir, place->base, header->mode & 07777));
}

int tree_directory(struct tree *tree, const char *name, const struct newc *header)
{
        _cleanup_place_ struct location place;
        int r = find_place(tree, name, &place);
        bool slashed = r == TREE_SKIPPED && ends_in_slash(name);

        if (slashed) /* mkdir takes slashes at the end of a name */
                r = find_stripped(tree, name, &place);
        if (r != 0)
                return r;
        if (place.base) {
                r = NOTE_FULL(tree, mkdirat(place.dir, place.base, header->mode & 07777));
                /* No system call finds a file by a name with a slash at its end, so what is there stays. */
                if (r == -EEXIST && slashed)
                        return remember_directory(tree, name, header->mtime) ?: TREE_SKIPPED;
                if (r == -EEXIST) {
                        r = clean(tree, &place, header->mode);
                        if (r == 0)
                                r = NOTE_FULL(tree, mkdirat(place.dir, place.base, header->mode & 07777));
                }
                if (r < 0 && skipped(r) < 0)
                        return r;
        }
        r = directory_attributes(tree, &place, header);
        return r < 0 ? r : remember_directory(tree, name, header->mtime) ?: r;
}

int tree_symlink(struct tree *tree, const char *name, const char *target, const struct newc *header)
{
        _cleanup_place_ struct location place;
        int r = find_place(tree, name, &place);

        if (r != 0)
                return r;
        if (!place.base) {
                r = clean_slashed(tree, name);
                if (r == TREE_SKIPPED && own(tree, place.dir, header) < 0)
                        return -errno;
                return r == TREE_SKIPPED ? tree_file_times(place.dir, header->mtime) ?: r : r;
        }
        r = NOTE_FULL(tree, symlinkat(target, place.dir, place.base));
        /* The kernel first removes what is in the way, whatever the target is. */
        if (r == -EEXIST || r == -ENOENT || r == -ENAMETOOLONG) {
                r = clean(tree, &place, 0);
                if (r == 0)
                        r = NOTE_FULL(tree, symlinkat(target, place.dir, place.base));
        }
        if (r < 0 && skipped(r) < 0)
                return r;
        /* As in the kernel: if the link cannot be made, what is in its place gets its owner and time. */
        r = set_owner(tree, &place, header);
        if (r == 0)
                r = set_times(&place, header->mtime);
        return skipped(r);
}

/* The kernel's MKDEV(): 32 bits, whatever the numbers are. mknod() refuses others, before it looks at what is there. */
static dev_t kernel_device(const struct newc *header)
{
        uint32_t device = header->rdev_major << 20 | header->rdev_minor;

        return makedev(device >> 20, device & 0xfffff);
}

int tree_node(struct tree *tree, const char *name, const struct newc *header)
{
        dev_t device = kernel_device(header);
        _cleanup_place_ struct location place;
        int r = find_place(tree, name, &place);

        if (r != 0)
                return r;
        if (!place.base) {
                r = clean_slashed(tree, name);
                if (r != TREE_SKIPPED)
                        return r;
                return directory_attributes(tree, &place, header) ?: tree_file_times(place.dir, header->mtime);
        }
        r = NOTE_FULL(tree, mknodat(place.dir, place.base, header->mode & (S_IFMT | 07777), device));
        if (r == -EEXIST) {
                r = clean(tree, &place, header->mode);
                if (r == 0)
                        r = NOTE_FULL(tree, mknodat(place.dir, place.base, header->mode & (S_IFMT | 07777), device));
        }
        if (r < 0 && skipped(r) < 0)
                return r;
        r = directory_attributes(tree, &place, header);
        return r == 0 ? skipped(set_times(&place, header->mtime)) : r;
}

int tree_clean(struct tree *tree, const char *name, uint32_t mode)
{
        _cleanup_place_ struct location place;
        int r = find_place(tree, name, &place);

        if (r == 0 && !place.base)
                return S_ISDIR(mode) ? 0 : clean_slashed(tree, name);
        return r == 0 ? clean(tree, &place, mode) : r;
}

int tree_clear(struct tree *tree, const char *name, uint32_t mode)
{
        int r;

        tree->no_parents = true;
        r = tree_clean(tree, name, mode);
        tree->no_parents = false;
        return r;
}

int tree_link(struct tree *tree, const char *name, const char *old)
{
        _cleanup_place_ struct location from, to;
        _cleanup_close_ int from_dir = -1;
        struct stat st;
        int r;

        to.owned = -1;
        r = find_place(tree, old, &from);
        if (r != 0)
                return r;
        if (!from.base)
                return TREE_SKIPPED;
        from_dir = fcntl(from.dir, F_DUPFD_CLOEXEC, 0); /* the next look-up closes it */
        if (from_dir < 0)
                return -errno;
        r = find_place(tree, name, &to);
        if (r != 0)
                return r;
        if (!to.base)
                return TREE_SKIPPED;
        r = clean(tree, &to, 0);
        if (r < 0)
                return r;
        r = NOTE_FULL(tree, linkat(from_dir, from.base, to.dir, to.base, 0));
        if (r == -EPERM && fstatat(from_dir, from.base, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
                return TREE_SKIPPED;
        return skipped(r);
}

/* Open a file that is there. Without O_CREAT: with it, fs.protected_regular refuses somebody else's in a sticky
 * directory. A name that was just linked can be a symlink, which the kernel follows. */
static int open_old(const struct tree *tree, const struct location *place, const char *name, bool linked)
{
        const int flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (fstatat(place->dir, place->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (S_ISREG(st.st_mode)) {
                fd = openat(place->dir, place->base, linked ? flags : flags | O_TRUNC);
                return fd < 0 ? -errno : TAKE_FD(fd);
        }
        if (!linked || !S_ISLNK(st.st_mode))
                return -ELOOP;
        fd = open_in_root(tree, name, O_PATH);
        if (fd < 0)
                return fd == -ENOENT ? open_in_root(tree, name, O_WRONLY | O_CREAT) : fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        safe_close(fd);
        fd = S_ISREG(st.st_mode) ? open_in_root(tree, name, O_WRONLY | O_NONBLOCK) : -ELOOP;
        return fd < 0 ? fd : TAKE_FD(fd);
}

int tree_file(struct tree *tree, const char *name, const struct newc *header, bool linked, bool *ret_new, int *ret_fd)
{
        const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        _cleanup_place_ struct location place;
        _cleanup_close_ int fd = -1;
        int r = find_place(tree, name, &place);

        if (r != 0)
                return r;
        if (!place.base) {
                r = clean_slashed(tree, name);
                return r < 0 ? r : TREE_SKIPPED;
        }
        r = linked ? -EEXIST : NOTE_FULL(tree, fd = openat(place.dir, place.base, flags, header->mode & 07777));
        *ret_new = r == 0;
        if (r == -EEXIST) {
                settle(tree);
                r = linked ? 0 : clean(tree, &place, header->mode);
                if (r < 0)
                        return r;
                r = fd = open_old(tree, &place, name, linked);
                if (r == -ENOENT && !linked) /* another type's, and removed */
                        r = NOTE_FULL(tree, fd = openat(place.dir, place.base, flags, header->mode & 07777));
        }
        if (r < 0)
                return skipped(r);
        if (own(tree, fd, header) < 0 || fchmod(fd, header->mode & 07777) < 0 ||
            (!*ret_new && header->filesize > 0 && ftruncate(fd, header->filesize) < 0))
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}
