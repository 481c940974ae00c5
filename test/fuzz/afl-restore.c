/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole program under AFL++: afl-restore IMAGE restores it into $FUZZ_SCRATCH, which is on a tmpfs and fresh for
 * each image. Decoders run in their own process as always. Aborts if the program broke a promise.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "util/remove.h"
#include "skipcpio/util.h"

#ifndef __AFL_INIT
#define __AFL_INIT() ((void)0)
#endif

int restore_main(int argc, char **argv); /* restore/main.c's main() */

#define HERE "/mnt"
#define CANARY HERE "/c"
#define OUT HERE "/s/tree"

static void must(bool holds, const char *what)
{
        if (holds)
                return;
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
}

static void empty_out(void)
{
        _cleanup_close_ int attic = open(HERE "/s/attic", O_RDONLY | O_DIRECTORY);
        _cleanup_close_ int parent = open(HERE "/s", O_RDONLY | O_DIRECTORY);

        must(attic >= 0 && parent >= 0 && remove_any(parent, "tree") == 0, "what was restored can be removed");
}

static bool same(const struct stat *a, const struct stat *b)
{
        return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_nlink == b->st_nlink &&
               a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int main(int argc, char **argv)
{
        static const char *const watched[] = { HERE, CANARY, CANARY "/f", CANARY "/d", "/", "/etc/passwd" };
        struct stat before[ELEMENTSOF(watched)], after;
        char *arguments[] = { (char *)"restore", (char *)"-q", (char *)"-C", (char *)OUT, argv[1], NULL };
        int r;

        must(argc == 2, "one argument");
        must(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                             mount("tmpfs", HERE, "tmpfs", 0, "size=64m,nr_inodes=20000") == 0,
             "a tmpfs can be mounted");
        must(mkdir(HERE "/s", 0755) == 0 && mkdir(HERE "/s/attic", 0755) == 0 && mkdir(CANARY, 0755) == 0 &&
                             mkdir(CANARY "/d", 0700) == 0 && close(open(CANARY "/f", O_WRONLY | O_CREAT, 0600)) == 0,
             "a canary can be made");
        __AFL_INIT();

        empty_out(); /* of one that crashed */
        for (size_t i = 0; i < ELEMENTSOF(watched); i++)
                must(lstat(watched[i], &before[i]) == 0, "the canary can be seen");
        r = restore_main(ELEMENTSOF(arguments) - 1, arguments);
        must(r == 0 || r == 1, "exit status 0 or 1");
        must(rmdir(HERE "/s/attic") == 0 && (r == 0 || rmdir(HERE "/s") == 0), "nothing is left beside it");
        must((r == 0 || mkdir(HERE "/s", 0755) == 0) && mkdir(HERE "/s/attic", 0755) == 0,
             "the next one has its place");
        must(waitpid(-1, NULL, WNOHANG) < 0, "no process is left");
        for (size_t i = 0; i < ELEMENTSOF(watched); i++)
                must(lstat(watched[i], &after) == 0 && (strcmp(watched[i], HERE) == 0 || same(&before[i], &after)),
                     watched[i]);
        empty_out();
        return 0;
}
