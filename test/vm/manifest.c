/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Print a tree, a line for each file, sorted by name:
 *
 *     PATH TYPE MODE UID:GID MTIME LINKS WHAT LABEL
 *
 * WHAT is a file's size and hash, a link's target, a device's numbers. LINKS is the number of names and, for all
 * names but the first, "=" and the first. Other file systems below the tree are not entered.
 *
 * As a kernel's first process it prints the root that the kernel unpacked, to QEMU's debug port, and powers off.
 */

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifdef __x86_64__
#include <sys/io.h>
#endif

enum { DEBUG_PORT = 0xe9 };

struct first {
        ino_t ino;
        char *path;
};

static FILE *out;
static dev_t device;
static void *links;
static char path[1 << 20] = ".";

static void print_escaped(const char *s, size_t size)
{
        for (const unsigned char *p = (const unsigned char *)s; size > 0; p++, size--)
                if (*p > ' ' && *p < 0x7f && *p != '\\')
                        putc(*p, out);
                else
                        fprintf(out, "\\x%02x", *p);
}

static int compare_first(const void *a, const void *b)
{
        ino_t x = ((const struct first *)a)->ino, y = ((const struct first *)b)->ino;
        return (x > y) - (x < y);
}

/* The name under which an inode was seen first, which may be this one. */
static const char *first_name(ino_t ino)
{
        struct first *f = malloc(sizeof(*f));

        if (!f)
                err(1, "malloc");
        *f = (struct first){ .ino = ino, .path = strdup(path) };
        struct first **found = tsearch(f, &links, compare_first);
        if (!found || !f->path)
                err(1, "tsearch");
        const char *name = (*found)->path;
        if (*found != f) {
                free(f->path);
                free(f);
        }
        return name;
}

static void print_data(int dir, const char *name, const struct stat *st)
{
        static unsigned char block[1 << 16];
        uint64_t hash = 0xcbf29ce484222325, size = 0;
        int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : 0;

        while (fd >= 0 && (n = read(fd, block, sizeof(block))) > 0) {
                for (ssize_t i = 0; i < n; i++)
                        hash = (hash ^ block[i]) * 0x100000001b3;
                size += (uint64_t)n;
        }
        if (n < 0)
                fprintf(out, " unreadable");
        else if (size != (uint64_t)st->st_size)
                fprintf(out, " %" PRIu64 "-of-%jd", size, (intmax_t)st->st_size);
        else
                fprintf(out, " %" PRIu64 ",%016" PRIx64, size, hash);
        if (fd >= 0)
                close(fd);
}

static void print_entry(int dir, const char *name, const struct stat *st)
{
        static const char types[16] = { [1] = 'p', [2] = 'c', [4] = 'd', [6] = 'b', [8] = 'f', [10] = 'l', [12] = 's' };
        char buffer[4096];
        ssize_t n;

        print_escaped(path, strlen(path));
        fprintf(out, " %c %04o %u:%u %jd", types[st->st_mode >> 12], st->st_mode & 07777, st->st_uid, st->st_gid,
                (intmax_t)st->st_mtime);

        if (S_ISDIR(st->st_mode) || st->st_nlink == 1)
                fprintf(out, " 1");
        else {
                const char *first = first_name(st->st_ino);
                fprintf(out, " %ju", (uintmax_t)st->st_nlink);
                if (strcmp(first, path) != 0) {
                        putc('=', out);
                        print_escaped(first, strlen(first));
                }
        }

        if (S_ISREG(st->st_mode))
                print_data(dir, name, st);
        else if (S_ISLNK(st->st_mode) && (n = readlinkat(dir, name, buffer, sizeof(buffer))) >= 0) {
                putc(' ', out);
                print_escaped(buffer, (size_t)n);
        } else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
                fprintf(out, " %u:%u", major(st->st_rdev), minor(st->st_rdev));
        else
                fprintf(out, " -");

        /* There is no lgetxattrat(). */
        n = -1;
        if (fchdir(dir) == 0)
                n = lgetxattr(name, "security.selinux", buffer, sizeof(buffer) - 1);
        putc(' ', out);
        if (n > 0)
                print_escaped(buffer, strnlen(buffer, (size_t)n));
        else
                putc('-', out);
        putc('\n', out);
}

static void walk(int parent, const char *name, size_t length)
{
        struct dirent **entries;
        struct stat st;

        if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                err(1, "%s", path);
        print_entry(parent, name, &st);
        if (!S_ISDIR(st.st_mode) || st.st_dev != device)
                return;

        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int n = fd < 0 ? -1 : scandirat(fd, ".", &entries, NULL, NULL);
        if (n < 0)
                err(1, "%s", path);
        qsort(entries, (size_t)n, sizeof(*entries), (int (*)(const void *, const void *))alphasort);
        for (int i = 0; i < n; i++) {
                const char *entry = entries[i]->d_name;

                if (strcmp(entry, ".") != 0 && strcmp(entry, "..") != 0) {
                        int added = snprintf(path + length, sizeof(path) - length, "/%s", entry);
                        if (added < 0 || (size_t)added >= sizeof(path) - length)
                                errx(1, "%s: path too long", path);
                        walk(fd, entry, length + (size_t)added);
                        path[length] = '\0';
                }
                free(entries[i]);
        }
        free(entries);
        close(fd);
}

#ifdef __x86_64__
static ssize_t write_debug_port(void *cookie, const char *data, size_t size)
{
        size_t left = size;

        (void)cookie;
        __asm__ volatile("rep outsb" : "+S"(data), "+c"(left) : "d"(DEBUG_PORT) : "memory");
        return (ssize_t)size;
}

static FILE *open_debug_port(void)
{
        if (iopl(3) < 0)
                return NULL;
        return fopencookie(NULL, "w", (cookie_io_functions_t){ .write = write_debug_port });
}
#else
/* Only x86 has that port. */
static FILE *open_debug_port(void)
{
        errno = ENODEV;
        return NULL;
}
#endif

int main(int argc, char **argv)
{
        bool first_process = getpid() == 1;
        const char *tree = first_process ? "/" : argv[argc - 1];
        struct stat st;

        if (!first_process && argc != 2)
                errx(2, "usage: manifest TREE");
        out = stdout;
        if (first_process) {
                out = open_debug_port();
                if (!out)
                        err(1, "debug port");
        }

        int fd = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                err(1, "%s", tree);
        device = st.st_dev;
        walk(fd, ".", 1);
        fprintf(out, "end\n");
        if (fflush(out) != 0)
                err(1, "write");
        if (first_process)
                reboot(RB_POWER_OFF);
        return 0;
}
