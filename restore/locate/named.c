/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "find.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "skipcpio/util.h"
#include "bzimage.h"
#include "lookup.h"
#include "uki.h"
#include "version.h"

char *plain_path(struct span value)
{
        char *path = malloc(value.size + 1), *out = path;

        if (!path)
                return NULL;
        for (size_t i = 0; i < value.size && value.at[i] != '\0';) {
                size_t n = i;

                while (n < value.size && value.at[n] != '\0' && !strchr("/\\", value.at[n]))
                        n++;
                if (n > i && !span_is((struct span){ value.at + i, n - i }, ".")) {
                        if (out > path)
                                *out++ = '/';
                        out = mempcpy(out, value.at + i, n - i);
                }
                i = n + (n < value.size && value.at[n] != '\0');
        }
        *out = '\0';
        return path;
}

int open_named(struct search *search, const struct volume *volume, struct span span, lookup *how, char **name)
{
        _cleanup_free_ char *path = span_dup(span);
        const char *boot;
        int fd;

        *name = NULL;
        if (!path)
                return -ENOMEM;
        if (path[0] != '/') /* as EFI has it */
                for (char *p = path; *p; p++)
                        if (*p == '\\')
                                *p = '/';
        boot = strstr(path, "/boot/");
        fd = volume_open(search, volume, path, how, name);
        if (fd != -ENOENT || volume->fd >= 0)
                return fd;
        free(*name);
        fd = search_open(search, path, how, name);
        if (fd == -ENOENT && boot && boot != path) {
                free(*name);
                fd = search_open(search, boot, how, name);
        }
        return fd;
}

bool path_is_anothers(struct span path, const char *kver)
{
        size_t start = 0; /* of a component, in the end of the last one */

        if (path_has_version(path, kver))
                return false;
        for (size_t i = 0; i < path.size; i++)
                if (path.at[i] == '/' || path.at[i] == '\\') {
                        size_t digits = start;

                        while (isdigit((unsigned char)path.at[digits]))
                                digits++; /* to the slash at the most */
                        if (digits > start && path.at[digits] == '.' && isdigit((unsigned char)path.at[digits + 1]))
                                return true;
                        start = i + 1;
                }
        for (size_t i = start; i + 1 < path.size; i++) {
                size_t digits = i + 1;

                while (path.at[i] == '-' && digits < path.size && isdigit((unsigned char)path.at[digits]))
                        digits++;
                if (digits > i + 1 && digits + 1 < path.size && path.at[digits] == '.' &&
                    isdigit((unsigned char)path.at[digits + 1]))
                        return true;
        }
        return false;
}

int version_of_kernel(const struct search *search, int fd)
{
        _cleanup_close_ int kernel = fd;
        _cleanup_free_ char *version = NULL;
        const char *reason;
        struct stat st;
        struct uki uki;

        if (fstat(kernel, &st) < 0)
                return 0;
        if (kernel_version(kernel, 0, (uint64_t)st.st_size, &version) < 0 &&
            (uki_read(kernel, NULL, &uki, &reason) < 0 || uki_version(kernel, &uki, &version) < 0))
                return 0;
        return strcmp(version, search->kver) == 0 ? 1 : -1;
}

/* What the name of the file that is open says, which a symlink's does not: initrd.img -> initrd.img-VERSION. */
static int version_of_target(const struct search *search, const char *path, int fd)
{
        char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)], target[PATH_MAX];
        const char *slash, *own = strrchr(path, '/');
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, target, sizeof(target) - 1);
        if (n <= 0)
                return 0;
        target[n] = '\0';
        slash = strrchr(target, '/');
        if (!slash || strcmp(slash + 1, own ? own + 1 : path) == 0)
                return 0;
        if (name_has_version(span_of(slash + 1), search->kver))
                return 1;
        return path_is_anothers(span_of(slash + 1), search->kver) ? -1 : 0;
}

int version_beside(struct search *search, const struct volume *volume, const char *path)
{
        static const char *const kernels[] = { "vmlinuz", "vmlinuz.efi", "linux", "kernel", "bzImage" };
        const char *slash = strrchr(path, '/');
        int length = slash ? (int)(slash + 1 - path) : 0;
        struct span core = name_core(span_of(path + length));

        for (size_t i = 0; i < ELEMENTSOF(kernels); i++) {
                _cleanup_free_ char *kernel = NULL, *name = NULL;
                const char *dot = strchr(kernels[i], '.') ?: "";
                int fd, stem = (int)(strlen(kernels[i]) - strlen(dot));

                if (asprintf(&kernel, "%.*s%.*s%s%.*s%s", length, path, stem, kernels[i], core.size > 0 ? "-" : "",
                             (int)core.size, core.at, dot) < 0)
                        return 0;
                fd = volume ? volume_open(search, volume, kernel, lookup_open, &name)
                            : search_open(search, kernel, lookup_open, &name);
                if (fd >= 0)
                        return version_of_kernel(search, fd);
        }
        return 0;
}

int version_of_image(struct search *search, const struct volume *volume, const char *path, int fd)
{
        return version_of_target(search, path, fd) ?: version_beside(search, volume, path);
}
