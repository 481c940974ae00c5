/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "grow.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "util/compat.h"
#include "util/log.h"

#define MIB (1024 * UINT64_C(1024))

/* A step: small enough that the limit ends near what is used, large enough that there are few. */
#define SIZE_STEP (16 * MIB)
#define INODE_STEP UINT64_C(4096)

/* What is added to the bytes wanted: pages filled in part, and what others write meanwhile. */
#define SLACK (256 * UINT64_C(1024))

/* What the kernel takes for an inode with its name, generously. */
#define INODE_COST UINT64_C(2048)

/* The limits from before the first change; 0 where there was none to change. */
static struct {
        uint64_t size, inodes;
} before;

/*
 * Bytes that a tmpfs may grow by now.
 *
 * MemAvailable is what can be had without swapping: free pages above the watermarks, and caches that can be dropped.
 * tmpfs pages do not count as such a cache, so what was written so far is already off it. Swap is not added: it is
 * turned off before the pivot, and what lies there then has to fit into memory as well. A part is kept for what runs
 * until power-off: the rest of this restore, systemd-shutdown, the tools of the exitrd.
 */
static int spare_memory(uint64_t *ret)
{
        _cleanup_fclose_ FILE *f = fopen("/proc/meminfo", "re");
        uint64_t total = 0, available = 0, reserve;
        char line[128];

        if (!f)
                return -errno;
        while (fgets(line, sizeof(line), f)) {
                (void)sscanf(line, "MemTotal: %" SCNu64, &total);
                (void)sscanf(line, "MemAvailable: %" SCNu64, &available);
        }
        if (total == 0 || available == 0)
                return -ENODATA;
        total *= 1024;
        available *= 1024;
        reserve = MIN(total / 32 + 16 * MIB, 256 * MIB);
        *ret = available > reserve ? available - reserve : 0;
        return 0;
}

/* A file system is reconfigured through the root of one of its mounts: @fd, or a directory above it. A chroot need not
 * have one in sight. */
static int pick_mount(int fd)
{
        _cleanup_close_ int dir = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct stat here, above;

        for (;;) {
                _cleanup_close_ int up = -1;
                int context;

                if (dir < 0 || fstat(dir, &here) < 0)
                        return -errno;
                context = fspick(dir, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH | FSPICK_NO_AUTOMOUNT);
                if (context >= 0)
                        return context;
                if (errno != EINVAL)
                        return -errno;
                up = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (up < 0 || fstat(up, &above) < 0)
                        return -errno;
                if (here.st_dev == above.st_dev && here.st_ino == above.st_ino)
                        return -ENOSPC; /* that is how it stays */
                safe_close(dir);
                dir = TAKE_FD(up);
        }
}

/* Sets one limit. tmpfs changes no other option than those named. */
static int set_limit(int fd, const char *name, uint64_t value)
{
        _cleanup_close_ int context = pick_mount(fd);
        char number[24];

        if (context < 0)
                return context;
        snprintf(number, sizeof(number), "%" PRIu64, value);
        if (fsconfig(context, FSCONFIG_SET_STRING, name, number, 0) < 0 ||
            fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
                return -errno;
        log_debug("Limit of the tmpfs raised or set back: %s=%s", name, number);
        return 0;
}

int grow_shared_tmpfs(int fd, uint64_t need)
{
        uint64_t size, room, want, step, spare = 0;
        struct statfs st;
        int r;

        if (fstatfs(fd, &st) < 0)
                return -errno;
        if (st.f_type != TMPFS_MAGIC)
                return -ENOSPC;
        r = spare_memory(&spare);
        if (r < 0)
                return r;

        if (st.f_files > 0 && st.f_ffree == 0) {
                step = MIN(st.f_files / 4 + INODE_STEP, spare / INODE_COST);
                if (step == 0)
                        return -ENOSPC;
                r = set_limit(fd, "nr_inodes", st.f_files + step);
                if (r == 0 && before.inodes == 0)
                        before.inodes = st.f_files;
                return r;
        }

        if (st.f_blocks == 0)
                return -ENOSPC; /* no limit: memory itself ran out */
        size = (uint64_t)st.f_blocks * (uint64_t)st.f_bsize;
        room = (uint64_t)st.f_bfree * (uint64_t)st.f_bsize;
        want = need > 0 ? need + SLACK : SIZE_STEP;
        if (want <= room)
                return -EALREADY;
        step = MAX(SIZE_STEP, want - room);
        if (step > spare)
                step = want - room;
        if (step > spare)
                return -ENOSPC;
        r = set_limit(fd, "size", align_up(size + step, (uint64_t)st.f_bsize));
        if (r == 0 && before.size == 0)
                before.size = size;
        return r;
}

int grow_tmpfs(int fd, uint64_t need)
{
        int r = grow_shared_tmpfs(fd, need);

        return r == -EALREADY ? -ENOSPC : r;
}

int grow_undo(int fd)
{
        int r = 0, k = 0;

        if (before.size > 0)
                r = set_limit(fd, "size", before.size);
        if (before.inodes > 0)
                k = set_limit(fd, "nr_inodes", before.inodes);
        before.size = before.inodes = 0;
        return r < 0 ? r : k;
}
