/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what)
{
        perror(what);
        exit(2);
}

static uint64_t mix(uint64_t h, uint64_t value)
{
        h = (h ^ value) * UINT64_C(0x9e3779b97f4a7c15);
        return h ^ h >> 29;
}

static uint64_t mix_bytes(uint64_t h, const char *bytes, size_t size)
{
        uint64_t word;

        for (; size >= sizeof(word); bytes += sizeof(word), size -= sizeof(word)) {
                memcpy(&word, bytes, sizeof(word));
                h = mix(h, word);
        }
        word = 0;
        memcpy(&word, bytes, size);
        return mix(h, word + size);
}

static uint64_t mix_content(uint64_t h, const char *path, size_t size)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        void *bytes;

        if (fd < 0)
                die(path);
        bytes = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
        if (bytes == MAP_FAILED)
                die(path);
        close(fd);
        if (size > 0) {
                h = mix_bytes(h, bytes, size);
                munmap(bytes, size);
        }
        return h;
}

static uint64_t describe(const char *path, const struct stat *st)
{
        uint64_t h = mix(mix(st->st_mode, (uint64_t)st->st_uid << 32 | st->st_gid), st->st_rdev);
        char target[PATH_MAX];
        ssize_t n;

        if (S_ISDIR(st->st_mode))
                return h;
        h = mix(mix(mix(h, st->st_nlink), (uint64_t)st->st_mtim.tv_sec), (uint64_t)st->st_mtim.tv_nsec);
        if (S_ISREG(st->st_mode))
                return mix_content(h, path, (size_t)st->st_size);
        if (S_ISLNK(st->st_mode)) {
                n = readlink(path, target, sizeof(target));
                return mix_bytes(h, target, n > 0 ? (size_t)n : 0);
        }
        return h;
}

static int by_path(const void *a, const void *b)
{
        return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

void tree_look(const char *path, const char *skip, struct entries *ret)
{
        char *const roots[] = { (char *)path, NULL };
        size_t length = strlen(path), room = 0;
        FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
        FTSENT *e;

        *ret = (struct entries){ 0 };
        if (!fts)
                die("fts_open");
        while ((e = fts_read(fts))) {
                if (e->fts_info == FTS_DP || (e->fts_info == FTS_NS && e->fts_level == 0))
                        continue;
                if (e->fts_info == FTS_NS || e->fts_info == FTS_DNR || e->fts_info == FTS_ERR)
                        die(e->fts_path);
                if (skip && e->fts_level == 1 && strcmp(e->fts_name, skip) == 0) {
                        fts_set(fts, e, FTS_SKIP);
                        continue;
                }
                if (ret->count == room) {
                        room = room * 2 + 64;
                        ret->list = reallocarray(ret->list, room, sizeof(*ret->list));
                        if (!ret->list)
                                die("memory");
                }
                ret->list[ret->count++] = (struct entry){
                        .path = strdup(e->fts_path + length),
                        .what = describe(e->fts_path, e->fts_statp),
                        .when = S_ISDIR(e->fts_statp->st_mode) ? mix((uint64_t)e->fts_statp->st_mtim.tv_sec,
                                                                     (uint64_t)e->fts_statp->st_mtim.tv_nsec)
                                                               : 0,
                };
        }
        fts_close(fts);
        if (ret->count > 0)
                qsort(ret->list, ret->count, sizeof(*ret->list), by_path);
}

void tree_forget(struct entries *entries)
{
        for (size_t i = 0; i < entries->count; i++)
                free(entries->list[i].path);
        free(entries->list);
        *entries = (struct entries){ 0 };
}

const char *tree_difference(const struct entries *a, const struct entries *b, bool times)
{
        for (size_t i = 0; i < a->count || i < b->count; i++) {
                if (i >= a->count || i >= b->count)
                        return i < a->count ? a->list[i].path : b->list[i].path;
                if (strcmp(a->list[i].path, b->list[i].path) != 0 || a->list[i].what != b->list[i].what ||
                    (times && a->list[i].when != b->list[i].when))
                        return a->list[i].path;
        }
        return NULL;
}

const char *tree_missing(const struct entries *part, const struct entries *whole)
{
        for (size_t i = 0; i < part->count; i++) {
                const struct entry *found = whole->count > 0 ? bsearch(&part->list[i], whole->list, whole->count,
                                                                       sizeof(*whole->list), by_path)
                                                             : NULL;

                if (!found || found->what != part->list[i].what)
                        return part->list[i].path;
        }
        return NULL;
}

/* Directories get their times after their files. */
static void set_attributes(const char *path, const struct stat *st)
{
        const struct timespec times[2] = { st->st_atim, st->st_mtim };

        if (lchown(path, st->st_uid, st->st_gid) < 0 ||
            (!S_ISLNK(st->st_mode) && chmod(path, st->st_mode & 07777) < 0) ||
            utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) < 0)
                die(path);
}

static void copy_file(const char *from, const char *to, size_t size)
{
        int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (in < 0 || out < 0 || (size > 0 && sendfile(out, in, NULL, size) != (ssize_t)size))
                die(to);
        close(in);
        close(out);
}

void tree_copy(const char *from, const char *to)
{
        char *const roots[] = { (char *)from, NULL };
        FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
        FTSENT *e;

        if (!fts)
                die("fts_open");
        while ((e = fts_read(fts))) {
                char path[PATH_MAX], target[PATH_MAX];
                ssize_t n;

                snprintf(path, sizeof(path), "%s%s", to, e->fts_path + strlen(from));
                if (e->fts_info == FTS_D) {
                        if (mkdir(path, 0700) < 0)
                                die(path);
                        continue;
                }
                if (e->fts_info == FTS_SL) {
                        n = readlink(e->fts_path, target, sizeof(target) - 1);
                        target[n > 0 ? n : 0] = '\0';
                        if (symlink(target, path) < 0)
                                die(path);
                } else if (e->fts_info == FTS_F) {
                        copy_file(e->fts_path, path, (size_t)e->fts_statp->st_size);
                } else if (e->fts_info == FTS_DEFAULT) {
                        if (mknod(path, e->fts_statp->st_mode, e->fts_statp->st_rdev) < 0)
                                die(path);
                } else if (e->fts_info != FTS_DP) {
                        die(e->fts_path);
                }
                set_attributes(path, e->fts_statp);
        }
        fts_close(fts);
}

void tree_remove(const char *path)
{
        char *const roots[] = { (char *)path, NULL };
        FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
        FTSENT *e;

        if (!fts)
                die("fts_open");
        while ((e = fts_read(fts)))
                if (e->fts_info != FTS_D && remove(e->fts_path) < 0 && errno != ENOENT)
                        die(e->fts_path);
        fts_close(fts);
}
