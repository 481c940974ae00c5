/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include "locate/lookup.h"
#include "locate/search.h"

static int make_root(void **state)
{
        (void)state;
        return mount("test", place, "tmpfs", MS_NODEV, "mode=755");
}

static int remove_root(void **state)
{
        (void)state;
        return umount2(place, MNT_DETACH);
}

/* Make a file and its directories. */
static void write_file(const char *name, const void *content, size_t size)
{
        _cleanup_close_ int fd = -1;
        char path[128];

        for (const char *p = name; (p = strchr(p, '/')); p++) {
                snprintf(path, sizeof(path), "%.*s", (int)(p - name), name);
                mkdir(at_place(path), 0755);
        }
        fd = open(at_place(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, content, size), size);
}

static void write_text(const char *name, const char *text)
{
        write_file(name, text, strlen(text));
}

/* The sysroot says which kernel runs. */
static void kernel(void **state)
{
        _cleanup_(search_done) struct search running = { .root = -1 }, same = { .root = -1 }, other = { .root = -1 };

        (void)state;
        write_text("proc/sys/kernel/osrelease", "6.1\n");
        assert_int_equal(search_begin(&running, place, NULL), 0);
        assert_string_equal(running.kver, "6.1");
        assert_false(running.other_kernel);
        assert_int_equal(search_begin(&same, place, "6.1"), 0);
        assert_false(same.other_kernel);
        assert_int_equal(search_begin(&other, place, "6.2"), 0);
        assert_string_equal(other.kver, "6.2");
        assert_true(other.other_kernel);
}

static void no_kernel(void **state)
{
        _cleanup_(search_done) struct search search = { .root = -1 }, none = { .root = -1 };
        const char *said;

        (void)state;
        assert_int_equal(search_begin(&search, place, "6.2"), 0);
        assert_true(search.other_kernel); /* what runs cannot be told */
        said = HEAR(assert_int_equal(search_begin(&none, at_place("none"), NULL), -ENOENT));
        assert_non_null(strstr(said, "/none: No such file or directory"));
}

/* Facts are looked up once, and only for the running kernel. */
static void facts(void **state)
{
        _cleanup_(search_done) struct search search = { .root = -1 }, other = { .root = -1 };
        struct span line;

        (void)state;
        write_text("proc/sys/kernel/osrelease", "6.1\n");
        write_text("proc/cmdline", "root=/dev/vda2 ro\n");
        write_text("proc/stat", "cpu 1 2\nbtime 12345\nprocesses 3\n");
        write_text("run/initramfs/.image-id", "id\n");
        assert_int_equal(search_begin(&search, place, NULL), 0);
        assert_int_equal(search_boot_time(&search), 12345);
        assert_string_equal(search_identifier(&search), "id");
        line = search_cmdline(&search);
        assert_memory_equal(line.at, "root=/dev/vda2 ro", 17);
        write_text("proc/stat", "btime 1\n");
        write_text("run/initramfs/.image-id", "new\n");
        write_text("proc/cmdline", "quiet\n");
        assert_int_equal(search_boot_time(&search), 12345);
        assert_string_equal(search_identifier(&search), "id");
        assert_ptr_equal(search_cmdline(&search).at, line.at);

        assert_int_equal(search_begin(&other, place, "6.2"), 0);
        assert_int_equal(search_boot_time(&other), 0);
        assert_null(search_identifier(&other));
}

static void nothing_known(void **state)
{
        _cleanup_(search_done) struct search search = { .root = -1 };

        (void)state;
        assert_int_equal(search_begin(&search, place, NULL), 0);
        assert_int_equal(search_boot_time(&search), 0);
        assert_null(search_identifier(&search));
        assert_int_equal(search_cmdline(&search).size, 0);
        for (enum variable v = 0; v < VARIABLE_COUNT; v++)
                assert_null(search_variable(&search, v));
        assert_null(search_firmware(&search));
        assert_null(search_partition(&search, "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"));
}

static void variables(void **state)
{
        static const char value[] = "\6\0\0\0a\0.\0c\0o\0n\0f\0\0";
        _cleanup_(search_done) struct search search = { .root = -1 };
        const char *name;

        (void)state;
        write_file("sys/firmware/efi/efivars/LoaderEntrySelected-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", value,
                   sizeof(value));
        assert_int_equal(search_begin(&search, place, NULL), 0);
        name = search_variable(&search, LOADER_ENTRY);
        assert_string_equal(name, "a.conf");
        assert_ptr_equal(search_variable(&search, LOADER_ENTRY), name);
        assert_null(search_variable(&search, STUB_IMAGE));
}

/* Names in messages are relative to the sysroot, and links do not lead out of it. */
static void opens(void **state)
{
        _cleanup_(search_done) struct search search = { .root = -1 };
        _cleanup_free_ char *name = NULL, *missing = NULL, *text = NULL;
        _cleanup_close_ int fd = -1;
        struct span span;
        char expected[64];

        (void)state;
        write_text("boot/image", "image");
        assert_int_equal(symlink("/boot/image", at_place("link")), 0);
        assert_int_equal(search_begin(&search, place, NULL), 0);
        search_volumes(&search);
        fd = search_open(&search, "/boot/image", lookup_open, &name);
        assert_true(fd >= 0);
        snprintf(expected, sizeof(expected), "%s/boot/image", place);
        assert_string_equal(name, expected);
        assert_int_equal(search_open(&search, "/boot/none", lookup_open, &missing), -ENOENT);
        assert_non_null(missing);
        assert_int_equal(search_read(&search, "/link", &text, &span), 0);
        assert_memory_equal(span.at, "image", 5);
}

#define ROOT_TEST(function) cmocka_unit_test_setup_teardown(function, make_root, remove_root)

int main(void)
{
        static const struct CMUnitTest tests[] = { ROOT_TEST(kernel),        ROOT_TEST(no_kernel), ROOT_TEST(facts),
                                                   ROOT_TEST(nothing_known), ROOT_TEST(variables), ROOT_TEST(opens) };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
