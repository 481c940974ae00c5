/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "entry.h"
#include "lookup.h"
#include "util/log.h"
#include "version.h"

/* Whether @name, which has the kernel's version at @at, has another kernel's whose version only begins so. */
static bool is_of_longer(const struct names *kernels, const char *version, const char *at)
{
        for (size_t i = 0; i < kernels->count; i++) {
                const char *other = strrchr(kernels->list[i], '/') + 1;

                if (strncmp(other, "vmlinuz-", strlen("vmlinuz-")) == 0)
                        other += strlen("vmlinuz-");
                if (strlen(other) > strlen(version) && strncmp(other, version, strlen(version)) == 0 &&
                    strncmp(at, other, strlen(other)) == 0)
                        return true;
        }
        return false;
}

/* The versions of the kernels that are installed, as names of their files and directories. */
static int list_kernels(struct search *search, struct names *ret)
{
        static const char *const directories[] = { "/lib/modules", "/boot" };

        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                _cleanup_free_ char *name = NULL;
                int fd = search_open(search, directories[i], lookup_directory, &name);
                int r = fd < 0 ? fd : names_read(ret, fd, directories[i], NULL);

                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}

/* @return 1 where a file's path says that it is an image for this kernel, 0, or -ENOMEM */
static int name_fits(struct search *search, const char *path, enum naming naming, struct names *kernels)
{
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *at;

        if (!name_is_image(span_of(name)) || (name_is_special(span_of(name)) && naming != NAMING_BOOTED))
                return 0;
        switch (naming) {
        case NAMING_DIRECTORY:
                if (slash && path_has_version((struct span){ path, (size_t)(slash - path) }, search->kver))
                        return name_core(span_of(name)).size == 0 || /* others may be snapshots' */
                               name_has_version(span_of(name), search->kver);
                /* fall through */
        case NAMING_VERSION:
                if (name_has_version(span_of(name), search->kver))
                        return 1;
                at = name_find_version(span_of(name), search->kver);
                if (!at)
                        return 0;
                if (kernels->count == 0 && list_kernels(search, kernels) < 0)
                        return -ENOMEM;
                return !is_of_longer(kernels, search->kver, at);
        case NAMING_FLAVOUR:
                return !name_has_number(span_of(name)) && name_has_flavour(span_of(name), search->kver);
        case NAMING_ANY:
                return path_has_version(span_of(name), search->kver) || !name_has_number(span_of(name));
        case NAMING_PLAIN:
                return name_core(span_of(name)).size == 0;
        case NAMING_BOOTED:
                return path_is_booted(search, path);
        case NAMING_ONLY:
                return !name_has_number(span_of(name));
        case NAMING_BESIDE:
                return 1;
        }
        return 0;
}

/* Add a file whose name fits. Returns 1 where it was added, 0, or -ENOMEM. */
static int add_fitting(struct search *search, const struct place *place, const struct volume *volume, const char *path,
                       enum naming naming)
{
        struct evidence evidence = { .version = 1, .booted = path_is_booted(search, path) };
        _cleanup_free_ char *name = NULL;
        _cleanup_close_ int fd = volume_open(search, volume, path, lookup_open, &name);
        int r;

        if (fd < 0)
                return search_skip(name, fd, NULL);
        if (naming == NAMING_BESIDE) {
                if (version_beside(search, volume, path) <= 0)
                        return 0;
        } else if (naming != NAMING_VERSION && naming != NAMING_DIRECTORY && place->grade != GRADE_VERSION &&
                   !path_has_version(span_of(path), search->kver)) {
                evidence.version = version_of_image(search, volume, path, fd);
        }
        r = lead_add_file(search, place, TAKE_FD(fd), name, evidence);
        return r < 0 ? r : 1;
}

int scan(struct search *search, const struct place *place, const struct volume *volume, const char *directory,
         enum naming naming)
{
        _cleanup_(names_done) struct names names = NAMES_INIT, kernels = NAMES_INIT;
        _cleanup_free_ char *label = NULL;
        int fd = volume_open(search, volume, directory ?: ".", lookup_directory, &label);
        int r = fd < 0 ? fd : names_read(&names, fd, directory, NULL);
        size_t before = search->lead_count;

        if (r < 0)
                return search_skip(label, r, NULL);
        for (size_t i = 0; i < names.count; i++) {
                r = name_fits(search, names.list[i], naming, &kernels);
                if (r == 0 && naming != NAMING_BESIDE && name_is_image(span_of(names.list[i])))
                        log_debug("%s/%s: skipped: its name is not that of this kernel's image", volume->label,
                                  names.list[i]);
                if (r > 0)
                        r = add_fitting(search, place, volume, names.list[i], naming);
                if (r < 0)
                        return r;
        }
        if (naming == NAMING_ONLY && search->lead_count > before + 1) {
                leads_drop(search, before);
                return search_skip(label, 0, "there are several images");
        }
        return 0;
}

