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

/* A start takes a millisecond or two. With twenty others to run at the same time it has taken more than five seconds;
 * and the unit has three minutes. */
#define TIMEOUT_MS 30000U

/* The kernel follows so many `#!` lines, and reads so much of each file (BINPRM_BUF_SIZE). */
#define LEVELS_MAX 4
#define HEAD_SIZE 256U

/* What is checked. */
struct check {
        int root_fd;       /* directory that will be the root */
        const char *image; /* what it was made of, for messages */
};

static int open_inside(int root_fd, const char *path, uint64_t flags, uint64_t resolve)
{
        return fs_open(root_fd, path, flags, resolve | RESOLVE_NO_MAGICLINKS);
}

/* Opens a program of the tree, if it is one. */
static int open_program(int root_fd, const char *path, uint64_t resolve)
{
        _cleanup_close_ int node = open_inside(root_fd, path, O_PATH, resolve);
        struct stat st;

        if (node < 0)
                return node;
        if (fstat(node, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0) /* opening a device can do something */
                return -EACCES;
        return open_inside(root_fd, path, O_RDONLY, resolve);
}

/*
 * Splits a `#!` line as the kernel does: the interpreter up to a blank, then all the rest as one argument.
 * NULL where the line names none.
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

/* A program could not be run to its end. @return @r */
static int not_run(const struct check *check, int r, const char *what)
{
        if (r == -ETIMEDOUT)
                return log_error(0, "%s: its shutdown would not run: %s does not end within %u s", check->image, what,
                                 TIMEOUT_MS / 1000),
                       r;
        return log_error(r, "%s: its shutdown would not run: %s cannot be started there", check->image, what);
}

/* Runs a program of the tree in the tree; what it says goes into the one line. */
static int try_program(const struct check *check, const char *const *argv, const char *what)
{
        char said[512];
        int r = run_program(
                        &(struct run){ .argv = argv, .dir_fd = check->root_fd, .in_root = true, .timeout = TIMEOUT_MS },
                        said, sizeof(said));

        if (r < 0)
                return not_run(check, r, what);
        if (r == 0)
                return 0;
        if (*said)
                log_error(0, "%s: its shutdown would not run: %s (status %d)", check->image, said, r);
        else
                log_error(0, "%s: its shutdown would not run: %s ends with status %d", check->image, what, r);
        return -ENOEXEC;
}

/* Finds the loader that an ELF program names (PT_INTERP); empty for a static one. */
static int find_loader(int fd, char *loader, size_t size)
{
        union {
                unsigned char ident[EI_NIDENT];
                Elf32_Ehdr narrow;
                Elf64_Ehdr wide;
        } header;
        union {
                Elf32_Phdr narrow;
                Elf64_Phdr wide;
        } segment;
        bool wide;
        size_t room, count;

        if (pread(fd, &header, sizeof(header), 0) != sizeof(header))
                return -ENOEXEC;
        wide = header.ident[EI_CLASS] == ELFCLASS64;
        room = wide ? sizeof(segment.wide) : sizeof(segment.narrow);
        count = wide ? header.wide.e_phnum : header.narrow.e_phnum;
        for (size_t i = 0; i < count; i++) {
                uint64_t at = (wide ? header.wide.e_phoff : header.narrow.e_phoff) + i * room, length;

                if (pread(fd, &segment, room, (off_t)at) != (ssize_t)room)
                        return -ENOEXEC;
                if ((wide ? segment.wide.p_type : segment.narrow.p_type) != PT_INTERP)
                        continue;
                at = wide ? segment.wide.p_offset : segment.narrow.p_offset;
                length = wide ? segment.wide.p_filesz : segment.narrow.p_filesz;
                if (length < 2 || length > size || pread(fd, loader, length, (off_t)at) != (ssize_t)length ||
                    loader[length - 1])
                        return -ENOEXEC;
                return 0;
        }
        *loader = '\0';
        return 0;
}

/* The line of a text that has a word in it, or NULL; it is cut out of the text. */
static char *find_line(char *text, const char *word)
{
        char *found = strstr(text, word);

        if (!found)
                return NULL;
        found[strcspn(found, "\n")] = '\0';
        while (found > text && found[-1] != '\n')
                found--;
        return found;
}

/*
 * Have a program's loader list its libraries, and judge by what it says: its status is 0 also where a library is one of
 * another version.
 *
 * @symbols: have it look up all symbols, too
 */
static int list_libraries(const struct check *check, const char *loader, const char *path, bool symbols)
{
        static const char *const environment[] = { "LD_TRACE_LOADED_OBJECTS=1", "LD_WARN=yes", "LD_BIND_NOW=yes",
                                                   NULL };
        const char *list[] = { loader, "--list", path, NULL }, *trace[] = { loader, path, NULL };
        char said[1 << 14], *wrong;
        int r = run_program(&(struct run){ .argv = symbols ? trace : list,
                                           .environment = symbols ? environment : NULL,
                                           .dir_fd = check->root_fd,
                                           .in_root = true,
                                           .whole = true,
                                           .timeout = TIMEOUT_MS },
                            said, sizeof(said));
        size_t length = strlen(said);

        if (r < 0)
                return not_run(check, r, path);
        while (length > 0 && said[length - 1] == '\n')
                said[--length] = '\0';
        wrong = find_line(said, "not found (required by") ?: find_line(said, "undefined symbol: ");
        if (!wrong && r > 0)
                wrong = strrchr(said, '\n') ? strrchr(said, '\n') + 1 : said;
        if (wrong && *wrong)
                return log_error(0,
                                 r > 0 ? "%s: its shutdown would not run: %s (status %d)"
                                       : "%s: its shutdown would not run: %s",
                                 check->image, wrong, r),
                       -ENOEXEC;
        if (r > 0)
                return log_error(0, "%s: its shutdown would not run: %s, the loader of %s, ends with status %d",
                                 check->image, loader, path, r),
                       -ENOEXEC;
        if (!strstr(said, "(0x")) /* the addresses of the libraries, in glibc's and musl's list */
                return log_error(0, "%s: its shutdown would not run: %s, which %s needs, is no loader", check->image,
                                 loader, path),
                       -ENOEXEC;
        /* Only glibc's loader knows the variables; musl's would start the program. */
        return !symbols && strstr(said, "libc.so.6");
}

/*
 * Whether the loader in the tree finds the libraries of this program of the tree. It is not started itself.
 *
 * @symbols: whether they also have all that it wants of them. An image's libraries were put there together; those of a
 * running system may be half upgraded
 */
static int check_elf(const struct check *check, int fd, const char *path, bool symbols)
{
        _cleanup_close_ int loader_fd = -1;
        char loader[PATH_MAX];
        int r;

        r = find_loader(fd, loader, sizeof(loader));
        if (r < 0)
                return log_error(r, "%s: its shutdown would not run: %s is a damaged program", check->image, path);
        if (!*loader)
                return 0;
        loader_fd = open_program(check->root_fd, loader, RESOLVE_IN_ROOT);
        if (loader_fd < 0)
                return log_error(loader_fd, "%s: its shutdown would not run: %s needs %s", check->image, path, loader);
        r = list_libraries(check, loader, path, false);
        return r > 0 ? (symbols ? list_libraries(check, loader, path, true) : 0) : r;
}

/* Programs that dracut's shutdown cannot do without, and where it looks for them. */
static const char *const programs[] = { "umount", "poweroff", "reboot", "dracut-getarg" };
static const char *const program_dirs[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };

static int check_needed(const struct check *check, const char *name)
{
        char path[PATH_MAX], head[SELFMAG];

        for (size_t i = 0; i < ELEMENTSOF(program_dirs); i++) {
                _cleanup_close_ int fd = -1;

                snprintf(path, sizeof(path), "%s/%s", program_dirs[i], name);
                fd = open_program(check->root_fd, path, RESOLVE_IN_ROOT);
                if (fd < 0)
                        continue;
                if (pread(fd, head, sizeof(head), 0) != sizeof(head) || memcmp(head, ELFMAG, SELFMAG) != 0)
                        return 0;
                return check_elf(check, fd, path, false);
        }
        return 0; /* a shell may have it built in */
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
                node = open_inside(check->root_fd, name, O_PATH, RESOLVE_IN_ROOT);
                if (node < 0)
                        return log_error(node, "%s: its shutdown would not run: %s needs %s", check->image, path, name);
                if (fstat(node, &st) < 0 || !S_ISREG(st.st_mode))
                        return log_error(-EINVAL, "%s: its shutdown would not run: %s of %s is no file", check->image,
                                         name, path);
        }
        return 0;
}

/* A shell may be static, and what it then starts not. */
static int check_script(const struct check *check, int fd, const char *path, const char *const *argv, const char *what)
{
        int r = try_program(check, argv, what);

        if (r == 0)
                r = check_sourced(check, fd, path);
        for (size_t i = 0; r == 0 && i < ELEMENTSOF(programs); i++)
                r = check_needed(check, programs[i]);
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
                return log_error(-ELOOP, "%s: its shutdown would not run: interpreters of interpreters", check->image);

        next_fd = open_program(check->root_fd, interpreter, RESOLVE_IN_ROOT);
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
        _cleanup_close_ int fd = open_program(root_fd, "shutdown", RESOLVE_IN_ROOT);

        if (fd == -ENOENT)
                return log_error(0, "%s: there is no shutdown to run in it (dracut's shutdown module is not in it)",
                                 image),
                       fd;
        if (fd < 0)
                return log_error(fd, "%s: its shutdown is no executable file", image);
        /* systemd-shutdown asks with the root that it has then. */
        if (faccessat(root_fd, "shutdown", X_OK, 0) < 0)
                return log_error(-errno, "%s: its shutdown cannot be executed where it is", image);
        return check_program(&check, fd, "/shutdown", 0);
}
