/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "search.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/utsname.h>

#include "entry.h"
#include "efivar.h"
#include "util/log.h"
#include "identifier.h"
#include "lookup.h"

#define PROC_STAT_MAX (1U << 20) /* bytes; it has a line for each CPU, and all interrupts in one */

static int find_kver(struct search *search, const char *wanted)
{
        _cleanup_free_ char *text = NULL, *running = NULL;
        struct utsname uts;
        size_t size;

        if (lookup_read(search->root, "/proc/sys/kernel/osrelease", TEXT_SIZE_MAX, &text, &size) >= 0) {
                running = span_dup(span_strip((struct span){ text, size }));
                if (!running)
                        return -ENOMEM;
                search->other_kernel = wanted && strcmp(wanted, running) != 0;
        } else if (wanted) {
                search->other_kernel = true; /* which kernel runs, if any, is unknown */
        } else {
                if (uname(&uts) < 0)
                        return -errno;
                wanted = uts.release;
        }
        search->kver = wanted ? strdup(wanted) : TAKE_PTR(running);
        return search->kver ? 0 : -ENOMEM;
}

int search_begin(struct search *search, const char *sysroot, const char *kver)
{
        size_t length = strlen(sysroot);
        int r;

        *search = (struct search){ .efivars = -1 };
        search->root = open(sysroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (search->root < 0)
                return log_error(-errno, "Cannot open %s", sysroot);
        while (length > 0 && sysroot[length - 1] == '/')
                length--;
        search->sysroot = strndup(sysroot, length);
        if (!search->sysroot)
                return log_oom();
        r = find_kver(search, kver);
        return r < 0 ? log_error(r, "Cannot find the kernel's version") : 0;
}

void search_done(struct search *search)
{
        safe_close(search->root);
        safe_close(search->efivars);
        free(search->sysroot);
        free(search->kver);
        free(search->cmdline);
        for (size_t i = 0; i < VARIABLE_COUNT; i++)
                free(search->variables[i]);
        free(search->identifier);
        bootoption_done(&search->firmware);
        for (size_t i = 0; i < search->volume_count; i++) {
                safe_close(search->volumes[i].fd);
                free(search->volumes[i].label);
                names_done(&search->volumes[i].entries);
        }
}

struct span search_cmdline(struct search *search)
{
        size_t size;

        if (!search->cmdline) {
                int r = lookup_read(search->root, "/proc/cmdline", TEXT_SIZE_MAX, &search->cmdline, &size);

                if (r < 0) {
                        search_skip("/proc/cmdline", r, NULL);
                        search->cmdline = strdup("");
                }
        }
        return span_of(search->cmdline ?: "");
}

static void open_efivars(struct search *search)
{
        static const char directory[] = "/sys/firmware/efi/efivars";

        if (search->efivars_opened)
                return;
        search->efivars_opened = true;
        search->efivars = lookup_directory(search->root, directory);
        if (search->efivars < 0)
                search_skip(directory, search->efivars, NULL);
}

const char *search_variable(struct search *search, enum variable variable)
{
        static const char *const names[VARIABLE_COUNT] = {
                [STUB_IMAGE] = "StubImageIdentifier",
                [STUB_PARTITION] = "StubDevicePartUUID",
                [STUB_PROFILE] = "StubProfile",
                [LOADER_IMAGE] = "LoaderImageIdentifier",
                [LOADER_PARTITION] = "LoaderDevicePartUUID",
                [LOADER_ENTRY] = "LoaderEntrySelected",
        };
        int r;

        open_efivars(search);
        if (search->efivars >= 0 && !search->variables_read[variable]) {
                search->variables_read[variable] = true;
                r = efivar_read(search->efivars, names[variable], &search->variables[variable]);
                if (r < 0)
                        search_skip(names[variable], r, NULL);
        }
        return search->variables[variable];
}

const struct bootoption *search_firmware(struct search *search)
{
        int r;

        open_efivars(search);
        if (search->efivars >= 0 && !search->firmware_known) {
                search->firmware_known = true;
                r = bootoption_read(search->efivars, &search->firmware);
                if (r < 0)
                        search_skip("BootCurrent", r, NULL);
        }
        return search->firmware.path ? &search->firmware : NULL;
}

int64_t search_boot_time(struct search *search)
{
        _cleanup_free_ char *text = NULL;
        struct span rest, line;
        size_t size;

        if (search->boot_time_known || search->other_kernel)
                return search->boot_time;
        search->boot_time_known = true;
        if (lookup_read(search->root, "/proc/stat", PROC_STAT_MAX, &text, &size) < 0)
                return 0;
        rest = (struct span){ text, size };
        while (span_line(&rest, &line)) {
                _cleanup_free_ char *copy = span_dup(line);

                if (copy && sscanf(copy, "btime %" SCNd64, &search->boot_time) == 1)
                        break;
        }
        return search->boot_time;
}

const char *search_identifier(struct search *search)
{
        _cleanup_free_ char *text = NULL;
        struct span id;
        size_t size;

        if (search->identifier_known || search->other_kernel)
                return search->identifier;
        search->identifier_known = true;
        if (lookup_read(search->root, IDENTIFIER_OF_BOOT, IDENTIFIER_SIZE - 1, &text, &size) < 0)
                return NULL;
        id = span_strip((struct span){ text, size });
        if (id.size > 0)
                search->identifier = span_dup(id);
        return search->identifier;
}

int volume_read(const struct search *search, const struct volume *volume, const char *path, char **ret,
                struct span *text)
{
        char below[PATH_MAX];
        size_t size;
        int r;

        if ((size_t)snprintf(below, sizeof(below), "%s/%s", volume->fd >= 0 ? "" : volume->where, path) >=
            sizeof(below))
                return -ENAMETOOLONG;
        r = lookup_read(volume->fd >= 0 ? volume->fd : search->root, below, TEXT_SIZE_MAX, ret, &size);
        if (r >= 0)
                *text = (struct span){ *ret, size };
        return r;
}

int search_read(struct search *search, const char *path, char **ret, struct span *text)
{
        _cleanup_free_ char *name = NULL;
        _cleanup_close_ int fd = search_open(search, path, lookup_open, &name);
        size_t size;
        int r = fd < 0 ? fd : lookup_read_open(fd, TEXT_SIZE_MAX, ret, &size);

        if (r >= 0)
                *text = (struct span){ *ret, size };
        else
                search_skip(name, r, NULL);
        return r;
}

int search_skip(const char *name, int error, const char *reason)
{
        log_debug("%s: skipped: %s", name ?: "(no name)", reason ?: strerror(-error));
        return error == -ENOMEM ? -ENOMEM : 0;
}
