/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <limits.h>
#include <string.h>

#include "skipcpio/util.h"
#include "cmdline.h"
#include "entry.h"
#include "lookup.h"
#include "util/log.h"
#include "version.h"

/* The name of the deployment's directory in /boot/ostree: OSNAME-CHECKSUM from ostree=/ostree/boot.N/OSNAME/CHECKSUM/M.
 */
static struct span deployment(struct search *search, char *buffer, size_t size)
{
        struct span path, part, parts[5] = { 0 };
        int n;

        if (!cmdline_get(search_cmdline(search), "ostree", &path) || path.size == 0 || path.at[0] != '/')
                return (struct span){ buffer, 0 };
        path = (struct span){ path.at + 1, path.size - 1 };
        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                span_cut(path, '/', &part, &path);
                parts[i] = part;
        }
        if (parts[2].size == 0 || parts[3].size == 0)
                return (struct span){ buffer, 0 };
        n = snprintf(buffer, size, "%.*s-%.*s", (int)parts[2].size, parts[2].at, (int)parts[3].size, parts[3].at);
        return (struct span){ buffer, n > 0 && (size_t)n < size ? (size_t)n : 0 };
}

struct span search_package(struct search *search, char **text)
{
        struct span name = { "", 0 };
        char path[PATH_MAX];

        if ((size_t)snprintf(path, sizeof(path), "/lib/modules/%s/pkgbase", search->kver) < sizeof(path) &&
            search_read(search, path, text, &name) >= 0)
                name = span_strip(name);
        return name;
}

/*
 * Fill in @pattern: %v the kernel's version, %o ostree's deployment, %p the kernel's package. Returns 1, or 0 if one
 * of them is not known.
 */
static int fill(struct search *search, const char *pattern, char *path, size_t size)
{
        char buffer[PATH_MAX];
        char unknown[3] = "";
        size_t used = 0;

        for (const char *p = pattern; *p; p++) {
                _cleanup_free_ char *text = NULL;
                struct span value = { p, 1 };

                if (*p == '%') {
                        snprintf(unknown, sizeof(unknown), "%.2s", p);
                        p++;
                        value = *p == 'v'   ? span_of(search->kver)
                                : *p == 'o' ? deployment(search, buffer, sizeof(buffer))
                                            : search_package(search, &text);
                }
                if (value.size == 0 || value.size >= size - used) {
                        log_debug("%s: skipped: cannot expand %s", pattern, unknown);
                        return 0;
                };
                memcpy(path + used, value.at, value.size);
                used += value.size;
        }
        path[used] = '\0';
        return 1;
}

static int add_path(struct search *search, const struct place *place, const char *path)
{
        _cleanup_free_ char *name = NULL;
        struct evidence evidence = { .special = name_is_special(span_of(strrchr(path, '/') + 1)) };
        int fd = search_open(search, path, lookup_open, &name);

        if (fd < 0)
                return search_skip(name, fd, NULL);
        if (path_has_version(span_of(path), search->kver))
                evidence.version = 1;
        else if (place->grade >= GRADE_COMMON_NAME)
                evidence.version = version_of_image(search, NULL, path, fd);
        return lead_add_file(search, place, fd, name, evidence);
}

/* Add the file called @name in a volume's root. */
static int add_from_volume(struct search *search, const struct place *place, const struct volume *volume,
                           const char *name)
{
        struct evidence evidence = { .special = name_is_special(span_of(name)),
                                     .booted = path_is_booted(search, name),
                                     .version = 1 };
        _cleanup_free_ char *full = NULL;
        int fd = volume_open(search, volume, name, lookup_open, &full);

        if (fd < 0)
                return search_skip(full, fd, NULL);
        if (place->grade >= GRADE_COMMON_NAME)
                evidence.version = version_of_image(search, volume, name, fd);
        return lead_add_file(search, place, fd, full, evidence);
}

/* The same in /boot and then in the other volumes. */
static int add_from_volumes(struct search *search, const struct place *place, const char *name)
{
        int r = 0;

        search_volumes(search);
        for (int boot = 1; boot >= 0; boot--)
                for (size_t i = 0; r == 0 && i < search->volume_count; i++) {
                        const struct volume *volume = &search->volumes[i];

                        if (!volume->live && (volume->where && strcmp(volume->where, "/boot") == 0) == boot)
                                r = add_from_volume(search, place, volume, name);
                }
        return r;
}

