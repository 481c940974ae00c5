/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "locate/locate.h"
#include "util/log.h"
#include "locate/lookup.h"
#include "locate/search.h"

/* Each test has its own sysroot, which is the working directory. */
static char root[64];

static int make_root(void **state)
{
        (void)state;
        snprintf(root, sizeof(root), "%s/locate-test.XXXXXX", P_tmpdir);
        return mkdtemp(root) && chdir(root) == 0 ? 0 : -1;
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static int remove_root(void **state)
{
        (void)state;
        return chdir("/") == 0 ? nftw(root, unlink_one, 16, FTW_DEPTH | FTW_PHYS) : -1;
}

static void write_file(const char *path, const void *bytes, size_t size)
{
        char copy[128];
        int fd;

        for (const char *p = path; (p = strchr(p, '/')); p++) {
                snprintf(copy, sizeof(copy), "%.*s", (int)(p - path), path);
                mkdir(copy, 0700);
        }
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, size), size);
        close(fd);
}

static struct locate_options options_for(char **images, size_t count)
{
        return (struct locate_options){ .sysroot = root, .kver = "6.1", .images = images, .image_count = count };
}

/* The first candidate. */
static int find_first(const struct locate_options *options, struct image *image, const char **rule)
{
        _cleanup_(locate_done) struct locate *locate = NULL;
        struct candidate candidate = CANDIDATE_INIT;
        int r = locate_begin(options, &locate);

        if (r < 0)
                return r;
        r = locate_next(locate, &candidate);
        if (r > 0) {
                *image = candidate.image;
                *rule = candidate.rule;
        }
        return r;
}

static void test_nothing(void **state)
{
        struct locate_options options = options_for(NULL, 0);
        struct image image = IMAGE_INIT;
        const char *rule;

        (void)state;
        assert_int_equal(find_first(&options, &image, &rule), 0);
        assert_int_equal(image.count, 0);
        options.sysroot = "none";
        assert_int_equal(find_first(&options, &image, &rule), -ENOENT);
}

static void test_file_with_bootconfig(void **state)
{
        static const uint8_t config[] = "a=1\0\0\0\0\0"
                                        "\x08\0\0\0"
                                        "\xcf\0\0\0"
                                        "#BOOTCONFIG\n";
        struct locate_options options = options_for(NULL, 0);
        struct image image = IMAGE_INIT;
        struct bytes bytes = { .size = 0 };
        size_t before;
        const char *rule;

        (void)state;
        add_entry_sized(&bytes, "init", 5, 0);
        before = bytes.size;
        add(&bytes, config, sizeof(config) - 1);
        write_file("boot/initrd.img-6.1", bytes.at, bytes.size);
        assert_int_equal(find_first(&options, &image, &rule), 1);
        assert_string_equal(rule, "kernel version");
        assert_int_equal(image.count, 1);
        assert_int_equal(image.size, before);
        image_done(&image);
}

static void test_arguments(void **state)
{
        char *images[] = { (char *)"one", (char *)"two" }, *bad[] = { (char *)"one", (char *)"none" };
        struct locate_options options = options_for(images, 2);
        struct image image = IMAGE_INIT;
        const char *rule;

        (void)state;
        write_file("one", "12345", 5);
        write_file("two", "x", 1);
        assert_int_equal(find_first(&options, &image, &rule), 1);
        assert_int_equal(image.count, 2);
        assert_int_equal(image.size, 9);
        assert_string_equal(image.regions[1].name, "two");
        image_done(&image);

        options = options_for(bad, 2);
        assert_int_equal(find_first(&options, &image, &rule), -ENOENT);
        assert_int_equal(image.count, 0);
        bad[1] = (char *)"/dev/null";
        assert_int_equal(find_first(&options, &image, &rule), -EINVAL);
        bad[1] = root;
        assert_int_equal(find_first(&options, &image, &rule), -EISDIR);
}

static void test_lookup(void **state)
{
        int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), found;
        char *text;
        size_t size;

        (void)state;
        write_file("a/b", "text", 4);
        assert_int_equal(symlink("/a/b", "link"), 0);
        assert_int_equal(symlink("/dev/null", "out"), 0);
        assert_int_equal(symlink("../../../../a/../a/b", "a/up"), 0);
        assert_int_equal(mkfifo("fifo", 0600), 0);
        assert_int_equal(lookup_read(fd, "/link", 4, &text, &size), 0);
        assert_string_equal(text, "text");
        free(text);
        assert_int_equal(lookup_read(fd, "a/up", 4, &text, &size), 0);
        free(text);
        assert_int_equal(lookup_read(fd, "a/b", 3, &text, &size), -EFBIG);
        assert_int_equal(lookup_open(fd, "out"), -ENOENT);
        assert_int_equal(lookup_open(fd, "a"), -EISDIR);
        assert_int_equal(lookup_open(fd, "fifo"), -EINVAL);
        assert_int_equal(lookup_directory(fd, "a/b"), -ENOTDIR);
        found = lookup_directory(fd, "/a/../../a");
        assert_true(found >= 0);
        close(found);
        close(fd);
}

static void test_other_kernel(void **state)
{
        struct locate_options options = options_for(NULL, 0);
        struct search search;

        (void)state;
        assert_int_equal(search_begin(&search, options.sysroot, options.kver), 0);
        assert_true(search.other_kernel); /* whatever runs: nothing tells of it */
        search_done(&search);
        write_file("proc/sys/kernel/osrelease", "6.1\n", 4);
        assert_int_equal(search_begin(&search, options.sysroot, options.kver), 0);
        assert_false(search.other_kernel);
        search_done(&search);
        options.kver = "6.2";
        assert_int_equal(search_begin(&search, options.sysroot, options.kver), 0);
        assert_true(search.other_kernel);
        assert_string_equal(search.kver, "6.2");
        search_done(&search);
        options.kver = NULL;
        assert_int_equal(search_begin(&search, options.sysroot, options.kver), 0);
        assert_false(search.other_kernel);
        assert_string_equal(search.kver, "6.1");
        search_done(&search);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_nothing, make_root, remove_root),
                cmocka_unit_test_setup_teardown(test_file_with_bootconfig, make_root, remove_root),
                cmocka_unit_test_setup_teardown(test_arguments, make_root, remove_root),
                cmocka_unit_test_setup_teardown(test_lookup, make_root, remove_root),
                cmocka_unit_test_setup_teardown(test_other_kernel, make_root, remove_root),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
