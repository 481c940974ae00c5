/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "util/remove.h"

static char scratch[64];
static int dir;

static int make_scratch(void **state)
{
        (void)state;
        strcpy(scratch, "/dev/shm/test-remove.XXXXXX");
        assert_non_null(mkdtemp(scratch));
        dir = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return dir < 0;
}

static int remove_scratch(void **state)
{
        (void)state;
        close(dir);
        return rmdir(scratch); /* which tells whether all is gone */
}

static void touch(int at, const char *name)
{
        int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        close(fd);
}

static bool there(const char *name)
{
        struct stat st;

        return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void any(void **state)
{
        (void)state;
        touch(dir, "file");
        assert_int_equal(mkdirat(dir, "empty", 0), 0);
        assert_int_equal(mkdirat(dir, "kept", 0700), 0);
        touch(dir, "kept/file");
        assert_int_equal(symlinkat("kept", dir, "link"), 0);
        assert_int_equal(symlinkat("nowhere", dir, "dangling"), 0);
        assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
        for (size_t i = 0; i < 6; i++) {
                static const char *const names[] = { "file", "empty", "link", "dangling", "fifo", "nothing" };

                assert_int_equal(remove_any(dir, names[i]), 0);
                assert_false(there(names[i]));
        }
        assert_true(there("kept/file"));
        assert_int_equal(remove_any(dir, "kept"), 0);
        assert_false(there("kept"));
}

/* The same names on every level, and a symlink to a file that must stay. */
static void contents(void **state)
{
        (void)state;
        assert_int_equal(mkdirat(dir, "stays", 0700), 0);
        touch(dir, "stays/file");
        assert_int_equal(mkdirat(dir, "tree", 0700), 0);

        _cleanup_close_ int tree = openat(dir, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (int i = 0; i < 50; i++) {
                char name[32];

                snprintf(name, sizeof(name), "%d", i);
                assert_int_equal(mkdirat(tree, name, 0700), 0);

                _cleanup_close_ int sub = openat(tree, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                for (int j = 0; j < 10; j++) {
                        snprintf(name, sizeof(name), "%d", j);
                        assert_int_equal(mkdirat(sub, name, 0700), 0);
                        snprintf(name, sizeof(name), "%d/%d", j, i);
                        touch(sub, name);
                }
        }
        assert_int_equal(symlinkat("../stays", tree, "link"), 0);
        assert_int_equal(remove_contents(tree), 0);
        assert_int_equal(remove_any(dir, "tree"), 0);
        assert_true(there("stays/file"));
        assert_int_equal(remove_any(dir, "stays"), 0);
}

/* Deeper than the limit on descriptors, and longer than any path. */
static void deep(void **state)
{
        struct rlimit few = { 32, 32 }, before;
        int at = dup(dir);

        (void)state;
        for (int i = 0; i < 30000; i++) {
                int next;

                assert_int_equal(mkdirat(at, "deeper", 0700), 0);
                if (i % 1000 == 0)
                        touch(at, "file");
                next = openat(at, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(next >= 0);
                close(at);
                at = next;
        }
        close(at);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few.rlim_max = before.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        assert_int_equal(remove_contents(dir), 0);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_false(there("deeper") || there("file"));
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(any, make_scratch, remove_scratch),
                cmocka_unit_test_setup_teardown(contents, make_scratch, remove_scratch),
                cmocka_unit_test_setup_teardown(deep, make_scratch, remove_scratch),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
