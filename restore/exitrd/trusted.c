/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trusted.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"

/* The kernel follows so many. */
#define LINKS_MAX 40

/* A walk from the root, a name at a time. */
struct walk {
        int root, tree;
        int dir;             /* the directory that is reached */
        char *real;          /* its name */
        char rest[PATH_MAX]; /* what is left to walk */
        char *next;          /* the next name in it */
        unsigned links;      /* links followed */
};

const char *trusted_reason(int error)
{
        return error == -EPERM ? "others than root can write to it, or to a directory on the way" : strerror(-error);
}

static bool is_trusted(const struct stat *st)
{
        /* The group's bits are the mask of an access control list, too. */
        return st->st_uid == 0 && (S_ISLNK(st->st_mode) || (st->st_mode & (S_IWGRP | S_IWOTH)) == 0);
}

static int reopen(struct walk *walk)
{
        safe_close(walk->dir);
        walk->dir = openat(walk->root, *walk->real ? walk->real : ".", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return walk->dir < 0 ? -errno : 0;
}

static int go_up(struct walk *walk)
{
        char *slash = strrchr(walk->real, '/');

        *(slash ?: walk->real) = '\0';
        return reopen(walk);
}

/* Append the next name to the real one. @return where it ended before, or NULL if there is no room */
static char *append(struct walk *walk, const char *name)
{
        size_t used = strlen(walk->real);

        if (used + strlen(name) + 2 > PATH_MAX)
                return NULL;
        sprintf(walk->real + used, "%s%s", used ? "/" : "", name);
        return walk->real + used;
}

static int follow(struct walk *walk, int link, const char *name)
{
        char target[PATH_MAX], rest[PATH_MAX], *end;
        ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);

        if (n < 0)
                return -errno;
        target[n] = '\0';
        if (++walk->links > LINKS_MAX)
                return -ELOOP;
        end = append(walk, name);
        if (!end || snprintf(rest, sizeof(rest), "%s/%s", target, walk->next) >= (int)sizeof(rest))
                return -ENAMETOOLONG;
        if (walk->tree >= 0 && symlinkat(target, walk->tree, walk->real) < 0 && errno != EEXIST)
                return -errno;
        *(*target == '/' ? walk->real : end) = '\0';
        strcpy(walk->rest, rest);
        walk->next = walk->rest;
        return *target == '/' ? reopen(walk) : 0;
}

static int enter(struct walk *walk, int *node, const char *name)
{
        if (!append(walk, name))
                return -ENAMETOOLONG;
        if (walk->tree >= 0 && mkdirat(walk->tree, walk->real, 0755) < 0 && errno != EEXIST)
                return -errno;
        safe_close(walk->dir);
        walk->dir = TAKE_FD(*node);
        return 0;
}

/* Walk one name. @return 1 to go on; 0 if it is a file, which is opened; or a negative errno */
static int step(struct walk *walk, int *ret_file)
{
        char *name = walk->next;
        _cleanup_close_ int node = -1;
        struct stat st;
        int r;

        walk->next += strcspn(walk->next, "/");
        if (*walk->next)
                *walk->next++ = '\0';
        if (!*name || strcmp(name, ".") == 0)
                return 1;
        if (strcmp(name, "..") == 0)
                return (r = go_up(walk)) < 0 ? r : 1;
        node = openat(walk->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (node < 0 || fstat(node, &st) < 0)
                return -errno;
        if (!is_trusted(&st))
                return -EPERM;
        if (!S_ISREG(st.st_mode)) {
                r = S_ISLNK(st.st_mode)   ? follow(walk, node, name)
                    : S_ISDIR(st.st_mode) ? enter(walk, &node, name)
                                          : -EINVAL;
                return r < 0 ? r : 1;
        }
        if (walk->next[strspn(walk->next, "/")])
                return -ENOTDIR;
        if (!append(walk, name))
                return -ENAMETOOLONG;
        /* Only root could put something else there meanwhile. */
        *ret_file = openat(walk->dir, name, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
        return *ret_file < 0 ? -errno : 0;
}

int trusted_open(int root_fd, const char *path, int tree_fd, char real[static PATH_MAX])
{
        struct walk walk = { .root = root_fd, .tree = tree_fd, .dir = -1, .real = real };
        int file = -1, r;
        struct stat st;

        *real = '\0';
        walk.next = walk.rest;
        if (strlen(path) >= sizeof(walk.rest))
                return -ENAMETOOLONG;
        strcpy(walk.rest, path);
        r = reopen(&walk);
        if (r == 0 && fstat(walk.dir, &st) < 0)
                r = -errno;
        if (r == 0)
                r = is_trusted(&st) ? 1 : -EPERM;
        while (r > 0 && *walk.next)
                r = step(&walk, &file);
        if (r > 0) {
                file = openat(walk.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                r = file < 0 ? -errno : 0;
        }
        safe_close(walk.dir);
        return r < 0 ? r : file;
}
