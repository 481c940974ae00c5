/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exclude.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "remove.h"

const char *const exclude_dispensable[EXCLUDE_DISPENSABLE] = { "usr/lib/modules/*/kernel", "lib/modules/*/kernel",
                                                               "usr/lib/firmware", "lib/firmware" };

bool glob_matches(const char *glob, const char *name, int flags)
{
        int r = fnmatch(glob, name, flags);
        locale_t bytes, before;

        if (r == 0 || r == FNM_NOMATCH)
                return r == 0;
        bytes = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
        if (!bytes)
                return false;
        before = uselocale(bytes);
        r = fnmatch(glob, name, flags);
        uselocale(before);
        freelocale(bytes);
        return r == 0;
}

bool exclude_matches(const struct exclude *exclude, const char *name)
{
        while (*name == '/' || (name[0] == '.' && name[1] == '/'))
                name++;
        for (size_t i = 0; i < exclude->count; i++) {
                const char *glob = exclude->globs[i];

                if (glob_matches(*glob == '/' ? glob + 1 : glob, name, FNM_LEADING_DIR))
                        return true;
        }
        return false;
}

/* Remove from directory @fd, which it closes and whose path with a slash behind is the first @used bytes of @path. */
static int remove_below(const struct exclude *exclude, int fd, char path[static PATH_MAX], size_t used)
{
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;
        struct stat before;
        int result = 0;

        if (!dir || fstat(fd, &before) < 0) {
                result = -errno;
                if (dir)
                        closedir(dir);
                else
                        safe_close(fd);
                return result;
        }
        while ((entry = readdir(dir))) {
                size_t length = strlen(entry->d_name);
                int r = 0;

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                if (used + length + 2 > PATH_MAX) {
                        result = -ENAMETOOLONG;
                        continue;
                }
                memcpy(path + used, entry->d_name, length + 1);
                if (exclude_matches(exclude, path)) {
                        r = remove_any(dirfd(dir), entry->d_name);
                } else if (entry->d_type == DT_DIR) { /* on a tmpfs it is always known */
                        memcpy(path + used + length, "/", 2);
                        r = remove_below(exclude,
                                         openat(dirfd(dir), entry->d_name,
                                                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                                         path, used + length + 1);
                }
                result = r < 0 ? r : result;
        }
        if (futimens(dirfd(dir), (struct timespec[]){ before.st_atim, before.st_mtim }) < 0)
                result = -errno;
        closedir(dir);
        return result;
}

int exclude_remove(const struct exclude *exclude, int tree_fd)
{
        char path[PATH_MAX];

        if (exclude->count == 0)
                return 0;
        return remove_below(exclude, openat(tree_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), path, 0);
}
