/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include "unpack/unpack.h"
#include "unpack/walk.h"

static struct bytes bytes;
static const struct unpack_options plainly;

static int make_root(void **state)
{
        (void)state;
        bytes.size = 0;
        return mount("test", place, "tmpfs", MS_NODEV, "mode=755,size=1m");
}

static int remove_root(void **state)
{
        (void)state;
        return umount2(place, MNT_DETACH);
}

/* A file that holds 1 @size times. */
static void add_file(const char *name, uint32_t mode, uint32_t ino, uint32_t nlink, uint32_t size)
{
        char header[NEWC_HEADER_SIZE + 1];

        snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ino, mode, 0, 0,
                 nlink, 5, size, 0, 0, 0, 0, (uint32_t)strlen(name) + 1, 0);
        add(&bytes, header, NEWC_HEADER_SIZE);
        add(&bytes, name, strlen(name) + 1);
        add_nuls(&bytes, align_up(bytes.size, NEWC_ALIGNMENT) - bytes.size);
        for (uint32_t i = 0; i < size; i++)
                add(&bytes, "1", 1);
        add_nuls(&bytes, align_up(bytes.size, NEWC_ALIGNMENT) - bytes.size);
}

static int unpack(const struct unpack_options *options, struct unpacked *ret)
{
        _cleanup_(image_done) struct image image = test_image(&bytes);
        _cleanup_close_ int root = open_place(".");

        return unpack_image(&image, root, options, ret);
}

static bool there(const char *name)
{
        return access(at_place(name), F_OK) == 0;
}

static void counts(void **state)
{
        struct unpacked result;

        (void)state;
        add_file("kernel", S_IFDIR | 0755, 1, 1, 0); /* an early part */
        add_file("kernel/microcode", S_IFREG | 0644, 2, 1, 10);
        add_entry(&bytes, NEWC_TRAILER, 0);
        add_nuls(&bytes, 512);
        add_file("dir", S_IFDIR | 0755, 1, 1, 0);
        add_file("dir/file", S_IFREG | 0644, 2, 1, 1234);
        add_file("dir/file/below", S_IFREG | 0644, 3, 1, 10); /* which the kernel passes over */
        add_entry(&bytes, NEWC_TRAILER, 0);
        assert_int_equal(unpack(&plainly, &result), 0);
        assert_int_equal(result.entries, 3);
        assert_int_equal(result.bytes, 1234);
        assert_int_equal(result.missing_bytes + result.missing_entries + result.nodes + result.failed, 0);
        assert_string_equal(result.formats, "newc");
        assert_true(there("dir/file"));
        assert_false(there("kernel"));
}

static void excludes(void **state)
{
        static char *patterns[] = { (char *)"*.ko" };
        struct unpack_options options = { .exclude = { .globs = patterns, .count = 1 } };
        struct unpacked result;

        (void)state;
        add_file("a.ko", S_IFREG | 0644, 2, 1, 10);
        add_file("linked.ko", S_IFREG | 0644, 3, 2, 0); /* might carry the data */
        add_file("b", S_IFREG | 0644, 3, 2, 10);
        add_entry(&bytes, NEWC_TRAILER, 0);
        assert_int_equal(unpack(&options, &result), 0);
        assert_int_equal(result.entries, 2);
        assert_false(there("a.ko"));
        assert_true(there("linked.ko") && there("b"));
}

/* The walk continues to the end, to report how much is missing. */
static void no_room(void **state)
{
        struct unpacked result;

        (void)state;
        assert_int_equal(mount(NULL, place, NULL, MS_REMOUNT, "size=16k,nr_inodes=3"), 0);
        add_file("a", S_IFREG | 0644, 2, 1, 20000);
        add_file("b", S_IFREG | 0644, 3, 1, 30000);
        add_file("c", S_IFREG | 0644, 4, 1, 10);
        add_entry(&bytes, NEWC_TRAILER, 0);
        assert_int_equal(unpack(&plainly, &result), -ENOSPC);
        assert_true(result.missing_bytes >= 30010 + 20000 - 16384 && result.missing_bytes <= 30010 + 20000);
        assert_int_equal(result.missing_entries, 2);
}

static void damage(void **state)
{
        struct unpacked result;
        const char *said;

        (void)state;
        said = HEAR(assert_int_equal(unpack(&plainly, &result), -EBADMSG));
        assert_non_null(strstr(said, "the image has no main part"));
        add_file("a", S_IFREG | 0644, 2, 1, 10);
        add_file("b", S_IFREG | 0644, 3, 1, 10);
        memset(bytes.at + bytes.size - 124 + 6, 'x', 8);
        said = HEAR(assert_int_equal(unpack(&plainly, &result), -EBADMSG));
        assert_non_null(strstr(said, ": offset 124: "));
        assert_non_null(strstr(said, "hexadecimal"));
        assert_true(there("a"));
        bytes.size -= 8;
        memset(bytes.at + bytes.size - 116 + 6, '0', 8);
        said = HEAR(assert_int_equal(unpack(&plainly, &result), -EBADMSG));
        assert_non_null(strstr(said, "ends inside a file"));
}

/* Among other files, as dracut-extractinitrd unpacks. */
static void politely(void **state)
{
        static const struct walk_options all = { .early = true };
        struct unpack_options options = { .only = &all, .polite = true };
        struct timespec newer[] = { { .tv_sec = 5 }, { .tv_sec = 5 } }, older[] = { { .tv_sec = 4 }, { .tv_sec = 4 } };
        struct unpacked result;
        struct stat st;
        const char *said;

        (void)state;
        make_file("newer", "mine", 0600);
        make_file("older", "mine", 0600);
        assert_int_equal(link(at_place("older"), at_place("link")), 0);
        assert_int_equal(utimensat(AT_FDCWD, at_place("newer"), newer, 0), 0);
        assert_int_equal(utimensat(AT_FDCWD, at_place("older"), older, 0), 0);
        make_file("file", "mine", 0600);
        add_file("newer", S_IFREG | 0644, 2, 1, 10);
        add_file("older", S_IFREG | 0644, 3, 1, 10);
        add_file("file/below", S_IFREG | 0644, 4, 1, 10);
        add_entry(&bytes, NEWC_TRAILER, 0);
        said = HEAR(assert_int_equal(unpack(&options, &result), 0));
        assert_non_null(strstr(said, "newer not created: newer or same age version exists"));
        assert_int_equal(result.failed, 1);
        assert_int_equal(stat(at_place("newer"), &st), 0);
        assert_int_equal(st.st_size, 4);
        assert_int_equal(stat(at_place("older"), &st), 0);
        assert_int_equal(st.st_size, 10);
        assert_int_equal(stat(at_place("link"), &st), 0); /* replaced, and not written to */
        assert_int_equal(st.st_size, 4);

        bytes.size = 0;
        add_file("a/../b", S_IFREG | 0644, 4, 1, 10);
        said = HEAR(assert_int_equal(unpack(&options, &result), -EBADMSG));
        assert_non_null(strstr(said, "leads out"));
        assert_false(there("b"));
}

#define ROOT_TEST(function) cmocka_unit_test_setup_teardown(function, make_root, remove_root)

int main(void)
{
        static const struct CMUnitTest tests[] = { ROOT_TEST(counts), ROOT_TEST(excludes), ROOT_TEST(no_room),
                                                   ROOT_TEST(damage), ROOT_TEST(politely) };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