int find_file(struct search *search, const struct place *place)
{
        char path[PATH_MAX];

        if (fill(search, place->argument, path, sizeof(path)) <= 0)
                return 0;
        return path[0] == '/' ? add_path(search, place, path) : add_from_volumes(search, place, path);
}

int find_in_directory(struct search *search, const struct place *place)
{
        char path[PATH_MAX];

        if (fill(search, place->argument, path, sizeof(path)) <= 0)
                return 0;
        return scan_volumes(search, place, path, NAMING_ANY);
}

/* The value of a shell assignment, without its quotes and what is behind it. */
static struct span shell_value(struct span value)
{
        const char quote = (char)(value.size > 0 && strchr("\"'", value.at[0]) ? value.at[0] : '\0');
        size_t start = quote != '\0', n = start;

        while (n < value.size && (quote != '\0' ? value.at[n] != quote : !strchr(" \t;", value.at[n])))
                n++;
        return (struct span){ value.at + start, n - start };
}

/* What a configuration file of dracut's says in initrdname=, with the version filled in; empty if nothing. */
static int read_initrdname(struct search *search, const char *file, char **ret)
{
        static const char *const variables[] = { "${kernel}", "$kernel" };
        _cleanup_free_ char *text = NULL, *name = NULL;
        struct span span;

        if (search_read(search, file, &text, &span) < 0)
                return 0;
        name = span_dup(shell_value(env_get(span, "initrdname")));
        if (!name)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(variables); i++) {
                char *at = strstr(name, variables[i]), *whole;

                if (!at)
                        continue;
                if (asprintf(&whole, "%.*s%s%s", (int)(at - name), name, search->kver, at + strlen(variables[i])) < 0)
                        return -ENOMEM;
                free(name);
                name = whole;
                break;
        }
        if (*name == '\0' || strchr(name, '$') || strchr(name, '/'))
                return 0;
        free(*ret);
        *ret = TAKE_PTR(name);
        return 0;
}

static int by_name(const void *a, const void *b)
{
        const char *x = *(char *const *)a, *y = *(char *const *)b;

        return strcmp(strrchr(x, '/'), strrchr(y, '/'));
}

/* Read dracut's configuration in its order: by the files' names, of which one in /etc hides the same one in /usr. */
static int read_configuration(struct search *search, char **ret)
{
        static const char *const directories[] = { "/usr/lib/dracut/dracut.conf.d", "/etc/dracut.conf.d" };
        _cleanup_(names_done) struct names names = NAMES_INIT;
        int r = read_initrdname(search, "/etc/dracut.conf", ret);

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(directories); i++) {
                _cleanup_free_ char *name = NULL;
                int fd = search_open(search, directories[i], lookup_directory, &name);

                r = fd < 0 ? fd : names_read(&names, fd, directories[i], ".conf");
                if (r < 0)
                        r = search_skip(name, r, NULL);
        }
        if (names.count > 0)
                qsort(names.list, names.count, sizeof(*names.list), by_name);
        for (size_t i = 0; r == 0 && i < names.count; i++) {
                bool hidden = i + 1 < names.count && by_name(&names.list[i], &names.list[i + 1]) == 0;
                bool hides = i > 0 && by_name(&names.list[i], &names.list[i - 1]) == 0;
                bool etc = strncmp(names.list[i], "/etc/", strlen("/etc/")) == 0;

                if (etc || (!hidden && !hides))
                        r = read_initrdname(search, names.list[i], ret);
        }
        return r;
}

int find_configured(struct search *search, const struct place *place)
{
        _cleanup_free_ char *name = NULL, *path = NULL;
        bool versioned;
        int r = read_configuration(search, &name);

        if (r < 0 || !name)
                return r;
        versioned = name_find_version(span_of(name), search->kver);
        /* All kernels' images have a name without a version in turn: see the row for it. */
        if (versioned != (place->grade == GRADE_CONFIGURED) ||
            (!versioned && path_is_anothers(span_of(name), search->kver)))
                return 0;
        if (asprintf(&path, "/boot/%s", name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        return add_path(search, place, path);
}
