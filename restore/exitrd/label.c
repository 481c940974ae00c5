/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "label.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <selinux/label.h>
#include <selinux/restorecon.h>
#include <selinux/selinux.h>

#include "util/library.h"
#include "util/log.h"

#define FUNCTIONS(F)                           \
        F(selabel_open)                        \
        F(selinux_restorecon_set_sehandle)     \
        F(selinux_restorecon_set_alt_rootpath) \
        F(selinux_restorecon)                  \
        F(selinux_set_callback)

LIBRARY(FUNCTIONS);

static int load(void)
{
        static const char *const sonames[] = { "libselinux.so.1", NULL };

        return library_load(sonames, lib_symbols);
}

/* What libselinux says: the first line of each call is the cause. */
static char said[256];

static int hear(int type, const char *format, ...)
{
        va_list args;

        if (type == SELINUX_INFO || *said)
                return 0;
        va_start(args, format);
        vsnprintf(said, sizeof(said), format, args);
        va_end(args);
        said[strcspn(said, "\n")] = '\0';
        return 0;
}

/* The value of @line if it sets @name: blanks around it do not count, and the last such line does. */
static void take_setting(char *line, const char *name, char *ret, size_t size)
{
        size_t n = strlen(name);

        line += strspn(line, " \t");
        if (strncmp(line, name, n) != 0 || line[n] != '=')
                return;
        line += n + 1;
        line += strspn(line, " \t\"'");
        line[strcspn(line, " \t\r\n\"'#")] = '\0';
        snprintf(ret, size, "%s", line);
}

/* Finds the file contexts of the policy at work. 0 if there are none, or no policy. */
static int find_contexts(const char *sysroot, char *ret, size_t size)
{
        char path[PATH_MAX], line[1024], mode[32] = "", type[NAME_MAX] = "";
        _cleanup_fclose_ FILE *f = NULL;

        /* selinuxfs is there when the kernel has SELinux and a policy was loaded into it. */
        snprintf(path, sizeof(path), "%s/sys/fs/selinux/enforce", sysroot);
        if (access(path, F_OK) < 0)
                return 0;
        snprintf(path, sizeof(path), "%s/etc/selinux/config", sysroot);
        f = fopen(path, "re");
        if (!f)
                return errno == ENOENT ? 0 : -errno;
        while (fgets(line, sizeof(line), f)) {
                take_setting(line, "SELINUX", mode, sizeof(mode));
                take_setting(line, "SELINUXTYPE", type, sizeof(type));
        }
        if (!*type || strchr(type, '/') || strcasecmp(mode, "disabled") == 0)
                return 0;
        snprintf(ret, size, "%s/etc/selinux/%s/contexts/files/file_contexts", sysroot, type);
        return access(ret, F_OK) == 0;
}

/*
 * Give libselinux the contexts, once where they stay the same: each candidate's tree is labelled, and a policy's
 * contexts are megabytes. The handle is libselinux's then: 3.8 closes it when it gets the next one, older ones never
 * do.
 */
static int use_contexts(const char *contexts)
{
        static struct stat used;
        struct selinux_opt options[] = { { SELABEL_OPT_PATH, contexts } };
        struct selabel_handle *handle;
        struct stat st;

        if (stat(contexts, &st) < 0)
                return -errno;
        if (st.st_dev == used.st_dev && st.st_ino == used.st_ino && st.st_mtim.tv_sec == used.st_mtim.tv_sec &&
            st.st_mtim.tv_nsec == used.st_mtim.tv_nsec)
                return 0;
        handle = lib.selabel_open(SELABEL_CTX_FILE, options, ELEMENTSOF(options));
        if (!handle)
                return -EIO;
        lib.selinux_restorecon_set_sehandle(handle);
        used = st;
        return 0;
}

static int restorecon(const char *root, const char *contexts)
{
        int r = use_contexts(contexts);

        if (r < 0)
                return r;
        /* A fresh tree has no digests of earlier runs and no mounts to look for. */
        if (lib.selinux_restorecon_set_alt_rootpath(root) < 0 ||
            lib.selinux_restorecon(root, SELINUX_RESTORECON_RECURSE | SELINUX_RESTORECON_SKIP_DIGEST |
                                                         SELINUX_RESTORECON_IGNORE_DIGEST |
                                                         SELINUX_RESTORECON_IGNORE_MOUNTS |
                                                         SELINUX_RESTORECON_ABORT_ON_ERROR) < 0)
                return errno > 0 ? -errno : -EIO;
        return 0;
}

int label_tree(int tree_fd, const char *sysroot)
{
        char contexts[PATH_MAX], link[32], root[PATH_MAX];
        ssize_t n;
        int r;

        r = find_contexts(sysroot, contexts, sizeof(contexts));
        if (r < 0)
                return log_error(r, "Cannot read %s/etc/selinux/config", sysroot);
        if (r == 0)
                return 0;
        if (load() < 0)
                return log_error(-ENOPKG, "SELinux is on, and the tree cannot be labelled without libselinux.so.1");

        /* libselinux wants a name and not a descriptor. */
        snprintf(link, sizeof(link), "/proc/self/fd/%d", tree_fd);
        n = readlink(link, root, sizeof(root) - 1);
        if (n <= 1)
                return log_error(n < 0 ? -errno : -EINVAL, "Cannot tell the name of the tree to label");
        root[n] = '\0';

        *said = '\0';
        lib.selinux_set_callback(SELINUX_CB_LOG, (union selinux_callback){ .func_log = hear });
        r = restorecon(root, contexts);
        if (r < 0)
                return log_error(r, "Cannot label the tree by %s%s%s", contexts, *said ? ": " : "", said);
        log_debug("Labelled by %s", contexts);
        return 1;
}
