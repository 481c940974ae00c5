/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "loader.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>

#include "util/compat.h"
#include "util/fs.h"
#include "util/log.h"

int check_open_program(const struct check *check, const char *path)
{
        const uint64_t resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
        _cleanup_close_ int node = fs_open(check->root_fd, path, O_PATH, resolve);
        struct stat st;

        if (node < 0)
                return node;
        if (fstat(node, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0) /* opening a device can do something */
                return -EACCES;
        return fs_open(check->root_fd, path, O_RDONLY, resolve);
}

int check_not_run(const struct check *check, int r, const char *what)
{
        if (r == -ETIMEDOUT)
                return log_error(0, "%s: its shutdown would not run: %s does not end within %u s", check->image, what,
                                 CHECK_TIMEOUT_MS / 1000),
                       r;
        return log_error(r, "%s: its shutdown would not run: %s cannot be started there", check->image, what);
}

/* A header of either class: what is looked at before the class is known is at the same place in both. */
union header {
        unsigned char ident[EI_NIDENT];
        Elf32_Ehdr narrow;
        Elf64_Ehdr wide;
};

/* Whether no kernel of this machine runs it. A static program has no loader that says so. */
static bool is_foreign(const union header *header)
{
        extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden"))); /* this program's own */
        static const struct {
                uint16_t own, other; /* what a kernel for the first one runs besides */
        } brothers[] = { { EM_X86_64, EM_386 }, { EM_AARCH64, EM_ARM }, { EM_PPC64, EM_PPC } };
        uint16_t own = __ehdr_start.e_machine, machine = header->narrow.e_machine;

        if (header->ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA])
                return true;
        for (size_t i = 0; i < ELEMENTSOF(brothers); i++)
                if ((brothers[i].own == own && brothers[i].other == machine) ||
                    (brothers[i].own == machine && brothers[i].other == own))
                        return false;
        return machine != own;
}

/* Finds the loader that an ELF program names (PT_INTERP); empty for a static one. @return 0; -ENOEXEC where it is
 * damaged; or -EMEDIUMTYPE where it is static and for another machine */
static int find_loader(int fd, char *loader, size_t size)
{
        union header header;
        union {
                Elf32_Phdr narrow;
                Elf64_Phdr wide;
        } segment;
        bool wide, loads = false;
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
                loads |= (wide ? segment.wide.p_type : segment.narrow.p_type) == PT_LOAD;
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
        return is_foreign(&header) ? -EMEDIUMTYPE : loads ? 0 : -ENOEXEC;
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

void listing_begin(const struct check *check, int fd, const char *path, struct listing *ret)
{
        _cleanup_close_ int loader_fd = -1;
        const char *argv[] = { ret->loader, "--list", ret->path, NULL };

        ret->begun = true;
        ret->running = RUNNING_INIT;
        snprintf(ret->path, sizeof(ret->path), "%s", path);
        ret->error = find_loader(fd, ret->loader, sizeof(ret->loader));
        if (ret->error < 0) {
                *ret->loader = '\0';
                return;
        }
        if (!*ret->loader)
                return;
        loader_fd = check_open_program(check, ret->loader);
        if (loader_fd < 0)
                ret->error = loader_fd;
        else
                ret->not_started = run_start(&CHECK_RUN(check, .argv = argv, .whole = true), &ret->running);
}

/* Judge by what the loader says: its status is 0 also where a library is one of another version. @return whether it is
 * glibc's, or a negative errno, already logged */
static int judge_listing(const struct check *check, const struct listing *l, int status, char *said)
{
        size_t length = strlen(said);
        char *wrong;

        while (length > 0 && said[length - 1] == '\n')
                said[--length] = '\0';
        wrong = find_line(said, "not found (required by") ?: find_line(said, "undefined symbol: ");
        if (!wrong && status > 0)
                wrong = strrchr(said, '\n') ? strrchr(said, '\n') + 1 : said;
        if (wrong && *wrong)
                return log_error(0,
                                 status > 0 ? "%s: its shutdown would not run: %s (status %d)"
                                            : "%s: its shutdown would not run: %s",
                                 check->image, wrong, status),
                       -ENOEXEC;
        if (status > 0)
                return log_error(0, "%s: its shutdown would not run: %s, the loader of %s, ends with status %d",
                                 check->image, l->loader, l->path, status),
                       -ENOEXEC;
        if (!strstr(said, "(0x")) /* the addresses of the libraries, in glibc's and musl's list */
                return log_error(0, "%s: its shutdown would not run: %s, which %s needs, is not a loader", check->image,
                                 l->loader, l->path),
                       -ENOEXEC;
        return strstr(said, "libc.so.6") != NULL;
}

/* @return as run_wait(), with what it cannot do already logged */
static int look_up_symbols(const struct check *check, const struct listing *l, char *said, size_t size)
{
        static const char *const environment[] = { "LD_TRACE_LOADED_OBJECTS=1", "LD_WARN=yes", "LD_BIND_NOW=yes",
                                                   NULL };
        const char *argv[] = { l->loader, l->path, NULL };
        int r = run_program(&CHECK_RUN(check, .argv = argv, .environment = environment, .whole = true), said, size);

        return r < 0 ? check_not_run(check, r, l->path) : judge_listing(check, l, r, said);
}

int listing_end(const struct check *check, struct listing *l, bool symbols)
{
        char said[1 << 14];
        int r;

        if (l->error < 0 && *l->loader)
                return log_error(l->error, "%s: its shutdown would not run: %s needs %s", check->image, l->path,
                                 l->loader);
        if (l->error == -EMEDIUMTYPE)
                return log_error(0, "%s: its shutdown would not run: %s is for another machine", check->image, l->path),
                       l->error;
        if (l->error < 0)
                return log_error(l->error, "%s: its shutdown would not run: %s is a damaged program", check->image,
                                 l->path);
        if (!l->begun || !*l->loader)
                return 0;
        r = l->not_started < 0 ? l->not_started : run_wait(&l->running, said, sizeof(said));
        if (r < 0)
                return check_not_run(check, r, l->path);
        r = judge_listing(check, l, r, said);
        /* Only glibc's loader knows the variables; musl's would start the program. */
        if (r > 0)
                r = symbols ? look_up_symbols(check, l, said, sizeof(said)) : 0;
        return MIN(r, 0);
}

void listing_done(struct listing *listing)
{
        if (listing->begun)
                run_done(&listing->running);
}
