/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pseudo.h"

#include <search.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "skipcpio/util.h"
#include "util/fs.h"
#include "util/log.h"
#include "cpio.h"

static const char data_follows[] = "#\n# START OF DATA - DO NOT MODIFY\n#\n";

struct line {
        char *name; /* by_name() looks at the first member */
        struct stat st;
        char *target;       /* of a symbolic link */
        uint64_t offset;    /* of a file's data */
        struct line *first; /* whose other name this is, or NULL */
        nlink_t written;    /* of its names */
        struct line *next;
};

struct pseudo {
        const char *at, *end; /* what is left of the lines */
        uint64_t data, size;  /* where the files' data is, and its bytes */
        struct line *first, *last;
        uint32_t count;
        void *names; /* of tsearch(3) */
};

static void ignore(void *line)
{
        (void)line;
}

static void pseudo_done(struct pseudo *p)
{
        tdestroy(p->names, ignore);
        for (struct line *line = p->first, *next; line; line = next) {
                next = line->next;
                free(line->name);
                free(line->target);
                free(line);
        }
}

static int by_name(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* @return the text up to @stop, which is skipped; NULL if there is none, or no memory. In an @escaped one, a
 * backslash is before what would end it. */
static char *parse_text(struct pseudo *p, char stop, bool escaped)
{
        const char *from = p->at;
        char *text, *to;

        while (from < p->end && *from != stop)
                from += escaped && *from == '\\' && p->end - from > 1 ? 2 : 1;
        if (from >= p->end || memchr(p->at, '\0', (size_t)(from - p->at)))
                return NULL;
        text = to = malloc((size_t)(from - p->at) + 1);
        if (!text)
                return NULL;
        while (p->at < from) {
                p->at += escaped && *p->at == '\\';
                *to++ = *p->at++;
        }
        *to = '\0';
        p->at++;
        return text;
}

/* @return the space or newline behind a number, which is skipped; or NUL where there is something else */
static char parse_number(struct pseudo *p, unsigned base, uint64_t most, uint64_t *ret)
{
        const char *start = p->at;

        for (*ret = 0; p->at < p->end && *p->at >= '0' && *p->at < (char)('0' + base); p->at++) {
                *ret = *ret * base + (uint64_t)(*p->at - '0');
                if (*ret > most)
                        return '\0';
        }
        if (p->at == start || p->at >= p->end || (*p->at != ' ' && *p->at != '\n'))
                return '\0';
        return *p->at++;
}

/* What follows the owner of a regular file: its size and offset, and whether it is sparse (squashfs-tools 4.6). */
static bool parse_file(struct pseudo *p, struct line *line)
{
        uint64_t size, sparse;
        char stop;

        if (parse_number(p, 10, p->size, &size) != ' ')
                return false;
        stop = parse_number(p, 10, p->size, &line->offset);
        line->st.st_size = (off_t)size;
        return (stop == '\n' || (stop == ' ' && parse_number(p, 10, 1, &sparse) == '\n')) &&
               size <= p->size - line->offset;
}

/* What follows the owner, of any @type. */
static bool parse_rest(struct pseudo *p, struct line *line, char type)
{
        uint64_t major, minor;

        switch (type) {
        case 'D':
                line->st.st_mode |= S_IFDIR;
                line->st.st_nlink = 2;
                return true;
        case 'R':
                line->st.st_mode |= S_IFREG;
                return parse_file(p, line);
        case 'S':
                line->st.st_mode |= S_IFLNK;
                line->target = parse_text(p, '\n', false);
                return line->target;
        case 'I':
                if (p->end - p->at < 2 || (p->at[0] != 'f' && p->at[0] != 's') || p->at[1] != '\n')
                        return false;
                line->st.st_mode |= p->at[0] == 's' ? S_IFSOCK : S_IFIFO;
                p->at += 2;
                return true;
        default:
                line->st.st_mode |= type == 'B' ? S_IFBLK : S_IFCHR;
                if (parse_number(p, 10, UINT32_MAX, &major) != ' ' || parse_number(p, 10, UINT32_MAX, &minor) != '\n')
                        return false;
                /* unsquashfs puts the minor number's upper bits, as they are in the image, with the major number. */
                line->st.st_rdev = makedev((unsigned)major & 0xfff, (unsigned)(major >> 12 << 8 | minor));
                return true;
        }
}

/* A directory has a link in each one that it holds. */
static bool count_in_parent(struct pseudo *p, const char *name)
{
        const char *slash = strrchr(name, '/');
        _cleanup_free_ char *parent = slash ? strndup(name, (size_t)(slash - name)) : NULL;
        struct line **found = parent ? tfind(&parent, &p->names, by_name) : NULL;

        if (found)
                (*found)->st.st_nlink++;
        return !slash || parent;
}

/* Another name of something. */
static bool parse_link(struct pseudo *p, struct line *line)
{
        _cleanup_free_ char *name = parse_text(p, '\n', true);
        struct line **found = name ? tfind(&name, &p->names, by_name) : NULL;

        if (!found)
                return false;
        line->first = *found;
        (*found)->st.st_nlink++;
        return true;
}

/* NAME TYPE TIME MODE OWNER GROUP and what belongs to the type, or NAME L OTHER */
static bool parse_line(struct pseudo *p, struct line *line)
{
        uint64_t time, mode, owner, group;
        char type;

        line->name = parse_text(p, ' ', true);
        if (!line->name || p->end - p->at < 2 || p->at[1] != ' ' || !strchr("LDRSIBC", p->at[0]))
                return false;
        type = p->at[0];
        p->at += 2;
        if (type == 'L')
                return parse_link(p, line);
        if (parse_number(p, 10, UINT32_MAX, &time) != ' ' || parse_number(p, 8, 07777, &mode) != ' ' ||
            parse_number(p, 10, UINT32_MAX, &owner) != ' ' ||
            parse_number(p, 10, UINT32_MAX, &group) != (type == 'D' ? '\n' : ' '))
                return false;
        line->st = (struct stat){ .st_ino = p->count,
                                  .st_nlink = 1,
                                  .st_mtime = (time_t)time,
                                  .st_mode = (mode_t)mode,
                                  .st_uid = (uid_t)owner,
                                  .st_gid = (gid_t)group };
        return parse_rest(p, line, type) && (type != 'D' || count_in_parent(p, line->name)) &&
               tsearch(line, &p->names, by_name);
}

static bool parse(struct pseudo *p)
{
        while (p->at < p->end) {
                struct line *line = calloc(1, sizeof(*line));

                if (!line)
                        return false;
                if (p->last)
                        p->last->next = line;
                else
                        p->first = line;
                p->last = line;
                p->count++;
                if (!parse_line(p, line))
                        return false;
        }
        return true;
}

static int write_line(const struct pseudo *p, struct line *line, int fd, FILE *to)
{
        struct line *inode = line->first ?: line;
        uint64_t size = inode->target ? strlen(inode->target) : (uint64_t)inode->st.st_size, left = size;
        uint64_t offset = p->data + inode->offset;
        int r;

        if (size > UINT32_MAX)
                return log_error(-EFBIG, "%s in a nested root", line->name);
        /* The data is with the last name, as GNU cpio has it. */
        if (S_ISREG(inode->st.st_mode) && ++inode->written < inode->st.st_nlink)
                return cpio_header(to, &inode->st, line->name, 0);
        r = cpio_header(to, &inode->st, line->name, (uint32_t)size);
        if (r < 0 || size == 0)
                return r;
        if (inode->target)
                r = fputs(inode->target, to) < 0 ? -errno : 0;
        else
                r = fflush(to) != 0 ? -errno : fs_copy(fd, &offset, fileno(to), &left);
        if (r < 0)
                return r == -ENOSPC ? r : log_error(r, "%s in a nested root", line->name);
        return cpio_pad(to, size);
}

int pseudo_write(int fd, FILE *to, const char *name)
{
        _cleanup_(pseudo_done) struct pseudo p = { 0 };
        struct stat st;
        const char *text = "", *data;
        int r = fstat(fd, &st) < 0 ? -errno : 0;
        bool read;

        if (r == 0 && st.st_size > 0) {
                text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
                r = text == MAP_FAILED ? -errno : 0;
        }
        if (r < 0)
                return log_error(r, "Cannot read the image's %s", name);
        data = memmem(text, (size_t)st.st_size, data_follows, strlen(data_follows));
        p.at = text;
        p.end = data ?: text;
        p.data = (uint64_t)(p.end - text) + strlen(data_follows);
        p.size = data ? (uint64_t)st.st_size - p.data : 0;
        read = data && parse(&p);
        if (st.st_size > 0)
                munmap((void *)text, (size_t)st.st_size);
        if (!read)
                return log_error(0, "Cannot read the image's %s: unexpected output of unsquashfs", name), -EBADMSG;
        for (struct line *line = p.first; r == 0 && line; line = line->next)
                if (strcmp(line->name, "/") != 0)
                        r = write_line(&p, line, fd, to);
        return r == 0 ? cpio_end(to) : r;
}
