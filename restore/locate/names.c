/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "names.h"

#include <dirent.h>
#include <string.h>
#include <strings.h>

#include "skipcpio/util.h"

int names_add(struct names *names, const char *directory, const char *name)
{
        char *full, **list;

        if (asprintf(&full, "%s%s%s", directory ?: "", directory ? "/" : "", name) < 0)
                return -ENOMEM;
        list = reallocarray(names->list, names->count + 1, sizeof(*list));
        if (!list) {
                free(full);
                return -ENOMEM;
        }
        names->list = list;
        list[names->count++] = full;
        return 0;
}

bool name_ends(const char *name, const char *suffix)
{
        size_t n = strlen(name), m = strlen(suffix);

        return n >= m && strcasecmp(name + n - m, suffix) == 0;
}

static int newest_first(const void *a, const void *b)
{
        return strverscmp(*(char *const *)b, *(char *const *)a);
}

static bool is_directory(const struct dirent *entry, const char *suffix)
{
        (void)suffix;
        return entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
}

static bool has_suffix(const struct dirent *entry, const char *suffix)
{
        return !suffix || name_ends(entry->d_name, suffix);
}

static int read_names(struct names *names, int fd, const char *directory,
                      bool (*wanted)(const struct dirent *, const char *), const char *suffix)
{
        size_t before = names->count;
        struct dirent *entry;
        DIR *dir;
        int r = 0;

        dir = fdopendir(fd);
        if (!dir) {
                r = -errno;
                safe_close(fd);
                return r;
        }
        while (r == 0) {
                errno = 0;
                entry = readdir(dir);
                if (!entry) {
                        r = -errno;
                        break;
                }
                if (entry->d_name[0] != '.' && wanted(entry, suffix))
                        r = names_add(names, directory, entry->d_name);
        }
        closedir(dir);
        if (names->count > before)
                qsort(names->list + before, names->count - before, sizeof(*names->list), newest_first);
        return r;
}

int names_read(struct names *names, int fd, const char *directory, const char *suffix)
{
        return read_names(names, fd, directory, has_suffix, suffix);
}

int names_read_directories(struct names *names, int fd, const char *directory)
{
        return read_names(names, fd, directory, is_directory, NULL);
}

void names_done(struct names *names)
{
        for (size_t i = 0; i < names->count; i++)
                free(names->list[i]);
        free(names->list);
        *names = NAMES_INIT;
}
