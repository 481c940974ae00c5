/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* For tests that mount: a mount namespace of their own, and a place in it. */

#include "test.h"

#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "util/log.h"

static char place[] = "/tmp/test-XXXXXX"; /* a tmpfs after place_setup() */

/** Group setup: a mount namespace and a tmpfs at @place. Skips the tests if that is not permitted. */
static inline int place_setup(void **state)
{
        (void)state;
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
                print_message("needs root\n");
                exit(77);
        }
        return mkdtemp(place) && mount("test", place, "tmpfs", MS_NODEV, "mode=755") == 0 ? 0 : -1;
}

static inline int place_teardown(void **state)
{
        (void)state;
        return umount2(place, MNT_DETACH) == 0 && rmdir(place) == 0 ? 0 : -1;
}

/** A name below @place. The last four are valid. */
static inline const char *at_place(const char *name)
{
        static char names[4][256];
        static unsigned next;
        char *p = names[next++ % ELEMENTSOF(names)];

        snprintf(p, sizeof(names[0]), "%s/%s", place, name);
        return p;
}

static inline int open_place(const char *name)
{
        int fd = open(at_place(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_true(fd >= 0);
        return fd;
}

static inline void make_dir(const char *name)
{
        assert_int_equal(mkdir(at_place(name), 0755), 0);
}

static inline void make_file(const char *name, const char *content, mode_t mode)
{
        _cleanup_close_ int fd = open(at_place(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, content, strlen(content)), strlen(content));
        assert_int_equal(fchmod(fd, mode), 0);
}

/** Run by an emulator, the tree's programs are the emulating machine's: of the other byte order, they are no programs.
 */
static inline void need_own_programs(void)
{
        unsigned char ident[EI_NIDENT] = "";
        _cleanup_fclose_ FILE *f = fopen("/bin/true", "re");

        assert_true(f && fread(ident, sizeof(ident), 1, f) == 1);
        if (ident[EI_DATA] != (__BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB))
                skip();
}

/** What @act says on standard error, up to a NUL, in a buffer that the next call reuses. */
#define HEAR(act)                                                 \
        ({                                                        \
                static char heard_[4096];                         \
                _cleanup_close_ int file_ = test_file("", 0);     \
                _cleanup_close_ int saved_ = dup(STDERR_FILENO);  \
                ssize_t n_;                                       \
                                                                  \
                dup2(file_, STDERR_FILENO);                       \
                act;                                              \
                dup2(saved_, STDERR_FILENO);                      \
                n_ = pread(file_, heard_, sizeof(heard_) - 1, 0); \
                heard_[MAX(n_, (ssize_t)0)] = '\0';               \
                heard_;                                           \
        })
