/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <getopt.h>

#include "options.h"

#define PARSE(o, ...)                                                                    \
        ({                                                                               \
                static char *argv_[] = { (char *)"prog", ##__VA_ARGS__, NULL };          \
                static char *copy_[ELEMENTSOF(argv_)];                                   \
                memcpy(copy_, argv_, sizeof(argv_)); /* getopt puts them in its order */ \
                parse((int)ELEMENTSOF(argv_) - 1, copy_, (o));                           \
        })

static char out[4096]; /* what was said, on both streams */

static int parse(int argc, char **argv, struct options *ret)
{
        _cleanup_close_ int file = test_file("", 0);
        int saved_out = dup(STDOUT_FILENO), saved_err = dup(STDERR_FILENO), r;
        ssize_t n;

        fflush(NULL);
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        optind = 0;
        r = options_parse(argc, argv, ret);
        fflush(NULL);
        dup2(saved_out, STDOUT_FILENO);
        dup2(saved_err, STDERR_FILENO);
        close(saved_out);
        close(saved_err);
        n = pread(file, out, sizeof(out) - 1, 0);
        assert_true(n >= 0);
        out[n] = '\0';
        return r;
}

static void defaults(void **state)
{
        _cleanup_(options_done) struct options o;

        (void)state;
        assert_int_equal(PARSE(&o), 1);
        assert_null(o.directory);
        assert_string_equal(o.search.sysroot, "/");
        assert_null(o.search.kver);
        assert_false(o.force || o.locate || o.verbose || o.quiet);
        assert_int_equal(o.exclude.count, 0);
        assert_int_equal(o.search.image_count, 0);
        assert_string_equal(out, "");
}

static void short_options(void **state)
{
        _cleanup_(options_done) struct options o;

        (void)state;
        assert_int_equal(PARSE(&o, "-C", "/d", "-S/s", "-k", "6.1", "-f", "-x", "a*", "-v", "-xb", "one", "two"), 1);
        assert_string_equal(o.directory, "/d");
        assert_string_equal(o.search.sysroot, "/s");
        assert_string_equal(o.search.kver, "6.1");
        assert_true(o.force && o.verbose && !o.quiet && !o.locate);
        assert_int_equal(o.exclude.count, 2);
        assert_string_equal(o.exclude.globs[0], "a*");
        assert_string_equal(o.exclude.globs[1], "b");
        assert_int_equal(o.search.image_count, 2);
        assert_string_equal(o.search.images[0], "one");
        assert_string_equal(o.search.images[1], "two");
        assert_string_equal(out, "");
}

static void long_options(void **state)
{
        _cleanup_(options_done) struct options o;

        (void)state;
        assert_int_equal(PARSE(&o, "--directory=/d", "--sysroot", "/s", "--kver=6.1", "--force", "--exclude=a*",
                               "--locate", "--quiet", "--", "-image"),
                         1);
        assert_string_equal(o.directory, "/d");
        assert_string_equal(o.search.sysroot, "/s");
        assert_string_equal(o.search.kver, "6.1");
        assert_true(o.force && o.locate && o.quiet && !o.verbose);
        assert_string_equal(o.exclude.globs[0], "a*");
        assert_int_equal(o.search.image_count, 1);
        assert_string_equal(o.search.images[0], "-image");
}

static void window(void **state)
{
        static const char *const wrong[] = { "", "x", "0", "-1", "+1", " 1", "1M", "4097", "18446744073709551617" };
        struct options o;

        (void)state;
        assert_int_equal(PARSE(&o, "one"), 1);
        assert_int_equal(o.window, 128 << 20);
        options_done(&o);
        assert_int_equal(PARSE(&o, "--window=4096"), 1);
        assert_true(o.window == UINT64_C(4096) << 20);
        options_done(&o);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                char *argv[] = { (char *)"prog", (char *)"--window", (char *)wrong[i], NULL };

                assert_int_equal(parse(3, argv, &o), -EINVAL);
                assert_non_null(strstr(out, "1 to 4096 MiB"));
                options_done(&o);
        }
}

static void last_of_quiet_and_verbose(void **state)
{
        struct options o;

        (void)state;
        assert_int_equal(PARSE(&o, "-q", "-v"), 1);
        assert_true(o.verbose && !o.quiet);
        options_done(&o);
        assert_int_equal(PARSE(&o, "-v", "-q"), 1);
        assert_true(o.quiet && !o.verbose);
        options_done(&o);
}

static void answers(void **state)
{
        struct options o;

        (void)state;
        assert_int_equal(PARSE(&o, "-h"), 0);
        assert_non_null(strstr(out, "Usage: "));
        options_done(&o);
        assert_int_equal(PARSE(&o, "--version"), 0);
        assert_non_null(strstr(out, VERSION));
        options_done(&o);
}

/* Options that exclude each other, and some that take no image. */
static void one_thing(void **state)
{
        static const char *const wrong[][2] = { { "--stash", "image" },     { "--stash", "--locate" },
                                                { "--stash", "--check" },   { "--stash", "--compose" },
                                                { "--stash", "-Cdir" },     { "--compose", "image" },
                                                { "--compose", "--locate" } };
        _cleanup_(options_done) struct options o;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                char *argv[] = { (char *)"prog", (char *)wrong[i][0], (char *)wrong[i][1], NULL };

                assert_int_equal(parse(3, argv, &o), -EINVAL);
                assert_non_null(strstr(out, wrong[i][0]));
                options_done(&o);
        }
        assert_int_equal(PARSE(&o, "--stash"), 1);
        assert_true(o.stash && !o.compose);
}

static void wrong_usage(void **state)
{
        struct options o;

        (void)state;
        for (int i = 0; i < 6; i++) {
                static char *const wrong[] = { (char *)"-z",         (char *)"--nonsense", (char *)"-C",
                                               (char *)"--locate=x", (char *)"--sysroot=", (char *)"-C" };
                char *argv[] = { (char *)"prog", wrong[i], i == 5 ? (char *)"" : NULL, NULL };

                assert_int_equal(parse(i == 5 ? 3 : 2, argv, &o), -EINVAL);
                assert_non_null(strstr(out, "--help"));
                options_done(&o);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(defaults),
                cmocka_unit_test(short_options),
                cmocka_unit_test(long_options),
                cmocka_unit_test(window),
                cmocka_unit_test(last_of_quiet_and_verbose),
                cmocka_unit_test(answers),
                cmocka_unit_test(wrong_usage),
                cmocka_unit_test(one_thing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
