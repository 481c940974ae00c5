/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "exitrd/exitrd.h"
#include "unit.h"
#include "util/log.h"
#include "util/resources.h"

struct outcome outcome_begin(const struct image *image, const char *rule)
{
        return (struct outcome){ .image = image, .rule = rule, .start = seconds_now() };
}

double outcome_seconds(const struct outcome *outcome)
{
        return seconds_now() - outcome->start;
}

_printf_(2, 3) static void say(const char *what, const char *format, ...)
{
        char raw[8192], line[sizeof(raw)];
        va_list args;

        va_start(args, format);
        vsnprintf(raw, sizeof(raw), format, args);
        va_end(args);
        log_escape(line, sizeof(line), raw);
        printf("%-9s %s\n", what, line);
}

/* @return NULL, or why nothing asks for the pivot */
static const char *report_mark(const struct options *options, const char *directory)
{
        if (exitrd_is_finished(directory)) {
                say("mark", "%s holds a finished exitrd", directory);
                return NULL;
        }
        if (exitrd_is_needed(directory)) {
                say("mark", "%s/" EXITRD_NEED_SHUTDOWN " is there", directory);
                return NULL;
        }
        say("mark", "there is no %s/" EXITRD_NEED_SHUTDOWN, directory);
        return options->force ? NULL : "nothing asks for it: there is no " EXITRD_NEED_SHUTDOWN;
}

/* @return NULL, or what is wrong with the unit */
static const char *report_unit(const struct options *options, char *reason, size_t size)
{
        const char *sysroot = options->search.sysroot;

        if (unit_check(strcmp(sysroot, "/") == 0 ? "" : sysroot, reason, size) == 0) {
                say("unit", UNIT_NAME " stops with dracut-initramfs-restore, in PID 1's mount namespace");
                return NULL;
        }
        say("unit", "%s", reason);
        return reason;
}

/* @return NULL, or that there is no tree */
static const char *report_tree(const struct outcome *outcome)
{
        const struct unpacked *unpacked;

        if (!outcome)
                return "nothing can be restored";
        unpacked = &outcome->unpacked;
        if (!outcome->image) {
                say("image", "none (%s)", outcome->rule);
                say("content", "of the running system: %" PRIu64 " entries, %" PRIu64 " KiB", unpacked->entries,
                    unpacked->bytes / 1024);
        } else {
                for (size_t i = 0; i < outcome->image->count; i++)
                        say("image", "%s (%s)", outcome->image->regions[i].name, outcome->rule);
                say("content", "%s: %" PRIu64 " entries, %" PRIu64 " KiB, decoded to the end%s", unpacked->formats,
                    unpacked->entries, unpacked->bytes / 1024,
                    outcome->thin ? ", without kernel modules and firmware: memory is short" : "");
        }
        say("shutdown", "runs in the tree");
        say("memory", "%" PRIu64 " KiB, of %" PRIu64 " KiB that can be spared", outcome->used / 1024,
            memory_spare() / 1024);
        say("time", "%.3f s", outcome_seconds(outcome));
        return NULL;
}

int report(const struct options *options, const char *directory, const struct outcome *outcome)
{
        char reason[1024];
        const char *tree = report_tree(outcome), *mark = report_mark(options, directory),
                   *unit = report_unit(options, reason, sizeof(reason));

        if (tree || mark || unit) {
                say("verdict", "the next shutdown does not pivot: %s", tree ?: mark ?: unit);
                return -ECANCELED;
        }
        say("verdict", "the next shutdown pivots");
        return 0;
}
