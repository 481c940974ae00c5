/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "util/compat.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/run.h"
#include "loader.h"

/* The kernel follows so many `#!` lines, and reads so much of each file (BINPRM_BUF_SIZE). */
#define LEVELS_MAX 4
#define HEAD_SIZE 256U

/*
 * Splits a `#!` line as the kernel does: the interpreter up to a blank, then all the rest as one argument.
 * NULL if the line names none.
 */
static char *split_interpreter(char *head, char **ret_argument)
{
        char *name = head + 2 + strspn(head + 2, " \t");
        size_t length;

        name[strcspn(name, "\n")] = '\0';
        length = strlen(name);
        while (length > 0 && strchr(" \t", name[length - 1]))
                name[--length] = '\0';
        *ret_argument = name + strcspn(name, " \t");
        if (**ret_argument) {
                *(*ret_argument)++ = '\0';
                *ret_argument += strspn(*ret_argument, " \t");
        }
        return *name ? name : NULL;
}

static bool is_called(const char *path, const char *name)
{
        const char *slash = strrchr(path, '/');

        return strcmp(slash ? slash + 1 : path, name) == 0;
}

static bool is_shell(const char *path)
{
        static const char *const names[] = { "sh", "bash", "dash", "ash", "busybox", "mksh", "ksh", "zsh" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (is_called(path, names[i]))
                        return true;
        return false;
}

/* Waits for a program of the tree to end; if it fails, what it says goes into the one line. */
static int end_program(const struct check *check, struct running *running, const char *what)
{
        char said[512];
        int r = run_wait(running, said, sizeof(said));

        if (r < 0)
                return check_not_run(check, r, what);
        if (r == 0)
                return 0;
        if (*said)
                log_error(0, "%s: its shutdown would not run: %s (status %d)", check->image, said, r);
        else
                log_error(0, "%s: its shutdown would not run: %s ends with status %d", check->image, what, r);
        return -ENOEXEC;
}

/* Programs that dracut's shutdown cannot do without, and where it looks for them. */
static const char *const programs[] = { "umount", "poweroff", "reboot", "dracut-getarg" };
static const char *const program_dirs[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };

/* Has the loader look at program number @i, if it is there and dynamic. A shell may have it built in otherwise; and it
 * may be a link to one before, as poweroff and reboot are links to systemctl or busybox. */
static void begin_needed(const struct check *check, struct listing *needed, size_t i)
{
        char path[PATH_MAX], head[SELFMAG];

        for (size_t dir = 0; dir < ELEMENTSOF(program_dirs); dir++) {
                _cleanup_close_ int fd = -1;
                struct stat st;

                snprintf(path, sizeof(path), "%s/%s", program_dirs[dir], programs[i]);
                fd = check_open_program(check, path);
                if (fd < 0)
                        continue;
                if (fstat(fd, &st) < 0 || pread(fd, head, sizeof(head), 0) != sizeof(head) ||
                    memcmp(head, ELFMAG, SELFMAG) != 0)
                        return;
                needed[i].device = st.st_dev;
                needed[i].inode = st.st_ino;
                for (size_t before = 0; before < i; before++)
                        if (needed[before].device == st.st_dev && needed[before].inode == st.st_ino)
                                return;
                listing_begin(check, fd, path, &needed[i]);
                return;
        }
}

/* The absolute name of what a line of a script sources come what may, or unless something of it is known already; NULL
 * where it sources nothing, or only if. */
static char *sourced(char *line)
{
        char *dot = line, *name;

        if (strncmp(line, "command -v ", 11) == 0 || strncmp(line, "type ", 5) == 0) {
                dot = strstr(line, "|| ");
                if (!dot)
                        return NULL;
                dot += strlen("|| ");
        }
        if (strncmp(dot, ". /", 3) != 0)
                return NULL;
        name = dot + 2;
        name[strcspn(name, " \t\r\n;&|<>#")] = '\0';
        return strpbrk(name, "$`\"'*?[\\") ? NULL : name;
}

/* What a shell script sources has to be there. */
static int check_sourced(const struct check *check, int fd, const char *path)
{
        _cleanup_fclose_ FILE *f = NULL;
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        char line[512];
        bool begins = true;

        if (copy >= 0)
                f = fdopen(copy, "r");
        if (!f) {
                safe_close(copy);
                return log_error(-errno, "%s: cannot read its %s", check->image, path);
        }
        while (fgets(line, sizeof(line), f)) {
                char *name = begins ? sourced(line) : NULL;
                struct stat st;
                _cleanup_close_ int node = -1;

                begins = strchr(line, '\n') || name;
                if (!name)
                        continue;
                node = fs_open(check->root_fd, name, O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
                if (node < 0)
                        return log_error(node, "%s: its shutdown would not run: %s needs %s", check->image, path, name);
                if (fstat(node, &st) < 0 || !S_ISREG(st.st_mode))
                        return log_error(-EINVAL, "%s: its shutdown would not run: %s of %s is not a file",
                                         check->image, name, path);
        }
        return 0;
}

/* A shell may be static, and what it then starts not. All of them run at the same time: one after the other they
 * took 9 ms, as long as 20 MB of zstd. */
static int check_script(const struct check *check, int fd, const char *path, const char *const *argv, const char *what)
{
        _cleanup_(run_done) struct running shell = RUNNING_INIT;
        struct listing needed[ELEMENTSOF(programs)] = { 0 };
        int r = run_start(&CHECK_RUN(check, .argv = argv), &shell);

        if (r < 0)
                return check_not_run(check, r, what);
        for (size_t i = 0; i < ELEMENTSOF(programs); i++)
                begin_needed(check, needed, i);
        r = end_program(check, &shell, what);
        if (r == 0)
                r = check_sourced(check, fd, path);
        for (size_t i = 0; i < ELEMENTSOF(programs); i++) {
                if (r == 0)
                        r = listing_end(check, &needed[i], false);
                listing_done(&needed[i]);
        }
        return r;
}

/* @symbols: whether its libraries have all that it wants of them, too. An image's libraries were put there together;
 * those of a running system may be half upgraded. */
static int check_elf(const struct check *check, int fd, const char *path, bool symbols)
{
        struct listing listing = { 0 };
        int r;

        listing_begin(check, fd, path, &listing);
        r = listing_end(check, &listing, symbols);
        listing_done(&listing);
        return r;
}

/* Looks at one program; @level counts the `#!` lines on the way to it. */
static int check_program(const struct check *check, int fd, const char *path, int level)
{
        _cleanup_close_ int next_fd = -1;
        char head[HEAD_SIZE + 1], *interpreter, *argument;
        ssize_t n = pread(fd, head, HEAD_SIZE, 0);

        if (n < 0)
                return log_error(-errno, "%s: cannot read its %s", check->image, path);
        head[n] = '\0';
        if (n > EI_CLASS && memcmp(head, ELFMAG, SELFMAG) == 0)
                return check_elf(check, fd, path, level == 0);
        interpreter = n > 2 && memcmp(head, "#!", 2) == 0 ? split_interpreter(head, &argument) : NULL;
        if (!interpreter)
                return log_error(-ENOEXEC, "%s: its %s is neither a program nor a script with an interpreter",
                                 check->image, path);
        if (level >= LEVELS_MAX)
                return log_error(-ELOOP, "%s: its shutdown would not run: too many interpreters of interpreters",
                                 check->image);

        next_fd = check_open_program(check, interpreter);
        if (next_fd < 0)
                return log_error(next_fd, "%s: its shutdown would not run: %s needs %s", check->image, path,
                                 interpreter);
        if (level == 0 && is_shell(interpreter)) {
                /* An argument may end the options; or be a long option, which bash wants first, or the name that
                 * busybox is to be. */
                bool first = *argument &&
                             (strstr(interpreter, "busybox") || (strncmp(argument, "--", 2) == 0 && argument[2]));
                const char *argv[] = { interpreter, first ? argument : "-n", first ? "-n" : argument, path, NULL };

                if (!*argument)
                        argv[2] = path, argv[3] = NULL;
                return check_script(check, fd, path, argv, interpreter);
        }
        if (level == 0 && is_called(interpreter, "env") && is_shell(argument))
                return check_script(check, fd, path, (const char *const[]){ interpreter, argument, "-n", path, NULL },
                                    argument);
        return check_program(check, next_fd, interpreter, level + 1);
}

int check_exitrd(int root_fd, const char *image)
{
        const struct check check = { root_fd, image };
        _cleanup_close_ int fd = check_open_program(&check, "shutdown");

        if (fd == -ENOENT)
                return log_error(0, "%s: it has no shutdown to run (the image lacks dracut's module shutdown)", image),
                       fd;
        if (fd < 0)
                return log_error(fd, "%s: its shutdown is not an executable file", image);
        /* systemd-shutdown asks with the root that it has then. */
        if (faccessat(root_fd, "shutdown", X_OK, 0) < 0)
                return log_error(-errno, "%s: its shutdown cannot be executed where it is", image);
        return check_program(&check, fd, "/shutdown", 0);
}
