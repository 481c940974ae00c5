/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An archive unpacked into a real tmpfs, and the tree removed again. Whatever the archive says, nothing outside the
 * tree changes, nothing is left of it, and memory and descriptors are given back. Where it is a valid one with a
 * damaged header, success means that nothing is lost.
 *
 * All happens on a tmpfs at /mnt in a mount namespace of its own: the tree is at /mnt/s/tree, and /mnt/c, which is
 * ../../c from there, is what must stay as it is.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "decode/decoder.h"
#include "util/remove.h"
#include "unpack/unpack.h"
#include "flips.h"
#include "fuzz.h"
#include "mutate.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

#define CANARY "/mnt/c"

/* Bits of an input's first byte; the others say in how many regions the image is. */
#define INPUT_EXCLUDE 128U /* some names are left out */
#define INPUT_FLIPS 64U    /* the rest is flips_make()'s */

/* The watched files and their directories: a new name in one changes its times. */
static const char *const watched[] = { "/mnt",         CANARY,   CANARY "/f", CANARY "/d", CANARY "/d/f", CANARY "/l",
                                       CANARY "/pipe", "/mnt/s", "/",         "/etc",      "/etc/passwd" };

static struct stat before[ELEMENTSOF(watched)];
static int stage, attic;

static void look(struct stat *ret)
{
        for (size_t i = 0; i < ELEMENTSOF(watched); i++)
                ALWAYS(lstat(watched[i], &ret[i]) == 0);
}

static void touch(const char *path, const char *content)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

        ALWAYS(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content) && close(fd) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        (void)argc, (void)argv;
        fuzz_be_silent();
        ALWAYS(unshare(CLONE_NEWNS) == 0);
        ALWAYS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
        ALWAYS(mount("tmpfs", "/mnt", "tmpfs", 0, "size=64m,nr_inodes=20000") == 0);
        ALWAYS(mkdir("/mnt/s", 0755) == 0 && mkdir("/mnt/s/attic", 0755) == 0 && mkdir(CANARY, 0755) == 0 &&
               mkdir(CANARY "/d", 0700) == 0 && symlink("d", CANARY "/l") == 0 && mkfifo(CANARY "/pipe", 0600) == 0);
        touch(CANARY "/f", "secret");
        touch(CANARY "/d/f", "secret");
        stage = open("/mnt/s", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        attic = open("/mnt/s/attic", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ALWAYS(stage >= 0 && attic >= 0);
        umask(0);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *exclude[] = { (char *)"m/*", (char *)"proc" };
        struct stat after[ELEMENTSOF(watched)];
        static struct flips flips;
        struct unpacked unpacked;
        bool damaged = size > 0 && data[0] & INPUT_FLIPS;
        int tree, r;

        if (size == 0)
                return 0;
        if (damaged)
                flips_make(data + 1, size - 1, &flips);
        ALWAYS(mkdirat(stage, "tree", 0755) == 0);
        tree = openat(stage, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        ALWAYS(tree >= 0);
        look(before);

        {
                _cleanup_(image_done) struct image image = damaged ? fuzz_image(flips.bytes, flips.size, 1)
                                                                   : fuzz_image(data + 1, size - 1, 1 + data[0] % 3U);
                size_t open_before = fuzz_descriptors();

                r = unpack_image(&image, tree,
                                 &(struct unpack_options){ .exclude = { exclude, data[0] & INPUT_EXCLUDE
                                                                                                 ? ELEMENTSOF(exclude)
                                                                                                 : 0 },
                                                           .window = DECODER_WINDOW },
                                 &unpacked);
                ALWAYS(r <= 0 && fuzz_descriptors() == open_before);
                ALWAYS(r < 0 || unpacked.bytes <= UINT64_C(0xffffffff) * unpacked.entries);
                ALWAYS(r < 0 || !damaged || flips_whole(&flips, tree));
        }
        look(after);
        for (size_t i = 0; i < ELEMENTSOF(watched); i++)
                ALWAYS(after[i].st_ino == before[i].st_ino && after[i].st_mode == before[i].st_mode &&
                       after[i].st_uid == before[i].st_uid && after[i].st_nlink == before[i].st_nlink &&
                       after[i].st_size == before[i].st_size && after[i].st_mtim.tv_nsec == before[i].st_mtim.tv_nsec &&
                       after[i].st_ctim.tv_sec == before[i].st_ctim.tv_sec &&
                       after[i].st_ctim.tv_nsec == before[i].st_ctim.tv_nsec);

        ALWAYS(remove_contents(tree) == 0);
        close(tree);
        ALWAYS(unlinkat(stage, "tree", AT_REMOVEDIR) == 0);
        return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
        size_t n = 0;

        if (size > 0 && !(data[0] & INPUT_FLIPS) && seed % 4 != 0)
                n = newc_mutate(data + 1, size - 1, max - 1, (uint64_t)seed << 16 | size);
        return n > 0 ? n + 1 : LLVMFuzzerMutate(data, size, max);
}
