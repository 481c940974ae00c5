/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "../../restore/run.h"

static char said[128];

#define RUN(...) RUN_IN(-1, false, 0, __VA_ARGS__)
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
        memset(whole, 'x', sizeof(whole));
        whole[sizeof(whole) - 1] = '\0';
        assert_int_equal(RUN("sh", "-c", "yes x | head -c 200000 | tr -d '\\n' >&2"), 0);
        assert_string_equal(said, whole);
}

static void surroundings(void **state)
{
        _cleanup_close_ int dir = open_place("."), kept = dup(dir);

        (void)state;
        assert_int_equal(setenv("NOTIFY_SOCKET", "/x", 1), 0);
        assert_int_equal(RUN("sh", "-c", "echo $NOTIFY_SOCKET $LC_ALL >&2"), 0);
        assert_string_equal(said, "C");
        unsetenv("NOTIFY_SOCKET");
        make_dir("work");
        assert_int_equal(RUN_IN(dir, false, 0, "sh", "-c", "cd work && rmdir ../work"), 0);
        assert_int_equal(RUN("sh", "-c", "ls /proc/self/fd | tr '\\n' ' ' >&2"), 0);
        assert_string_equal(said, "0 1 2 3 "); /* 3 is ls reading */
        assert_true(kept > 2);
        assert_int_equal(RUN("cat"), 0);
}

static void time_limit(void **state)
{
        struct timespec a, b;

        (void)state;
        clock_gettime(CLOCK_MONOTONIC, &a);
        assert_int_equal(RUN_IN(-1, false, 100, "sh", "-c", "echo tired >&2; sleep 60 & sleep 60"), -ETIMEDOUT);
        assert_string_equal(said, "tired");
        assert_int_equal(RUN_IN(-1, false, 100, "sh", "-c", "exec 2>&-; sleep 60"), -ETIMEDOUT);
        /* What it leaves behind does not hold us up. */
        assert_int_equal(RUN_IN(-1, false, 30000, "sh", "-c", "sleep 60 & exit 4"), 4);
        clock_gettime(CLOCK_MONOTONIC, &b);
        assert_true(b.tv_sec - a.tv_sec < 20);
}

/* At shutdown everybody gets one. */
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
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(statuses),   cmocka_unit_test(last_line), cmocka_unit_test(surroundings),
                cmocka_unit_test(time_limit), cmocka_unit_test(sigterm),   cmocka_unit_test(in_root),
        };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
