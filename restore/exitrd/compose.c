/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An exitrd made of the running system: systemd-shutdown is its `shutdown`. As PID 1 there it finds
 * /etc/initrd-release, so it does not pivot again; what is mounted below /oldroot it unmounts, and what that was on it
 * detaches, with no help but the hooks'.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "exitrd.h"
#include "holders.h"
#include "hooks.h"
#include "programs.h"
#include "trusted.h"
#include "util/log.h"

static const char *const shutdown_paths[] = { "usr/lib/systemd/systemd-shutdown", "lib/systemd/systemd-shutdown" };

/* Since systemd 259 it opens this itself, and recommends it in a note; but without it, it finds no mount to unmount. */
static const char *const shutdown_dlopens[] = { "libmount.so.1", NULL };

/* Where a system has links for what once were directories, names in scripts lead through them. */
static const char *const top_links[] = { "bin", "sbin", "lib", "lib64" };

static const char *const mount_points[] = { "dev", "oldroot", "proc", "run", "sys" };

#define HOOK "dracut-restore"

static int make_directory(int tree_fd, const char *name)
{
        return mkdirat(tree_fd, name, 0755) < 0 && errno != EEXIST
                               ? log_error(-errno, "/%s: cannot be made in the exitrd", name)
                               : 0;
}

/* @param path  gets its name in the exitrd; PATH_MAX bytes */
static int take_shutdown(struct programs *programs, char *path)
{
        int r = -ENOENT;

        for (size_t i = 0; r == -ENOENT && i < ELEMENTSOF(shutdown_paths); i++)
                r = programs_take(programs, shutdown_paths[i], shutdown_dlopens, LOG_ERR, path);
        return r;
}

/* @return 1, 0 if it cannot be taken, or a negative errno, already logged */
static int take_holder(struct programs *programs, const struct holder *holder)
{
        char real[PATH_MAX];
        int r = holder->program ? programs_take_called(programs, holder->program, LOG_WARNING, real) : 0;

        if (r == -ENOENT)
                log_debug("%s: there is no %s to take", holder->device, holder->program);
        return r == -EIO || r == -ENOMEM ? r : r == 0;
}

/* A script that grows. */
struct script {
        char text[2 * PATH_MAX]; /* more than all rows of holders.c and one name */
        bool any;                /* it does something */
};

static void script_begin(struct script *script, const char *purpose)
{
        snprintf(script->text, sizeof(script->text), "#!/bin/sh\n# %s\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin\n",
                 purpose);
        script->any = false;
}

static void script_add(struct script *script, const char *command)
{
        size_t used = strlen(script->text);

        script->any = snprintf(script->text + used, sizeof(script->text) - used, "%s\n", command) > 0;
}

static int script_write(struct programs *programs, const struct script *script, const char *path)
{
        _cleanup_close_ int fd = openat(programs->tree_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
        size_t size = strlen(script->text);

        if (fd < 0 || write(fd, script->text, size) != (ssize_t)size)
                return log_error(-errno, "/%s: cannot be made in the exitrd", path);
        programs->entries++;
        programs->bytes += size;
        return 0;
}

/* Take what this machine's devices need: what is to be run before systemd-shutdown, and what after it, as its hook. */
static int take_holders(struct programs *programs, struct script *before, struct script *after)
{
        struct holder holders[HOLDERS_MAX];
        size_t count = holders_find(programs->root_fd, holders, ELEMENTSOF(holders));
        char path[PATH_MAX];
        int r = 0;

        script_begin(before, "What systemd-shutdown cannot wait for.");
        script_begin(after, "What systemd-shutdown does not do itself.");
        for (size_t i = 0; r >= 0 && i < count; i++) {
                r = take_holder(programs, &holders[i]);
                if (r > 0 && holders[i].command)
                        script_add(holders[i].first ? before : after, holders[i].command);
        }
        if (r < 0 || (!before->any && !after->any))
                return MIN(r, 0);
        r = programs_take(programs, "bin/sh", NULL, LOG_WARNING, path);
        if (r < 0)
                before->any = after->any = false;
        return r == -EIO || r == -ENOMEM ? r : 0;
}

/*
 * The exitrd's `shutdown`: systemd-shutdown, or a script that becomes it.
 *
 * @path: systemd-shutdown
 * @hooks: directory of its hooks
 */
static int make_shutdown(struct programs *programs, const char *path, const char *hooks)
{
        struct script before, after;
        char line[PATH_MAX + sizeof("exec / \"$@\"")];
        int r = take_holders(programs, &before, &after);

        if (r == 0 && after.any)
                r = make_directory(programs->tree_fd, hooks);
        if (r == 0 && after.any) {
                snprintf(line, sizeof(line), "%.*s/" HOOK, (int)(sizeof(line) - sizeof("/" HOOK)), hooks);
                r = script_write(programs, &after, line);
        }
        if (r < 0)
                return r;
        if (before.any) {
                snprintf(line, sizeof(line), "exec /%s \"$@\"", path);
                script_add(&before, line);
                return script_write(programs, &before, "shutdown");
        }
        /* As a link: the loader tells $ORIGIN by the file's own name. */
        if (symlinkat(path, programs->tree_fd, "shutdown") < 0)
                return log_error(-errno, "/shutdown: cannot be made in the exitrd");
        programs->entries++;
        return 0;
}

/* @return 0 or a negative errno, already logged */
static int take_release(struct programs *programs)
{
        char real[PATH_MAX];
        _cleanup_close_ int fd = trusted_open(programs->root_fd, "etc/os-release", programs->tree_fd, real);
        int r = make_directory(programs->tree_fd, "etc");

        if (r == 0 && fd < 0) { /* its being there is what matters */
                *real = '\0';
                fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        }
        if (r == 0 && *real)
                r = programs_copy(programs, fd, real);
        return r < 0 ? r : programs_copy(programs, fd, "etc/initrd-release");
}

static int compose(struct programs *programs)
{
        char path[PATH_MAX], hooks[PATH_MAX + sizeof("/system-shutdown")], real[PATH_MAX];
        int r = take_shutdown(programs, path);

        if (r < 0)
                return r;
        snprintf(hooks, sizeof(hooks), "%.*s/system-shutdown", (int)(strrchr(path, '/') - path), path);
        r = hooks_take(programs, hooks);
        if (r == 0)
                r = make_shutdown(programs, path, hooks);
        if (r == 0)
                r = take_release(programs);
        for (size_t i = 0; r == 0 && i < ELEMENTSOF(top_links); i++)
                safe_close(trusted_open(programs->root_fd, top_links[i], programs->tree_fd, real));
        for (size_t i = 0; r == 0 && i < ELEMENTSOF(mount_points); i++)
                r = make_directory(programs->tree_fd, mount_points[i]);
        return r;
}

int exitrd_compose(struct exitrd *exitrd, const char *sysroot, struct content *ret)
{
        struct programs programs;
        _cleanup_close_ int root = open(sysroot, O_PATH | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (root < 0)
                return log_error(-errno, "%s: cannot be opened", sysroot);
        r = programs_begin(root, exitrd_tree(exitrd), &programs);
        if (r == 0)
                r = compose(&programs);
        *ret = (struct content){ programs.entries, programs.bytes };
        programs_done(&programs);
        return r;
}
