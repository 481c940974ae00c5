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

/* The name behind vmlinuz- and the like in BOOT_IMAGE=; of size 0 where there is none. */
static struct span kernel_name(struct search *search)
{
        static const char *const kernels[] = { "vmlinuz-", "vmlinux-", "kernel-", "linux-", "bzImage-" };
        struct span path;
        const char *slash;

        if (!cmdline_get(search_cmdline(search), "BOOT_IMAGE", &path))
                return (struct span){ "", 0 };
        slash = memrchr(path.at, '/', path.size);
        if (slash)
                path = (struct span){ slash + 1, path.size - (size_t)(slash + 1 - path.at) };
        for (size_t i = 0; i < ELEMENTSOF(kernels); i++) {
                size_t n = strlen(kernels[i]);

                if (path.size > n && memcmp(path.at, kernels[i], n) == 0)
                        return (struct span){ path.at + n, path.size - n };
        }
        return (struct span){ path.at, 0 };
}

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
 * Fill in @pattern: %v the kernel's version, %k what BOOT_IMAGE= calls the kernel, %o ostree's
 * deployment, %p the kernel's package. Returns 1, or 0 where one of them is not known.
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
                                : *p == 'k' ? kernel_name(search)
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
        else if (place->grade >= GRADE_BOOT_IMAGE)
                evidence.version = version_beside(search, NULL, path);
        return lead_add_file(search, place, fd, name, evidence);
}

static int add_pattern(struct search *search, const struct place *place, const char *pattern)
{
        char path[PATH_MAX];

        return fill(search, pattern, path, sizeof(path)) > 0 ? add_path(search, place, path) : 0;
}

int find_file(struct search *search, const struct place *place)
{
        return add_pattern(search, place, place->argument);
}

/* Open a directory of the sysroot and list it. */
static int list(struct search *search, const char *directory, struct names *ret)
{
        _cleanup_free_ char *name = NULL;
        int fd = search_open(search, directory, lookup_directory, &name);
        int r = fd < 0 ? fd : names_read(ret, fd, directory, NULL);

        return r < 0 ? search_skip(name, r, NULL) : 0;
}

int find_in_each(struct search *search, const struct place *place)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        const char *star = strstr(place->argument, "/*/");
        _cleanup_free_ char *directory = strndup(place->argument, (size_t)(star - place->argument));
        int r;

        if (!directory)
                return -ENOMEM;
        r = list(search, directory, &names);
        for (size_t i = 0; r == 0 && i < names.count; i++) {
                _cleanup_free_ char *pattern = NULL;

                if (strchr(names.list[i], '%'))
                        continue;
                if (asprintf(&pattern, "%s%s", names.list[i], star + strlen("/*")) < 0) {
                        pattern = NULL;
                        return -ENOMEM;
                }
                r = add_pattern(search, place, pattern);
        }
        return r;
}

/* What a configuration file of dracut's says in initrdname=, with the version filled in; empty where nothing. */
static int read_initrdname(struct search *search, const char *file, char **ret)
{
        static const char *const variables[] = { "${kernel}", "$kernel" };
        _cleanup_free_ char *text = NULL, *name = NULL;
        struct span span;

        if (search_read(search, file, &text, &span) < 0)
                return 0;
        name = span_dup(env_get(span, "initrdname"));
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

int find_configured(struct search *search, const struct place *place)
{
        static const char *const directories[] = { "/usr/lib/dracut/dracut.conf.d", "/etc/dracut.conf.d" };
        _cleanup_free_ char *name = NULL, *path = NULL;
        int r = read_initrdname(search, "/etc/dracut.conf", &name);

        for (size_t i = 0; r == 0 && i < ELEMENTSOF(directories); i++) {
                _cleanup_(names_done) struct names names = NAMES_INIT;

                r = list(search, directories[i], &names);
                for (size_t j = names.count; r == 0 && j-- > 0;) /* the last in their order counts */
                        if (name_ends(names.list[j], ".conf"))
                                r = read_initrdname(search, names.list[j], &name);
        }
        if (r < 0 || !name)
                return r;
        if (asprintf(&path, "/boot/%s", name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        return name_find_version(span_of(name), search->kver) ? add_path(search, place, path) : 0;
}
