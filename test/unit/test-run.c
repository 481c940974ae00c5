/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "util/run.h"

static char said[128];
static int work = -1; /* where they run */

#define RUN(...) RUN_IN(work, false, 0, __VA_ARGS__)
#define RUN_IN(dir, root, limit, ...)                                                                              \
        run_program(&(struct run){ (const char *const[]){ __VA_ARGS__, NULL }, .dir_fd = (dir), .in_root = (root), \
                                   .timeout = (limit) },                                                           \
                    said, sizeof(said))

static void statuses(void **state)
{
        (void)state;
        assert_int_equal(RUN("true"), 0);
        assert_int_equal(RUN("/bin/sh", "-c", "exit 7"), 7);
        assert_int_equal(RUN("sh", "-c", "kill -9 $$"), 128 + SIGKILL);
        assert_int_equal(RUN("/no/such/program"), -ENOENT);
        assert_int_equal(RUN("no-such-program"), -ENOENT);
        assert_int_equal(RUN("/etc/passwd"), -EACCES);
        assert_string_equal(said, "");
}

static void last_line(void **state)
{
        char whole[sizeof(said)];

        (void)state;
        assert_int_equal(RUN("sh", "-c", "echo out; echo first >&2; printf '\\rlast\\n\\n' >&2; echo out"), 0);
        assert_string_equal(said, "last");
        assert_int_equal(RUN("sh", "-c", "printf 'one\\ntwo' >&2"), 0);
        assert_string_equal(said, "two");
        assert_int_equal(RUN("sh", "-c", "printf 'one\\ttwo' >&2"), 0);
        assert_string_equal(said, "one two");
        memset(whole, 'x', sizeof(whole));
        whole[sizeof(whole) - 1] = '\0';
        assert_int_equal(RUN("sh", "-c", "yes x | head -c 200000 | tr -d '\\n' >&2"), 0);
        assert_string_equal(said, whole);
}

static void all_that_is_said(void **state)
{
        (void)state;
        assert_int_equal(run_program(&(struct run){ (const char *const[]){ "sh", "-c", "echo $A; echo two >&2", NULL },
                                                    .environment = (const char *const[]){ "A=one", NULL },
                                                    .whole = true, .dir_fd = work },
                                     said, sizeof(said)),
                         0);
        assert_non_null(strstr(said, "one\ntwo\n")); /* a shell without a working directory complains first */
}

static void surroundings(void **state)
{
        _cleanup_close_ int dir = open_place("."), kept = dup(dir);

        (void)state;
        assert_int_equal(setenv("NOTIFY_SOCKET", "/x", 1), 0);
        assert_int_equal(RUN("sh", "-c", "echo $NOTIFY_SOCKET $LC_ALL >&2"), 0);
        assert_string_equal(said, "C");
        unsetenv("NOTIFY_SOCKET");
        make_dir("sub");
        assert_int_equal(RUN_IN(dir, false, 0, "sh", "-c", "cd sub && rmdir ../sub"), 0);
        assert_true(kept > 2 && kept < 1024);
        assert_int_equal(RUN("/usr/bin/python3", "-IS", "-c",
                             "import os, sys\n"
                             "for i in range(1024):\n"
                             "    try: os.fstat(i); sys.stderr.write('%d ' % i)\n"
                             "    except OSError: pass"),
                         0);
        assert_string_equal(said, "0 1 2 ");
        assert_int_equal(RUN("cat"), 0);
}

static void time_limit(void **state)
{
        struct timespec a, b;

        (void)state;
        clock_gettime(CLOCK_MONOTONIC, &a);
        assert_int_equal(RUN_IN(work, false, 100, "sh", "-c", "echo tired >&2; (sleep 60); :"), -ETIMEDOUT);
        assert_string_equal(said, "tired");
        assert_int_equal(RUN_IN(work, false, 100, "sh", "-c", "exec 2>&-; sleep 60"), -ETIMEDOUT);
        /* A process that it leaves running does not delay us. */
        assert_int_equal(RUN_IN(work, false, 30000, "sh", "-c", "setsid --fork sleep 30; exit 4"), 4);
        clock_gettime(CLOCK_MONOTONIC, &b);
        assert_true(b.tv_sec - a.tv_sec < 20);
}

