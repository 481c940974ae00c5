/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "util/log.h"
#include "util/mounts.h"
#include "util/remove.h"

#define TREE_NAME "tree"

/* @return 1, 0 if it is not empty, or a negative errno */
static int is_empty(int fd)
{
        int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = copy < 0 ? NULL : fdopendir(copy);
        struct dirent *entry;
        int r = 1;

        if (!dir) {
                r = -errno;
                safe_close(copy);
                return r;
        }
        while (r > 0 && (errno = 0, entry = readdir(dir)))
                r = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        if (r > 0 && errno > 0)
                r = -errno;
        closedir(dir);
        return r;
}

/* The absolute path of a directory that may not exist yet: its parent's path and its last component. */
static int resolve(const char *path, char **ret)
{
        _cleanup_free_ char *copy = strdup(path), *parent = NULL;
        size_t length = strlen(path);
        char *slash;

        if (!copy)
                return -ENOMEM;
        while (length > 1 && copy[length - 1] == '/')
                copy[--length] = '\0';
        *ret = realpath(copy, NULL);
        if (*ret || errno != ENOENT)
                return *ret ? 0 : -errno;
        slash = strrchr(copy, '/');
        if (slash)
                *slash = '\0';
        parent = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
        if (!parent)
                return -errno;
        if (asprintf(ret, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, slash ? slash + 1 : copy) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }
        return 0;
}

static const char *last_name(const struct directory *directory)
{
        return strrchr(directory->path, '/') + 1;
}

static int open_parent(struct directory *directory)
{
        _cleanup_free_ char *parent = strndup(directory->path, (size_t)(last_name(directory) - directory->path));

        if (!parent)
                return -ENOMEM;
        directory->parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return directory->parent < 0 ? -errno : 0;
}

/* Whether a rename can replace DIR: it must not be a mount point, nor the working directory, in which the caller would
 * be left. */
static bool is_replaceable(const struct directory *directory, int fd)
{
        const char *name = last_name(directory);
        struct stat there, here;

        return *name && mounts_is_mounted(directory->parent, name) == 0 && fstat(fd, &there) == 0 &&
               stat(".", &here) == 0 && (there.st_dev != here.st_dev || there.st_ino != here.st_ino);
}

/* The tree is one level further down: its root gets the mode in the image, which may let others in before it is
 * complete. */
static int open_stage(struct directory *directory)
{
        int r = -EEXIST;
        struct stat st;

        for (int attempts = 0; r == -EEXIST && attempts < 100; attempts++) {
                uint64_t unique;

                if (getrandom(&unique, sizeof(unique), GRND_NONBLOCK) != sizeof(unique))
                        return -EAGAIN;
                snprintf(directory->stage, sizeof(directory->stage), ".restore-%016" PRIx64, unique);
                r = mkdirat(directory->parent, directory->stage, 0700) < 0 ? -errno : 0;
        }
        if (r < 0) {
                directory->stage[0] = '\0';
                return r;
        }
        directory->staging =
                        openat(directory->parent, directory->stage, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        /* The owner of the directory above may have replaced it since. */
        if (directory->staging < 0 || fstat(directory->staging, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid() || (st.st_mode & 07777) != 0700 || is_empty(directory->staging) != 1) {
                directory->staging = safe_close(directory->staging);
                return -ESTALE;
        }
        if (mkdirat(directory->staging, TREE_NAME, 0755) < 0)
                return -errno;
        directory->tree = openat(directory->staging, TREE_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return directory->tree < 0 ? -errno : 0;
}

static int open_directory(const char *path, bool force, struct directory *ret)
{
        _cleanup_close_ int fd = -1;
        int r = resolve(path, &ret->path);

        if (r == 0)
                r = open_parent(ret);
        if (r < 0)
                return r;
        fd = open(ret->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno != ENOENT)
                return -errno;
        r = fd < 0 ? 1 : is_empty(fd);
        if (r < 0 || (r == 0 && !force))
                return r < 0 ? r : -ENOTEMPTY;
        ret->keep = r == 0;
        if (fd < 0 || (r > 0 && is_replaceable(ret, fd)))
                return open_stage(ret);
        ret->tree = TAKE_FD(fd);
        return 0;
}

int directory_open(const char *path, bool force, struct directory *ret)
{
        int r;

        *ret = DIRECTORY_INIT;
        r = open_directory(path, force, ret);
        if (r == -ENOTEMPTY)
                return log_error(0, "%s: it is not empty (--force unpacks into it all the same)", path), r;
        if (r == -ENOENT)
                return log_error(r, "%s: cannot be made, its parent is missing", path);
        return r < 0 ? log_error(r, "%s: cannot be unpacked into", path) : 0;
}

int directory_commit(struct directory *directory)
{
        if (directory->staging >= 0 &&
            renameat(directory->staging, TREE_NAME, directory->parent, last_name(directory)) < 0)
                return log_error(-errno, "%s: the tree cannot be renamed to it", directory->path);
        directory->keep = true;
        return 0;
}

void directory_done(struct directory *directory)
{
        if (directory->tree >= 0 && !directory->keep && remove_contents(directory->tree) < 0)
                log_debug("%s: not all could be removed", directory->path);
        directory->tree = safe_close(directory->tree);
        if (directory->staging >= 0 && !directory->keep && unlinkat(directory->staging, TREE_NAME, AT_REMOVEDIR) < 0)
                log_debug("%s: cannot be removed", directory->stage);
        if (directory->stage[0] && unlinkat(directory->parent, directory->stage, AT_REMOVEDIR) < 0)
                log_debug("%s: cannot be removed", directory->stage);
        directory->staging = safe_close(directory->staging);
        directory->parent = safe_close(directory->parent);
        free(TAKE_PTR(directory->path));
}