int scan_volumes(struct search *search, const struct place *place, const char *directory, enum naming naming)
{
        int r = 0;

        search_volumes(search);
        for (size_t i = 0; r == 0 && i < search->volume_count; i++)
                if (!search->volumes[i].live)
                        r = scan(search, place, &search->volumes[i], directory, naming);
        return r;
}

int find_similar(struct search *search, const struct place *place)
{
        return scan_volumes(search, place, NULL, NAMING_VERSION);
}

int find_flavour(struct search *search, const struct place *place)
{
        return scan_volumes(search, place, NULL, NAMING_FLAVOUR);
}

int find_plain(struct search *search, const struct place *place)
{
        return scan_volumes(search, place, NULL, NAMING_PLAIN);
}

int find_only(struct search *search, const struct place *place)
{
        return scan_volumes(search, place, NULL, NAMING_ONLY);
}

/* Scan each directory in a directory of a volume, or in its root where that is NULL. */
static int scan_each(struct search *search, const struct place *place, const struct volume *volume,
                     const char *directory, enum naming naming)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        _cleanup_free_ char *label = NULL;
        int fd = volume_open(search, volume, directory ?: ".", lookup_directory, &label);
        int r = fd < 0 ? fd : names_read(&names, fd, directory, NULL);

        if (r < 0)
                return search_skip(label, r, NULL);
        for (size_t i = 0; r == 0 && i < names.count; i++)
                r = scan(search, place, volume, names.list[i], naming);
        return r;
}

int tokens_read(struct search *search, struct names *ret)
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

int find_layout(struct search *search, const struct place *place)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        int r;

        search_volumes(search);
        r = tokens_read(search, &names);
        for (size_t i = 0; r == 0 && i < names.count; i++)
                for (size_t j = 0; r == 0 && j < search->volume_count; j++) {
                        struct evidence evidence = { .version = 1 };
                        _cleanup_free_ char *name = NULL;
                        char path[PATH_MAX];
                        int fd;

                        if ((size_t)snprintf(path, sizeof(path), "%s/%s/%s", names.list[i], search->kver,
                                             place->argument) >= sizeof(path))
                                continue;
                        fd = volume_open(search, &search->volumes[j], path, lookup_open, &name);
                        evidence.booted = path_is_booted(search, path);
                        r = fd < 0 ? search_skip(name, fd, NULL) : lead_add_file(search, place, fd, name, evidence);
                }
        return r;
}

int find_package_dir(struct search *search, const struct place *place)
{
        _cleanup_(names_done) struct names names = NAMES_INIT;
        _cleanup_free_ char *text = NULL;
        struct span package = search_package(search, &text);
        int r;

        if (package.size == 0 || memchr(package.at, '/', package.size))
                return 0;
        search_volumes(search);
        r = tokens_read(search, &names) < 0 || names_add(&names, NULL, "") < 0 ? -ENOMEM : 0;
        for (size_t i = 0; r == 0 && i < names.count; i++)
                for (size_t j = 0; r == 0 && j < search->volume_count; j++) {
                        char path[PATH_MAX];

                        if ((size_t)snprintf(path, sizeof(path), "%s%s%.*s", names.list[i], *names.list[i] ? "/" : "",
                                             (int)package.size, package.at) < sizeof(path))
                                r = scan(search, place, &search->volumes[j], path, NAMING_ANY);
                }
        return r;
}

static int scan_medium(struct search *search, const struct place *place, const struct volume *volume)
{
        static const char *const directories[] = { "images/pxeboot", "boot", "isolinux", "live", "casper" };
        static const char *const parents[] = { "boot", "boot/x86_64", NULL, "images", "EFI", "arch/boot", "ppc" };
        size_t before = search->lead_count;
        int r = scan_booted(search, place, volume);

        if (r == 0 && search->lead_count == before)
                r = add_called_as_kernel(search, place, volume);
        for (size_t i = 0; r == 0 && search->lead_count == before && i < ELEMENTSOF(directories); i++)
                r = scan(search, place, volume, directories[i], NAMING_ANY);
        for (size_t i = 0; r == 0 && search->lead_count == before && i < ELEMENTSOF(parents); i++)
                r = scan_each(search, place, volume, parents[i], NAMING_ANY);
        return r == 0 && search->lead_count == before ? scan(search, place, volume, NULL, NAMING_ANY) : r;
}

int find_on_medium(struct search *search, const struct place *place)
{
        int r = 0;

        search_volumes(search);
        for (size_t i = 0; r == 0 && i < search->volume_count; i++)
                if (search->volumes[i].live)
                        r = scan_medium(search, place, &search->volumes[i]);
        return r;
}
