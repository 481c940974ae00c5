/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lookup.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "util/compat.h"
#include "util/fs.h"

static int resolve(int root, const char *path, int flags)
{
        return fs_open(root, path, (uint64_t)flags, RESOLVE_IN_ROOT);
}

int lookup_open(int root, const char *path)
{
        _cleanup_close_ int node = resolve(root, path, O_PATH);
        char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
        struct stat st;
        int fd;

        /* Opening a device can have effects, and a boot partition can have a symlink to one: check first. */
        if (node < 0)
                return node;
        if (fstat(node, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        snprintf(link, sizeof(link), "/proc/self/fd/%d", node);
        fd = open(link, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int lookup_directory(int root, const char *path)
{
        return resolve(root, path, O_RDONLY | O_DIRECTORY);
}

int lookup_node(int root, const char *path)
{
        return resolve(root, path, O_PATH);
}

int lookup_read(int root, const char *path, size_t max, char **ret, size_t *size)
{
        _cleanup_close_ int fd = lookup_open(root, path);

        return fd < 0 ? fd : lookup_read_open(fd, max, ret, size);
}

int lookup_read_open(int fd, size_t max, char **ret, size_t *size)
{
        _cleanup_free_ char *text = NULL;
        size_t used = 0;

        text = malloc(max + 2);
        if (!text)
                return -ENOMEM;
        while (used <= max) {
                ssize_t n = read(fd, text + used, max + 1 - used);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                used += (size_t)n;
        }
        if (used > max)
                return -EFBIG;
        text[used] = '\0';
        *ret = TAKE_PTR(text);
        *size = used;
        return 0;
}
