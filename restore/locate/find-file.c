/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <limits.h>
#include <string.h>

#include "skipcpio/util.h"
#include "cmdline.h"
#include "entry.h"
#include "version.h"
#include "lookup.h"

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

/* The name of the kernel's package, which Arch's and some others' images are called after. */
static struct span package(struct search *search, char **text)
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
        size_t used = 0;

        for (const char *p = pattern; *p; p++) {
                _cleanup_free_ char *text = NULL;
                struct span value = { p, 1 };

                if (*p == '%') {
                        p++;
                        value = *p == 'v'   ? span_of(search->kver)
                                : *p == 'k' ? kernel_name(search)
                                : *p == 'o' ? deployment(search, buffer, sizeof(buffer))
                                            : package(search, &text);
                }
                if (value.size == 0 || value.size >= size - used)
                        return search_skip(pattern, 0, "what would be in its name is not known");
                memcpy(path + used, value.at, value.size);
                used += value.size;
        }
        path[used] = '\0';
        return 1;
}

static int try_file(struct search *search, const char *path, struct image *ret)
{
        _cleanup_free_ char *name = NULL;
        int fd = search_open(search, path, lookup_open, &name);

        return fd < 0 ? search_skip(name, fd, NULL) : search_settle_file(fd, name, ret);
}

int find_file(struct search *search, const char *argument, struct image *ret)
{
        char path[PATH_MAX];

        return fill(search, argument, path, sizeof(path)) > 0 ? try_file(search, path, ret) : 0;
}

/* Open a directory of the sysroot and list it. */
static int list(struct search *search, const char *directory, struct names *ret)
{
        _cleanup_free_ char *name = NULL;
        int fd = search_open(search, directory, lookup_directory, &name);
        int r = fd < 0 ? fd : names_read(ret, fd, directory, NULL);

        return r < 0 ? search_skip(name, r, NULL) : 0;
}

int find_in_each(struct search *search, const char *argument, struct image *ret)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        const char *star = strstr(argument, "/*/");
        _cleanup_free_ char *directory = strndup(argument, (size_t)(star - argument));
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
                r = find_file(search, pattern, ret);
        }
        return r;
}

int find_similar(struct search *search, const char *argument, struct image *ret)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        _cleanup_free_ char *directory = strndup(argument, (size_t)(strrchr(argument, '/') - argument));
        int r;

        if (!directory)
                return -ENOMEM;
        r = list(search, directory, &names);
        for (size_t i = 0; r == 0 && i < names.count; i++) {
                const char *path = names.list[i], *name = strrchr(path, '/') + 1;

                if (strncmp(path, argument, strlen(argument)) != 0)
                        continue;
                if (!name_has_version(span_of(name), search->kver) || name_is_special(span_of(name)))
                        r = search_skip(path, 0, "its name is not that of this kernel's image");
                else
                        r = try_file(search, path, ret);
        }
        return r;
}

/* What kernel-install may have called this system's directory (kernel-install(8)). */
static int tokens(struct search *search, struct names *ret)
{
        static const struct {
                const char *path, *key; /* key: in a file of assignments */
        } sources[] = {
                { "/etc/kernel/entry-token", NULL }, { "/etc/machine-id", NULL }, { NULL, "Default" },
                { "/etc/os-release", "IMAGE_ID" },   { "/etc/os-release", "ID" },
        };
        _cleanup_free_ char *release = NULL;
        struct span release_text = { "", 0 };
        bool read = false;

        for (size_t i = 0; i < ELEMENTSOF(sources); i++) {
                _cleanup_free_ char *text = NULL, *token = NULL;
                struct span value = { "", 0 };

                if (!sources[i].path) {
                        value = span_of(sources[i].key);
                } else if (sources[i].key) {
                        if (!read && search_read(search, sources[i].path, &release, &release_text) < 0)
                                (void)search_read(search, "/usr/lib/os-release", &release, &release_text);
                        read = true;
                        value = env_get(release_text, sources[i].key);
                } else if (search_read(search, sources[i].path, &text, &value) >= 0) {
                        (void)span_line(&value, &value);
                }
                token = span_dup(value);
                if (!token)
                        return -ENOMEM;
                if (*token == '\0' || strcmp(token, "uninitialized") == 0 || strchr(token, '/'))
                        continue;
                if (names_add(ret, NULL, token) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int find_layout(struct search *search, const char *argument, struct image *ret)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        int r;

        search_volumes(search);
        r = tokens(search, &names);
        for (size_t i = 0; r == 0 && i < names.count; i++)
                for (size_t j = 0; r == 0 && j < search->volume_count; j++) {
                        _cleanup_free_ char *name = NULL;
                        char path[PATH_MAX];
                        int fd;

                        if ((size_t)snprintf(path, sizeof(path), "%s/%s/%s", names.list[i], search->kver, argument) >=
                            sizeof(path))
                                continue;
                        fd = volume_open(search, &search->volumes[j], path, lookup_open, &name);
                        r = fd < 0 ? search_skip(name, fd, NULL) : search_settle_file(fd, name, ret);
                }
        return r;
}
