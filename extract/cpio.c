/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cpio.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <search.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "skipcpio/newc.h"
#include "skipcpio/util.h"
#include "util/fs.h"
#include "util/log.h"

/* A device number that no other archive uses, so that none of its files is taken for a hard link of ours. */
#define DEVICE UINT32_MAX

/* Files that are removed once they are written. */
#define REMOVED_SIZE_MIN (64 << 10)

struct writer {
        FILE *to;
        bool owners;
        void *linked; /* of tsearch(3) */
        char path[PATH_MAX];
};

static int write_failed(void)
{
        return errno == ENOSPC ? -ENOSPC : log_error(-errno, "The archive of a nested root");
}

int cpio_pad(FILE *to, uint64_t size)
{
        return fwrite("\0\0\0", 1, align_up(size, NEWC_ALIGNMENT) - size, to) + size == align_up(size, NEWC_ALIGNMENT)
                               ? 0
                               : write_failed();
}

int cpio_header(FILE *to, const struct stat *st, const char *name, uint32_t size)
{
        size_t name_size = strlen(name) + 1;
        int64_t mtime = MAX((int64_t)st->st_mtime, INT64_C(0));

        if (fprintf(to,
                    "070701%08" PRIX32 "%08" PRIX32 "%08" PRIX32 "%08" PRIX32 "%08" PRIX32 "%08" PRIX32 "%08" PRIX32
                    "%08" PRIX32 "%08" PRIX32 "%08" PRIX32 "%08" PRIX32 "%08" PRIX32 "%08" PRIX32,
                    (uint32_t)st->st_ino, (uint32_t)st->st_mode, (uint32_t)st->st_uid, (uint32_t)st->st_gid,
                    (uint32_t)st->st_nlink, (uint32_t)MIN(mtime, (int64_t)UINT32_MAX), size, DEVICE, DEVICE,
                    (uint32_t)major(st->st_rdev), (uint32_t)minor(st->st_rdev), (uint32_t)name_size, UINT32_C(0)) < 0 ||
            fwrite(name, 1, name_size, to) != name_size)
                return write_failed();
        return cpio_pad(to, NEWC_HEADER_SIZE + name_size);
}

int cpio_end(FILE *to)
{
        const struct stat st = { .st_nlink = 1 };
        int r = cpio_header(to, &st, NEWC_TRAILER, 0);

        return r == 0 && fflush(to) != 0 ? write_failed() : r;
}

/* A file with several names. */
struct linked {
        ino_t number;
        nlink_t written; /* names */
};

static int by_number(const void *a, const void *b)
{
        ino_t x = ((const struct linked *)a)->number, y = ((const struct linked *)b)->number;

        return (x > y) - (x < y);
}

/* The data is with the last name, as GNU cpio has it. @return 1 if this one is not the last, 0 if it is, or
 * -ENOMEM */
static int has_more_names(struct writer *w, const struct stat *st)
{
        struct linked *linked, **found;

        if (st->st_nlink < 2)
                return 0;
        linked = malloc(sizeof(*linked));
        if (!linked)
                return log_oom();
        *linked = (struct linked){ .number = st->st_ino };
        found = tsearch(linked, &w->linked, by_number);
        if (!found || *found != linked)
                free(linked);
        return !found ? log_oom() : ++(*found)->written < st->st_nlink;
}

static int write_file(struct writer *w, int dir, const char *base, const struct stat *st)
{
        _cleanup_close_ int fd = -1;
        uint64_t offset = 0, left = (uint64_t)st->st_size;
        int r = has_more_names(w, st);

        if (r < 0)
                return r;
        if (r > 0)
                return cpio_header(w->to, st, w->path, 0);
        if (left > UINT32_MAX)
                return log_error(-EFBIG, "%s in a nested root", w->path);
        fd = openat(dir, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return log_error(-errno, "%s in a nested root", w->path);
        r = cpio_header(w->to, st, w->path, (uint32_t)left);
        if (r == 0 && fflush(w->to) != 0)
                return write_failed();
        if (r == 0)
                r = fs_copy(fd, &offset, fileno(w->to), &left);
        if (r < 0)
                return r == -ENOSPC ? r : log_error(r, "%s in a nested root", w->path);
        if (st->st_nlink < 2 && st->st_size >= REMOVED_SIZE_MIN)
                unlinkat(dir, base, 0);
        return cpio_pad(w->to, (uint64_t)st->st_size);
}

static int write_symlink(struct writer *w, int dir, const char *base, const struct stat *st)
{
        char target[PATH_MAX];
        ssize_t n = readlinkat(dir, base, target, sizeof(target));
        int r;

        if (n < 0)
                return log_error(-errno, "%s in a nested root", w->path);
        r = cpio_header(w->to, st, w->path, (uint32_t)n);
        if (r < 0)
                return r;
        return fwrite(target, 1, (size_t)n, w->to) == (size_t)n ? cpio_pad(w->to, (uint64_t)n) : write_failed();
}

static int write_directory(struct writer *w, int fd, size_t used);

/* The entry whose path is the first @used bytes of @w->path. */
static int write_entry(struct writer *w, int dir, const char *base, size_t used)
{
        struct stat st;
        int r;

        if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return log_error(-errno, "%s in a nested root", w->path);
        if (!w->owners)
                st.st_uid = st.st_gid = 0;
        if (S_ISREG(st.st_mode))
                return write_file(w, dir, base, &st);
        if (S_ISLNK(st.st_mode))
                return write_symlink(w, dir, base, &st);
        r = cpio_header(w->to, &st, w->path, 0);
        if (r == 0 && S_ISDIR(st.st_mode)) {
                w->path[used] = '/';
                r = write_directory(w, openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), used + 1);
        }
        return r;
}

/* What is in the directory @fd, which is closed, and whose path is the first @used bytes of @w->path. */
static int write_directory(struct writer *w, int fd, size_t used)
{
        _cleanup_close_ int dir = fd;
        char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
        struct dirent **list = NULL;
        int count, r = 0;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
        count = dir < 0 ? -1 : scandir(link, &list, NULL, alphasort); /* scandirat() is glibc's alone */
        if (count < 0)
                return log_error(-errno, "%.*s in a nested root", (int)used, w->path);
        for (int i = 0; i < count; i++) {
                size_t size = strlen(list[i]->d_name) + 1;
                bool skip = strcmp(list[i]->d_name, ".") == 0 || strcmp(list[i]->d_name, "..") == 0;

                if (r == 0 && !skip && used + size + 1 > sizeof(w->path))
                        r = log_error(-ENAMETOOLONG, "%.*s in a nested root", (int)used, w->path);
                if (r == 0 && !skip) {
                        memcpy(w->path + used, list[i]->d_name, size);
                        r = write_entry(w, dir, list[i]->d_name, used + size - 1);
                }
                free(list[i]);
        }
        free(list);
        return r;
}

int cpio_write(int tree_fd, FILE *to, bool owners)
{
        struct writer w = { .to = to, .owners = owners };
        int r = write_directory(&w, openat(tree_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);

        tdestroy(w.linked, free);
        return r == 0 ? cpio_end(to) : r;
}
