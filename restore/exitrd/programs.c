/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "programs.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "cache.h"
#include "object.h"
#include "trusted.h"
#include "util/fs.h"
#include "util/log.h"

#define CACHE "etc/ld.so.cache"
#define CACHE_MAX (16U << 20)

/* The kernel follows so many `#!` lines, and reads so much of each file (BINPRM_BUF_SIZE). */
#define LEVELS_MAX 4
#define HEAD_SIZE 256U

/* Where the loader looks last; before that, the directory that it is in itself, which is one of its own. */
static const char *const last_directories[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib" };

static const char *const program_directories[] = { "usr/sbin", "sbin", "usr/bin", "bin" };

/* One file that is to be taken. */
struct part {
        char *asked;          /* the name that it was asked for by */
        char *path;           /* where it was found */
        char *real;           /* that without a link in it, relative to the root */
        size_t parent;        /* which asked for it */
        struct object object; /* what it needs */
};

/* A program with all its parts, in the order in which the loader comes to them; the first one is the program. */
struct collection {
        struct programs *programs;
        int level;
        struct part *parts;
        size_t count;
};

static void collection_done(struct collection *c)
{
        for (size_t i = 0; i < c->count; i++) {
                free(c->parts[i].asked);
                free(c->parts[i].path);
                free(c->parts[i].real);
                object_done(&c->parts[i].object);
        }
        free(c->parts);
}

static int add_part(struct collection *c, const char *asked, const char *path, const char *real, size_t parent,
                    struct object *object)
{
        struct part *grown = realloc(c->parts, (c->count + 1) * sizeof(*grown)), *part;

        if (!grown)
                return -ENOMEM;
        c->parts = grown;
        part = &grown[c->count++];
        *part = (struct part){ strdup(asked), strdup(path), strdup(real), parent, TAKE(*object, OBJECT_INIT) };
        return part->asked && part->path && part->real ? 0 : -ENOMEM;
}

/* Look at one place. @return 1 if the part is there, and added; 0 if it is not; or a negative errno */
static int try_path(struct collection *c, const char *asked, const char *path, size_t parent)
{
        _cleanup_(object_done) struct object object = OBJECT_INIT;
        _cleanup_close_ int fd = -1;
        char real[PATH_MAX];
        struct stat st;
        int r;

        fd = trusted_open(c->programs->root_fd, path, -1, real);
        if (fd == -ENOENT || fd == -ENOTDIR)
                return 0;
        r = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? object_read(fd, &object) : -EISDIR;
        if (r == -EMEDIUMTYPE)
                return 0; /* the loader goes on, too */
        if (r == -EPERM)
                log_line(c->level, 0, "Cannot take /%s: %s", *path == '/' ? path + 1 : path, trusted_reason(r));
        else if (r == -ENOEXEC || r == -EBADMSG)
                log_line(c->level, 0, "Cannot take %s: it is damaged", path);
        else if (r < 0)
                log_line(c->level, r, "Cannot take %s", path);
        if (r == 0)
                r = add_part(c, asked, path, real, parent, &object);
        return r < 0 ? r : 1;
}

/* Look in a list of directories with colons between them. @return as try_path() */
static int try_list(struct collection *c, const char *list, const char *soname, size_t parent, const char *origin)
{
        static const char *const names[] = { "$ORIGIN", "${ORIGIN}" };
        int r = 0;

        for (const char *p = list; r == 0 && p && *p; p += *p == ':') {
                size_t length = strcspn(p, ":"), skip = 0;
                char path[PATH_MAX];

                for (size_t i = 0; i < ELEMENTSOF(names); i++)
                        if (strncmp(p, names[i], strlen(names[i])) == 0)
                                skip = strlen(names[i]);
                /* The loader's other variables, and directories relative to wherever it is, are not for a system's
                 * programs. */
                if (length >= skip && (skip || *p == '/') && !memchr(p + skip, '$', length - skip) &&
                    snprintf(path, sizeof(path), "/%.*s%.*s/%s",
                             skip ? (int)(strrchr(origin, '/') ? strrchr(origin, '/') - origin : 0) : 0, origin,
                             (int)(length - skip), p + skip, soname) < (int)sizeof(path))
                        r = try_path(c, soname, path, parent);
                p += length;
        }
        return r;
}

/* The loader's default directories, derived from where it is: on Debian /lib/x86_64-linux-gnu and
 * /usr/lib/x86_64-linux-gnu. @return @buffer, which has 2 * PATH_MAX bytes */
static const char *directories_of(const char *loader, char *buffer)
{
        const char *from = strncmp(loader, "usr/", strlen("usr/")) == 0 ? loader + strlen("usr/") : loader;
        int length = (int)(strrchr(loader, '/') ? strrchr(loader, '/') + 1 - from : 0);

        snprintf(buffer, 2 * (size_t)PATH_MAX, "/%.*s:/usr/%.*s", MAX(length - 1, 0), from, MAX(length - 1, 0), from);
        return buffer;
}

/* Look in the loader's own order. @return as try_path() */
static int find_library(struct collection *c, size_t parent, const char *soname)
{
        const struct programs *programs = c->programs;
        char loader[2 * PATH_MAX];
        const char *path;
        size_t at = 0;
        int r = 0;

        for (size_t i = 0; i < c->count; i++) /* loaded already, wherever it is from */
                if (strcmp(c->parts[i].asked, soname) == 0)
                        return 1;
        if (strchr(soname, '/'))
                return try_path(c, soname, soname, parent);
        if (!c->parts[parent].object.runpath)
                for (size_t i = parent; r == 0; i = c->parts[i].parent) {
                        r = try_list(c, c->parts[i].object.rpath, soname, parent, c->parts[i].real);
                        if (i == 0)
                                break;
                }
        if (r == 0)
                r = try_list(c, c->parts[parent].object.runpath, soname, parent, c->parts[parent].real);
        while (r == 0 && (path = cache_next(programs->cache, programs->cache_size, soname, &at)))
                r = try_path(c, soname, path, parent);
        if (r == 0 && c->parts[0].object.interpreter && c->count > 1) /* the second part is the loader */
                r = try_list(c, directories_of(c->parts[1].real, loader), soname, parent, "");
        for (size_t i = 0; r == 0 && i < ELEMENTSOF(last_directories); i++)
                r = try_list(c, last_directories[i], soname, parent, "");
        return r;
}

static int need(struct collection *c, size_t parent, const char *soname)
{
        int r = find_library(c, parent, soname);

        if (r == 0)
                return log_line(c->level, 0, "Cannot take /%s: %s is missing, which /%s needs", c->parts[0].real,
                                soname, c->parts[parent].real),
                       -ENOPKG;
        return MIN(r, 0);
}

/* What the program may do without is not looked for at the level at which a failure is said. */
static int want(struct collection *c, const char *soname)
{
        int level = c->level, r;

        c->level = LOG_DEBUG;
        r = find_library(c, 0, soname);
        c->level = level;
        return r == -ENOMEM ? r : 0;
}

static int collect(struct collection *c, const char *const *dlopened)
{
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the program itself is the first part */
        const char *interpreter = c->parts[0].object.interpreter;
        int r = 0;

        if (interpreter)
                r = need(c, 0, interpreter);
        for (; r == 0 && dlopened && *dlopened; dlopened++)
                r = need(c, 0, *dlopened);
        for (const char *n = c->parts[0].object.dlopened; r == 0 && n && *n; n += strlen(n) + 1)
                r = want(c, n);
        for (size_t i = 0; r == 0 && i < c->count; i++)
                for (const char *n = c->parts[i].object.needed; r == 0 && n && *n; n += strlen(n) + 1)
                        r = need(c, i, n);
        return r;
}

int programs_copy(struct programs *programs, int fd, const char *name)
{
        _cleanup_close_ int to = -1;
        uint64_t offset = 0, left;
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return log_error(-errno, "/%s: cannot be read", name);
        to = openat(programs->tree_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (to < 0 && errno == EEXIST)
                return 0;
        if (to < 0)
                return log_error(-errno, "/%s: cannot be made in the exitrd", name);
        left = (uint64_t)st.st_size;
        programs->bytes += left;
        programs->entries++;
        r = fs_copy(fd, &offset, to, &left);
        if (r == 0 && fchmod(to, st.st_mode & 0755) < 0)
                r = -errno;
        return r < 0 ? log_error(r, "/%s: cannot be copied into the exitrd", name) : 0;
}

/* The program comes last: when it is there, all that it needs is. */
static int copy_parts(struct collection *c)
{
        int r = 0;

        for (size_t i = c->count; r >= 0 && i-- > 0;) {
                char real[PATH_MAX];
                _cleanup_close_ int fd =
                                trusted_open(c->programs->root_fd, c->parts[i].path, c->programs->tree_fd, real);

                r = fd < 0 ? log_error(fd, "%s: cannot be taken into the exitrd", c->parts[i].path)
                           : programs_copy(c->programs, fd, real);
        }
        return r < 0 ? -EIO : 0;
}

static int take_program(struct programs *programs, const char *path, const char *const *dlopened, int level, char *real,
                        unsigned scripts);

static int take_called(struct programs *programs, const char *name, int level, char *real, unsigned scripts)
{
        char path[PATH_MAX];
        int r = -ENOENT;

        for (size_t i = 0; r == -ENOENT && i < ELEMENTSOF(program_directories); i++)
                if (snprintf(path, sizeof(path), "%s/%s", program_directories[i], name) < (int)sizeof(path))
                        r = take_program(programs, path, NULL, level, real, scripts);
        return r;
}

/* What a `#!` line names: an interpreter, and the one that env is to find. */
static int take_interpreters(struct collection *c, char *line, const char *real, unsigned scripts)
{
        char *rest, *name = strtok_r(line, " \t", &rest), *called = strtok_r(NULL, " \t", &rest), ignored[PATH_MAX];
        const char *slash = name ? strrchr(name, '/') : NULL;
        int r = name ? take_program(c->programs, name, NULL, c->level, ignored, scripts) : -ENOENT;

        if (r == 0 && called && *called != '-' && slash && strcmp(slash, "/env") == 0) {
                name = called;
                r = take_called(c->programs, name, c->level, ignored, scripts);
        }
        if (r == -ENOENT)
                return log_line(c->level, 0, "Cannot take /%s: its interpreter %s is missing", real, name ?: ""),
                       -ENOPKG;
        return r;
}

/* A script, whose head was read. */
static int take_script(struct collection *c, const char *path, const char *real, char *head, unsigned scripts)
{
        struct object none = OBJECT_INIT;
        int r;

        head[strcspn(head, "\n")] = '\0';
        if (scripts >= LEVELS_MAX)
                return log_line(c->level, -ELOOP, "Cannot take /%s: too many interpreters of interpreters", real);
        r = take_interpreters(c, head + strlen("#!"), real, scripts + 1);
        if (r == 0)
                r = add_part(c, path, path, real, 0, &none);
        return r < 0 ? r : copy_parts(c);
}

static int take_program(struct programs *programs, const char *path, const char *const *dlopened, int level, char *real,
                        unsigned scripts)
{
        _cleanup_(collection_done) struct collection c = { .programs = programs, .level = level };
        _cleanup_close_ int fd = trusted_open(programs->root_fd, path, -1, real);
        char head[HEAD_SIZE + 1];
        ssize_t n;
        int r;

        if (fd == -ENOENT)
                return fd;
        if (fd < 0)
                return log_line(level, 0, "Cannot take /%s: %s", path + (*path == '/'), trusted_reason(fd)), fd;
        n = pread(fd, head, HEAD_SIZE, 0);
        if (n < 0)
                return log_line(level, -errno, "Cannot take /%s", real);
        head[n] = '\0';
        if (n > 2 && memcmp(head, "#!", 2) == 0)
                return take_script(&c, path, real, head, scripts);
        r = try_path(&c, path, path, 0);
        if (r == 0)
                return log_line(level, 0, "Cannot take /%s: it is a program for another machine", real), -ENOEXEC;
        if (r > 0)
                r = collect(&c, dlopened);
        return r < 0 ? r : copy_parts(&c);
}

int programs_take(struct programs *programs, const char *path, const char *const *dlopened, int level,
                  char real[static PATH_MAX])
{
        return take_program(programs, path, dlopened, level, real, 0);
}

int programs_take_called(struct programs *programs, const char *name, int level, char real[static PATH_MAX])
{
        return take_called(programs, name, level, real, 0);
}

int programs_begin(int root_fd, int tree_fd, struct programs *ret)
{
        char real[PATH_MAX];
        _cleanup_close_ int fd = -1;
        struct stat st;

        *ret = (struct programs){ .root_fd = root_fd, .tree_fd = tree_fd };
        fd = trusted_open(root_fd, CACHE, tree_fd, real);
        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return log_error(0, "Cannot take /" CACHE ": %s", trusted_reason(fd)), fd;
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)CACHE_MAX)
                return log_error(-EINVAL, "Cannot take /" CACHE);
        ret->cache = malloc((size_t)st.st_size + 1);
        if (!ret->cache)
                return log_oom();
        ret->cache_size = (size_t)MAX(pread(fd, ret->cache, (size_t)st.st_size, 0), 0);
        return programs_copy(ret, fd, real);
}

void programs_done(struct programs *programs)
{
        free(programs->cache);
        programs->cache = NULL;
}
