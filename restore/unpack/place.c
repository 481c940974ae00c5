/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "place.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "util/compat.h"
#include "util/fs.h"

int skipped(int error)
{
        switch (error) {
        case -EEXIST:
        case -EISDIR:
        case -ELOOP:
        case -EMLINK:
        case -ENAMETOOLONG:
        case -ENOENT:
        case -ENOTDIR:
        case -ENOTEMPTY:
        case -EINVAL: /* rmdir(".") */
        case -EXDEV:  /* a mount, which only somebody else can have made */
                return TREE_SKIPPED;
        default:
                return error;
        }
}

int open_in_root(const struct tree *tree, const char *name, int flags)
{
        size_t length = strlen(name);
        char dotted[PATH_MAX];

        if (length > 0 && length + 1 < sizeof(dotted) && name[length - 1] == '/') {
                snprintf(dotted, sizeof(dotted), "%s.", name);
                name = dotted;
        }
        return fs_open(tree->root, name, (uint64_t)flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
}

/* Open the longest beginning of @path that exists; @ret_rest is what is left of it. Halving instead of walking:
 * each try resolves from the root, and a path can have two thousand components. */
static int open_existing(const struct tree *tree, char *path, char **ret_rest)
{
        uint16_t ends[PATH_MAX / 2]; /* where each component and its slash end; a parent's name ends in a slash */
        size_t low = 0, high = 0;    /* so many components exist; so many do not */
        int found = open_in_root(tree, "", O_PATH | O_DIRECTORY);

        for (size_t i = 1; path[i - 1]; i++)
                if (path[i] == '/' && path[i - 1] != '/')
                        ends[high++] = (uint16_t)(i + 1);
        while (found >= 0 && high - low > 1) {
                size_t middle = low + (high - low) / 2;
                char *end = path + ends[middle - 1], next = *end;
                int fd;

                *end = '\0';
                fd = open_in_root(tree, path, O_PATH | O_DIRECTORY);
                *end = next;
                if (fd == -ENOENT) {
                        high = middle;
                } else {
                        safe_close(found);
                        found = fd;
                        low = middle;
                }
        }
        *ret_rest = low > 0 ? path + ends[low - 1] : path;
        return found;
}

/* Open directory @path and make its missing parts, as cpio -d does and the kernel does not. */
static int open_parent(struct tree *tree, const char *path)
{
        char copy[PATH_MAX], *rest, *component, *state;
        _cleanup_close_ int fd = open_in_root(tree, path, O_PATH | O_DIRECTORY);

        if (fd != -ENOENT || tree->no_parents)
                return fd < 0 ? skipped(fd) == TREE_SKIPPED ? -ENOTDIR : fd : TAKE_FD(fd);
        strcpy(copy, path);
        fd = open_existing(tree, copy, &rest);
        if (fd < 0)
                return fd;
        for (component = strtok_r(rest, "/", &state); component; component = strtok_r(NULL, "/", &state)) {
                int r, next;

                if (strcmp(component, ".") == 0)
                        continue;
                if (strcmp(component, "..") == 0)
                        return -ENOTDIR; /* out of a directory that does not exist: no kernel goes there */
                r = NOTE_FULL(tree, mkdirat(fd, component, 0755));
                if (r < 0)
                        return r == -EEXIST ? -ENOTDIR : r; /* a dangling link, which stays one */
                next = openat(fd, component, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (next < 0)
                        return -errno;
                safe_close(fd);
                fd = next;
        }
        return TAKE_FD(fd);
}

int find_place(struct tree *tree, const char *name, struct location *ret)
{
        const char *slash = strrchr(name, '/');
        const char *base = slash ? slash + 1 : name;
        size_t length = (size_t)(base - name);

        *ret = (struct location){ .owned = -1 };
        if (*base == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0) {
                if (*name == '\0')
                        return TREE_SKIPPED;
                ret->dir = ret->owned = open_in_root(tree, name, O_RDONLY | O_DIRECTORY);
                return ret->dir < 0 ? skipped(ret->dir) : 0;
        }

        if (tree->parent < 0 || strncmp(tree->parent_name, name, length) != 0 || tree->parent_name[length] != '\0') {
                tree->parent = safe_close(tree->parent);
                memcpy(tree->parent_name, name, length);
                tree->parent_name[length] = '\0';
                tree->parent = open_parent(tree, tree->parent_name);
                if (tree->parent < 0) {
                        int r = tree->parent;

                        tree->parent = -1;
                        return skipped(r);
                }
        }
        ret->dir = tree->parent;
        ret->base = base;
        return 0;
}
