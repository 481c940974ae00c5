/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remove.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "../skipcpio/util.h"

static void closedirp(DIR **d)
{
        if (*d)
                closedir(*d);
}

static DIR *open_entries(int dir)
{
        int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *entries = fd < 0 ? NULL : fdopendir(fd);

        if (!entries)
                safe_close(fd);
        return entries;
}

static struct dirent *next_entry(DIR *entries)
{
        struct dirent *entry;

        do
                entry = readdir(entries);
        while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
        return entry;
}

/* Give a directory a name of its own in the attic. */
static int move_up(int dir, const char *from, int attic)
{
        static uint64_t number;
        char name[32];

        do {
                snprintf(name, sizeof(name), "%" PRIu64, number++);
                if (renameat2(dir, from, attic, name, RENAME_NOREPLACE) == 0)
                        return 0;
        } while (errno == EEXIST);
        return -errno;
}

/* Take everything out of @dir: files go, directories that are not empty move to @attic. */
static int empty_one(int dir, int attic)
{
        _cleanup_(closedirp) DIR *entries = open_entries(dir);
        struct dirent *entry;
        int result = 0;

        if (!entries)
                return -errno;
        while ((entry = next_entry(entries))) {
                int r = 0;

                if (unlinkat(dir, entry->d_name, 0) < 0)
                        r = errno == EISDIR && unlinkat(dir, entry->d_name, AT_REMOVEDIR) == 0 ? 0 : -errno;
                if (r == -ENOTEMPTY)
                        r = move_up(dir, entry->d_name, attic);
                if (result == 0)
                        result = r;
        }
        return result;
}

/* Empty what is in the attic until nothing is left there, or nothing can be removed any more. */
static int empty_attic(int attic)
{
        _cleanup_(closedirp) DIR *entries = open_entries(attic);
        int result;
        bool progress;

        if (!entries)
                return -errno;
        do {
                struct dirent *entry;

                result = 0;
                progress = false;
                rewinddir(entries);
                while ((entry = next_entry(entries))) {
                        _cleanup_close_ int fd =
                                        openat(attic, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                        int r = fd < 0 ? -errno : empty_one(fd, attic);

                        if (r == 0 && unlinkat(attic, entry->d_name, AT_REMOVEDIR) < 0)
                                r = -errno;
                        if (r == 0)
                                progress = true;
                        else
                                result = r;
                }
        } while (progress);
        return result;
}

int remove_contents(int dir, int attic)
{
        int r = empty_one(dir, attic), attic_r = empty_attic(attic);

        return r < 0 ? r : attic_r;
}

int remove_any(int dir, const char *name, int attic)
{
        _cleanup_close_ int fd = -1;
        int r;

        if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR)
                return -errno;
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = remove_contents(fd, attic);
        if (r == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
                r = -errno;
        return r;
}
