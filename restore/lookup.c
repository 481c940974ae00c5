/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lookup.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "../skipcpio/util.h"

int lookup_open(int root, const char *path, int flags)
{
        struct open_how how = {
                .flags = (uint64_t)flags | O_CLOEXEC,
                .resolve = RESOLVE_IN_ROOT,
        };

        if (!(flags & O_PATH))
                how.flags |= O_NONBLOCK | O_NOCTTY;
        for (int i = 0; i < 100; i++) {
                long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

                if (fd >= 0)
                        return (int)fd;
                if (errno != EAGAIN && errno != EINTR) /* EAGAIN: something was renamed meanwhile */
                        return -errno;
        }
        return -EAGAIN;
}

int lookup_read(int root, const char *path, size_t max, char **ret, size_t *size)
{
        _cleanup_close_ int fd = lookup_open(root, path, O_RDONLY);
        _cleanup_free_ char *text = NULL;
        size_t used = 0;

        if (fd < 0)
                return fd;
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
