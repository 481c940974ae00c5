/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hooks.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "trusted.h"
#include "util/log.h"

#define SCRIPT_MAX (64U << 10)

/* What ends the work at once: the others are a hook's own. */
static bool is_fatal(int r)
{
        return r == -EIO || r == -ENOMEM;
}

/* Whether a name is one of a program, and not of data or a device. */
static bool is_program(const char *name)
{
        static const char *const directories[] = { "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/" };

        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                if (strncmp(name, directories[i], strlen(directories[i])) == 0)
                        return true;
        return false;
}

/* Take the programs that a script names with their paths; comments do not count. */
static int take_named(struct programs *programs, char *script)
{
        static const char ends[] = " \t\n;&|<>()`\"'={}$";
        char *lines, *words, real[PATH_MAX];
        int r = 0;

        for (char *line = strtok_r(script, "\n", &lines); line && !is_fatal(r); line = strtok_r(NULL, "\n", &lines)) {
                if (line[strspn(line, " \t")] == '#')
                        continue;
                for (char *word = strtok_r(line, ends, &words); word && !is_fatal(r);
                     word = strtok_r(NULL, ends, &words))
                        if (is_program(word))
                                r = programs_take(programs, word, NULL, LOG_WARNING, real);
        }
        return is_fatal(r) ? r : 0;
}

static int take_hook(struct programs *programs, const char *path)
{
        char real[PATH_MAX];
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -1;
        ssize_t n;
        int r = programs_take(programs, path, NULL, LOG_WARNING, real);

        if (r < 0)
                return is_fatal(r) ? r : 0;
        fd = trusted_open(programs->root_fd, path, -1, real);
        text = malloc(SCRIPT_MAX);
        if (!text)
                return log_oom();
        n = fd < 0 ? 0 : pread(fd, text, SCRIPT_MAX - 1, 0);
        if (n < 2 || memcmp(text, "#!", 2) != 0)
                return 0;
        text[n] = '\0';
        return take_named(programs, text);
}

int hooks_take(struct programs *programs, const char *directory)
{
        char real[PATH_MAX], path[2 * PATH_MAX];
        int fd = trusted_open(programs->root_fd, directory, programs->tree_fd, real), r = 0;
        const struct dirent *entry;
        DIR *dir;

        if (fd == -ENOENT)
                return 0;
        if (fd == -EPERM)
                return log_warning(0, "Cannot take what is in /%s: %s", directory, trusted_reason(fd)), 0;
        dir = fd < 0 ? NULL : fdopendir(fd);
        if (!dir)
                return safe_close(fd), log_error(-errno, "/%s: cannot be read", directory);
        while (r == 0 && (entry = readdir(dir))) {
                struct stat st;

                if (*entry->d_name == '.' || fstatat(dirfd(dir), entry->d_name, &st, 0) < 0 || !S_ISREG(st.st_mode) ||
                    (st.st_mode & S_IXUSR) == 0)
                        continue; /* as systemd-shutdown sees it */
                snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
                r = take_hook(programs, path);
        }
        closedir(dir);
        return r;
}
