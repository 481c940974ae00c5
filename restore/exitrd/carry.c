/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "carry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "util/copy.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/mounts.h"

/* A file that is larger, as a live system's root in memory, is not copied but mounted: the exitrd has no use for it,
 * but whoever has it open may go on to use its name. */
#define COPY_MAX (1 << 20)

/* Mount on @name in @to what is mounted on it in @dir, from the lowest to the topmost, or what it is. The mounts are
 * taken off on the way down. */
static int carry_mounts(int dir, const char *name, int to)
{
        _cleanup_close_ int clone = mounts_clone(dir, name);
        int r = clone < 0 ? clone : mounts_is_mounted(dir, name);

        if (r > 0)
                r = mounts_detach(dir, name) ?: mounts_is_mounted(dir, name);
        if (r > 0)
                r = carry_mounts(dir, name, to);
        return r < 0 ? r : mounts_attach(clone, to, name);
}

/* A copy_other: mounts and large files are mounted, the rest is copied. */
static int carry_entry(int dir, const char *name, const struct stat *st, int to)
{
        int r = mounts_is_mounted(dir, name);

        if (r < 0 || (r == 0 && !(S_ISREG(st->st_mode) && st->st_size > COPY_MAX)))
                return r < 0 ? r : 1;
        /* Make a mount point, unless the tree has a directory there. */
        r = S_ISDIR(st->st_mode) ? mkdirat(to, name, 0755) : mknodat(to, name, S_IFREG | 0600, 0);
        return r < 0 && errno != EEXIST ? -errno : carry_mounts(dir, name, to);
}

int carry_over(int from_fd, int to_fd)
{
        return copy_over(from_fd, to_fd, carry_entry);
}

static int uncover_entry(int dir, const char *name, void *argument)
{
        _cleanup_close_ int below = -1;
        int r;

        do
                r = mounts_is_mounted(dir, name);
        while (r > 0 && (r = mounts_detach(dir, name)) == 0);
        if (r < 0)
                log_debug("%s: cannot be unmounted where it was: %s", name, strerror(-r));
        below = r < 0 ? -1 : openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return below < 0 ? 0 : fs_for_each(below, uncover_entry, argument);
}

void carry_uncover(int dir_fd)
{
        (void)fs_for_each(dir_fd, uncover_entry, NULL);
}
