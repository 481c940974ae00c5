/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "select.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool select_part(const struct selection *s, uint64_t number)
{
        return number >= s->first && (s->last == 0 || number <= s->last);
}

static bool wanted(const struct selection *s, const char *name)
{
        bool found = s->pattern_count == 0;

        for (size_t i = 0; i < s->pattern_count && !found; i++)
                found = glob_matches(s->patterns[i], name, 0);
        return found && !exclude_matches(&s->exclude, name);
}

/* Slashes and components `.` at the front of a name. */
static const char *skip_nothing(const char *name)
{
        while (name[0] == '/' || (name[0] == '.' && (name[1] == '/' || name[1] == '\0')))
                name++;
        return name;
}

int select_name(const struct selection *s, uint64_t number, char name[static PATH_MAX])
{
        char prefix[NAME_MAX + 32];
        const char *rest;
        size_t size, used;

        if (!wanted(s, name))
                return 0;
        if (s->strip == 0 && !s->subdir)
                return 1;
        rest = skip_nothing(name);
        for (uint64_t i = 0; i < s->strip; i++) {
                rest = skip_nothing(rest + strcspn(rest, "/"));
                if (*rest == '\0')
                        return 0;
        }
        used = !s->subdir ? 0
                          : (size_t)snprintf(prefix, sizeof(prefix), "%.*s%" PRIu64 "%s", NAME_MAX, s->subdir, number,
                                             *rest ? "/" : "");
        size = strlen(rest) + 1;
        if (used + size > PATH_MAX)
                return -ENAMETOOLONG;
        memmove(name + used, rest, size);
        memcpy(name, prefix, used);
        return 1;
}

bool name_leads_out(const char *name)
{
        for (const char *p = strstr(name, ".."); p; p = strstr(p + 2, ".."))
                if ((p == name || p[-1] == '/') && (p[2] == '/' || p[2] == '\0'))
                        return true;
        return false;
}
