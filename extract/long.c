/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "show.h"

#define HALF_A_YEAR (INT64_C(6) * 30 * 24 * 3600)

struct owner {
        uint32_t id;
        char name[64];
        bool known;
};

static const char *user_name(uint32_t uid)
{
        static struct owner last;
        struct passwd *user;

        if (!last.known || last.id != uid) {
                user = getpwuid(uid);
                last = (struct owner){ .id = uid, .known = true };
                snprintf(last.name, sizeof(last.name), user ? "%s" : "%.0s%" PRIu32, user ? user->pw_name : "", uid);
        }
        return last.name;
}

static const char *group_name(uint32_t gid)
{
        static struct owner last;
        struct group *group;

        if (!last.known || last.id != gid) {
                group = getgrgid(gid);
                last = (struct owner){ .id = gid, .known = true };
                snprintf(last.name, sizeof(last.name), group ? "%s" : "%.0s%" PRIu32, group ? group->gr_name : "", gid);
        }
        return last.name;
}

static void mode_text(uint32_t mode, char text[static 11])
{
        static const struct {
                uint32_t type;
                char letter;
        } types[] = { { S_IFREG, '-' }, { S_IFDIR, 'd' }, { S_IFLNK, 'l' }, { S_IFCHR, 'c' },
                      { S_IFBLK, 'b' }, { S_IFIFO, 'p' }, { S_IFSOCK, 's' } };

        strcpy(text, "?rwxrwxrwx");
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                if ((mode & S_IFMT) == types[i].type)
                        text[0] = types[i].letter;
        for (unsigned i = 0; i < 9; i++)
                if (!(mode & (0400U >> i)))
                        text[i + 1] = '-';
        if (mode & S_ISUID)
                text[3] = mode & S_IXUSR ? 's' : 'S';
        if (mode & S_ISGID)
                text[6] = mode & S_IXGRP ? 's' : 'S';
        if (mode & S_ISVTX)
                text[9] = mode & S_IXOTH ? 't' : 'T';
}

static void time_text(uint32_t mtime, char *text, size_t size)
{
        time_t when = mtime, now = time(NULL);
        struct tm tm;
        bool recent = when <= now + 3600 && now - when <= HALF_A_YEAR;

        if (!localtime_r(&when, &tm) || strftime(text, size, recent ? "%b %e %H:%M" : "%b %e  %Y", &tm) == 0)
                snprintf(text, size, "%" PRIu32, mtime);
}

void show_long(FILE *to, const struct newc *header, const char *name, const char *target)
{
        char mode[11], when[64], size[32];

        mode_text(header->mode, mode);
        time_text(header->mtime, when, sizeof(when));
        if (S_ISCHR(header->mode) || S_ISBLK(header->mode))
                snprintf(size, sizeof(size), "%3" PRIu32 ", %3" PRIu32, header->rdev_major, header->rdev_minor);
        else
                snprintf(size, sizeof(size), "%8" PRIu32, header->filesize);
        fprintf(to, "%s %3" PRIu32 " %-8.8s %-8.8s %s %s %s%s%s\n", mode, header->nlink, user_name(header->uid),
                group_name(header->gid), size, when, name, target ? " -> " : "", target ?: "");
}
