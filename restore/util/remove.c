/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remove.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "fs.h"

/* Move a directory to the top, under a name that is free there. */
static int move_up(int dir, const char *from, int top)
{
        static uint64_t number;
        struct stat st;
        char name[32];

        do
                snprintf(name, sizeof(name), "%" PRIu64, number++);
        while (fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
        return errno == ENOENT && renameat(dir, from, top, name) == 0 ? 0 : -errno;
}

static int remove_one(int dir, const char *name)
{
        if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
                return 0;
        return errno == EISDIR && unlinkat(dir, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

/* Take everything out of a directory at the top; directories in it that are not empty come to the top. */
static int empty_one(int top, const char *name)
{
        _cleanup_close_ int dir = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_(closedirp) DIR *entries = dir < 0 ? NULL : fs_open_entries(dir);
        struct dirent *entry;
        int result = 0;

        if (!entries)
                return -errno;
        while ((entry = fs_next_entry(entries))) {
                int r = remove_one(dir, entry->d_name);

                if (r == -ENOTEMPTY)
                        r = move_up(dir, entry->d_name, top);
                if (result == 0)
                        result = r;
        }
        return result;
}

int remove_contents(int dir)
{
        _cleanup_(closedirp) DIR *entries = fs_open_entries(dir);
        int result;
        bool progress;

        if (!entries)
                return -errno;
        /* What comes to the top is met in this round or in the next one. */
        do {
                struct dirent *entry;

                result = 0;
                progress = false;
                rewinddir(entries);
                while ((entry = fs_next_entry(entries))) {
                        int r = remove_one(dir, entry->d_name);

                        if (r == -ENOTEMPTY) {
                                r = empty_one(dir, entry->d_name);
                                if (r == 0)
                                        r = remove_one(dir, entry->d_name);
                        }
                        if (r == 0)
                                progress = true;
                        else
                                result = r;
                }
        } while (progress);
        return result;
}

int remove_any(int dir, const char *name)
{
        _cleanup_close_ int fd = -1;
        int r = remove_one(dir, name);

        if (r != -ENOTEMPTY)
                return r;
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = remove_contents(fd);
        return r < 0 ? r : remove_one(dir, name);
}
