/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include "util/exclude.h"

static void matches(void **state)
{
        static char *globs[] = { (char *)"usr/lib/modules", (char *)"/etc/*.conf", (char *)"a?c" };
        static const struct exclude exclude = { globs, ELEMENTSOF(globs) };
        static const char *const in[] = { "usr/lib/modules",
                                          "usr/lib/modules/6.1/kernel",
                                          "/usr/lib/modules",
                                          "./usr/lib/modules",
                                          "././/usr/lib/modules",
                                          "etc/x.conf",
                                          "etc/x.conf/below",
                                          "abc",
                                          "abc/d" };
        static const char *const out[] = {
                "usr/lib", "usr/lib/modules-load.d", "usr/lib/module", "lib/modules", "etc", "etc/conf", "xabc", "ac",
                "",        "usr/lib/modulesx/a"
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(in); i++)
                assert_true(exclude_matches(&exclude, in[i]));
        for (size_t i = 0; i < ELEMENTSOF(out); i++)
                assert_false(exclude_matches(&exclude, out[i]));
        assert_false(exclude_matches(&(struct exclude){ NULL, 0 }, "usr/lib/modules"));
}

static bool there(const char *name)
{
        struct stat st;

        return lstat(at_place(name), &st) == 0;
}

static void removes(void **state)
{
        static char *globs[] = { (char *)"tree/a/*.ko", (char *)"b" };
        static const struct exclude exclude = { globs, ELEMENTSOF(globs) };
        _cleanup_close_ int top = open_place(".");
        struct stat before, after;

        (void)state;
        make_dir("tree");
        make_dir("tree/a");
        make_dir("tree/a/x.ko");
        make_file("tree/a/x.ko/below", "", 0600);
        make_file("tree/a/y.ko", "", 0600);
        make_file("tree/a/kept", "", 0600);
        make_dir("elsewhere");
        make_file("elsewhere/z.ko", "", 0600);
        assert_int_equal(symlink("../elsewhere", at_place("tree/a/link.ko")), 0);
        assert_int_equal(symlink("elsewhere", at_place("b")), 0);
        assert_int_equal(utimensat(top, "tree/a", (struct timespec[]){ { 1, 0 }, { 2, 0 } }, 0), 0);
        assert_int_equal(stat(at_place("tree/a"), &before), 0);

        assert_int_equal(exclude_remove(&exclude, top), 0);
        assert_false(there("tree/a/x.ko"));
        assert_false(there("tree/a/y.ko"));
        assert_false(there("tree/a/link.ko"));
        assert_false(there("b"));
        assert_true(there("tree/a/kept"));
        assert_true(there("elsewhere/z.ko")); /* a link is removed, and what it leads to stays */
        assert_int_equal(stat(at_place("tree/a"), &after), 0);
        assert_int_equal(after.st_mtime, before.st_mtime);
}

int main(void)
{
        static const struct CMUnitTest tests[] = { cmocka_unit_test(matches), cmocka_unit_test(removes) };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
