/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <string.h>

#include "skipcpio/util.h"
#include "cmdline.h"
#include "entry.h"
#include "lookup.h"
#include "version.h"

/* What BOOT_IMAGE= says of the kernel's file. */
struct kernel {
        struct span path;      /* without GRUB's device */
        struct span directory; /* without slashes around it */
        struct span name;
        bool anywhere; /* SYSLINUX has it relative to a directory of its own */
};

static bool read_boot_image(struct search *search, struct kernel *ret)
{
        struct span path, device;
        const char *slash;

        if (!cmdline_get(search_cmdline(search), "BOOT_IMAGE", &path) || path.size == 0)
                return false;
        if (path.at[0] == '(')
                span_cut(path, ')', &device, &path);
        ret->anywhere = path.size == 0 || path.at[0] != '/';
        while (path.size > 0 && path.at[0] == '/')
                path = (struct span){ path.at + 1, path.size - 1 };
        slash = memrchr(path.at, '/', path.size);
        ret->path = path;
        ret->directory = (struct span){ path.at, slash && !ret->anywhere ? (size_t)(slash - path.at) : 0 };
        ret->name = slash ? (struct span){ slash + 1, path.size - (size_t)(slash + 1 - path.at) } : path;
        return true;
}

static bool same(struct span a, struct span b)
{
        return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

/* Where /boot is not a file system of its own, the path leads through it: what follows it. Returns whether it does. */
static bool below_boot(struct span directory, struct span *ret)
{
        struct span part;

        while (directory.size > 0) {
                span_cut(directory, '/', &part, &directory);
                *ret = directory;
                if (span_is(part, "boot"))
                        return true;
        }
        return false;
}

/* Remove the .old of a kernel or image whose version was installed again since. Returns whether it was there. */
static bool cut_old(struct span *name)
{
        static const char suffix[] = ".old";

        if (name->size < strlen(suffix) || memcmp(name->at + name->size - strlen(suffix), suffix, strlen(suffix)) != 0)
                return false;
        name->size -= strlen(suffix);
        return true;
}

/* Whether an image's name is the kernel's with another word in front: vmlinuz-lts, initramfs-lts. */
static bool is_named_as(struct span name, struct span kernel)
{
        static const char *const words[] = { "vmlinuz", "vmlinux", "kernel", "linux",
                                             "bzImage", "zImage",  "uImage", "Image" };

        if (cut_old(&kernel) != cut_old(&name))
                return false;
        kernel = name_without_suffixes(kernel);
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                size_t n = strlen(words[i]);

                if (kernel.size < n || memcmp(kernel.at, words[i], n) != 0)
                        continue;
                n += kernel.size > n && kernel.at[n] == '-';
                return same((struct span){ kernel.at + n, kernel.size - n }, name_core(name));
        }
        return false;
}

bool path_is_booted(struct search *search, const char *path)
{
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        struct span own = { path, slash ? (size_t)(slash - path) : 0 }, below;
        struct kernel kernel;

        if (search->other_kernel || !read_boot_image(search, &kernel) || !is_named_as(span_of(name), kernel.name))
                return false;
        return kernel.anywhere || same(own, kernel.directory) ||
               (below_boot(kernel.directory, &below) && same(own, below));
}

static int scan_span(struct search *search, const struct place *place, struct span directory)
{
        _cleanup_free_ char *copy = span_dup(directory);

        if (!copy)
                return -ENOMEM;
        return scan_volumes(search, place, *copy ? copy : NULL, NAMING_BOOTED);
}

int find_booted(struct search *search, const struct place *place)
{
        struct kernel kernel;
        struct span below;
        int r;

        if (!read_boot_image(search, &kernel))
                return 0;
        (void)cut_old(&kernel.name);
        if (place->grade == GRADE_VERSION && !name_has_version(kernel.name, search->kver))
                return 0;
        r = scan_span(search, place, kernel.directory);
        return r == 0 && below_boot(kernel.directory, &below) ? scan_span(search, place, below) : r;
}

int scan_booted(struct search *search, const struct place *place, const struct volume *volume)
{
        _cleanup_free_ char *directory = NULL;
        struct kernel kernel;

        if (!read_boot_image(search, &kernel) || kernel.directory.size == 0)
                return 0;
        directory = span_dup(kernel.directory);
        return directory ? scan(search, place, volume, directory, NAMING_ANY) : -ENOMEM;
}

int add_called_as_kernel(struct search *search, const struct place *place, const struct volume *volume)
{
        static const char *const suffixes[] = { ".igz", ".img", ".gz", ".xz", ".zst" };
        struct kernel kernel;
        int r = 0;

        if (!read_boot_image(search, &kernel) || kernel.anywhere)
                return 0;
        for (size_t i = 0; r == 0 && i < ELEMENTSOF(suffixes); i++) {
                _cleanup_free_ char *path = NULL, *name = NULL;
                int fd;

                if (asprintf(&path, "%.*s%s", (int)kernel.path.size, kernel.path.at, suffixes[i]) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                fd = volume_open(search, volume, path, lookup_open, &name);
                if (fd >= 0)
                        r = lead_add_file(search, place, fd, name, (struct evidence){ .booted = true });
        }
        return r;
}