/* The second waits for output of the first, so they run at the same time. */
static void two_at_once(void **state)
{
#define START(ret, script)                                                                          \
        run_start(&(struct run){ (const char *const[]){ "sh", "-c", script, NULL }, .dir_fd = work, \
                                 .timeout = 30000 },                                                \
                  ret)
        struct running first, second, third;

        (void)state;
        assert_int_equal(mkfifo(at_place("pipe"), 0600), 0);
        assert_int_equal(START(&first, "echo first >&2; cat pipe >&2; exit 1"), 0);
        assert_int_equal(START(&second, "echo through >pipe; echo second >&2; exit 2"), 0);
        assert_int_equal(START(&third, "sleep 60"), 0);
        assert_int_equal(run_wait(&second, said, sizeof(said)), 2);
        assert_string_equal(said, "second");
        assert_int_equal(run_wait(&first, said, sizeof(said)), 1);
        assert_string_equal(said, "through");
        assert_int_equal(kill(third.pid, 0), 0);
        run_done(&third);
        run_done(&second);
        run_done(&first);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left */
}

/* At shutdown every process gets a SIGTERM. */
static void sigterm(void **state)
{
        (void)state;
        assert_int_equal(RUN("sh", "-c", "kill $$; exit 3"), 3);
}

static void in_root(void **state)
{
        _cleanup_close_ int dir = -1;
        char line[512];

        (void)state;
        make_dir("tree");
        snprintf(line, sizeof(line),
                 "cd '%s/tree' && mkdir -p bin && cp /bin/dash bin/sh && cp /usr/sbin/chroot bin &&"
                 "cp --parents $(ldd /bin/dash /usr/sbin/chroot | grep -o '/[^ :]* ' | sort -u) .",
                 place);
        assert_int_equal(system(line), 0);
        dir = open_place("tree");
#define IN_ROOT(script) RUN_IN(dir, true, 0, "/bin/sh", "-c", script)
        assert_int_equal(IN_ROOT("cd /; echo * >&2; exit 5"), 5);
        assert_null(strstr(said, "etc"));
        assert_int_equal(IN_ROOT("chroot / /bin/sh -c :"), 125);
        assert_non_null(strstr(said, "Operation not permitted"));
        assert_int_equal(IN_ROOT(">/file"), 2);
        assert_non_null(strstr(said, "Read-only file system"));
        make_file("tree/empty", "", 0755);
        assert_int_equal(RUN_IN(dir, true, 0, "/empty"), -ENOEXEC); /* and no shell reads it */
}

/* It can write to its directory only, by whatever path, and nothing there can be executed or opened as a device. */
static void in_directory(void **state)
{
        struct stat before, after;

        (void)state;
        assert_int_equal(stat("/", &before), 0);
        assert_int_equal(RUN("sh", "-c", "echo 1 >inside && chown 1:2 inside && chmod 6755 inside && mkfifo fifo"), 0);
        assert_int_equal(RUN("sh", "-c", ">../../outside"), 0);
        assert_int_equal(access(at_place("outside"), F_OK), 0); /* as .. ends here */
        assert_int_equal(RUN("sh", "-c", ">/outside"), 2);
        assert_non_null(strstr(said, "Read-only file system"));
        assert_int_equal(RUN("sh", "-c", "chmod 700 /"), 1);
        assert_int_equal(RUN("sh", "-c", "ls -d /proc/1"), 2);
        assert_int_equal(RUN("sh", "-c", "mknod null c 1 3 && : >null"), 2);
        assert_int_equal(RUN("sh", "-c", "cp /bin/true . && ./true"), 126);
        assert_int_equal(stat("/", &after), 0);
        assert_memory_equal(&before.st_ctim, &after.st_ctim, sizeof(before.st_ctim));
        assert_int_equal(setenv("PATH", "", 1), 0); /* an image's program is no tool of the system */
        assert_int_equal(RUN("true"), -EACCES);
        assert_int_equal(setenv("PATH", "/usr/bin:/bin", 1), 0);
}

static int setup(void **state)
{
        int r = place_setup(state);

        work = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return r < 0 || work < 0 ? -1 : 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(statuses),     cmocka_unit_test(last_line),    cmocka_unit_test(all_that_is_said),
                cmocka_unit_test(surroundings), cmocka_unit_test(time_limit),   cmocka_unit_test(sigterm),
                cmocka_unit_test(in_root),      cmocka_unit_test(in_directory), cmocka_unit_test(two_at_once),
        };

        return cmocka_run_group_tests(tests, setup, place_teardown);
}
