/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <endian.h>
#include <fcntl.h>

static void empty(void **state)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        char byte;

        (void)state;
        assert_int_equal(image_read(&image, &byte, 1, 0), 0);
        assert_null(image_region(&image, 0));
        assert_int_equal(image_trim_bootconfig(&image), 0);
}

/* "abcde" + 3 NULs, "fg" + 2 NULs, nothing, "hij": the kernel's boot loaders pad each to four. */
static void regions_and_gaps(void **state)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        static const char all[] = "abcde\0\0\0fg\0\0hij";
        size_t size = sizeof(all) - 1;

        (void)state;
        assert_int_equal(image_add_file(&image, test_file("abcde", 5), "one"), 0);
        assert_int_equal(image_add(&image, test_file("xxfgxx", 6), "two", 2, 2), 0);
        assert_int_equal(image_add_file(&image, test_file("", 0), "none"), 0);
        assert_int_equal(image_add_file(&image, test_file("hij", 3), "three"), 0);
        assert_int_equal(image.size, size);

        for (size_t at = 0; at <= size + 1; at++)
                for (size_t n = 0; n <= size + 2; n++) {
                        char buffer[sizeof(all) + 2];
                        size_t expected = at >= size ? 0 : MIN(n, size - at);

                        assert_int_equal(image_read(&image, buffer, n, at), expected);
                        if (expected > 0)
                                assert_memory_equal(buffer, all + at, expected);
                }

        assert_string_equal(image_region(&image, 0)->name, "one");
        assert_string_equal(image_region(&image, 7)->name, "one");
        assert_string_equal(image_region(&image, 8)->name, "two");
        assert_string_equal(image_region(&image, 11)->name, "two");
        assert_string_equal(image_region(&image, 12)->name, "three");
        assert_string_equal(image_region(&image, 1000)->name, "three");
}

static void shrinking_file(void **state)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        int fd = test_file("0123456789", 10);
        char buffer[10];

        (void)state;
        assert_int_equal(image_add_file(&image, fd, "shrinking"), 0);
        assert_int_equal(ftruncate(fd, 4), 0);
        assert_int_equal(image_read(&image, buffer, 4, 0), 4);
        assert_int_equal(image_read(&image, buffer, 10, 0), -EIO);
}

static void no_regular_file(void **state)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        int fds[2];

        (void)state;
        assert_int_equal(image_add_file(&image, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "/"), -EISDIR);
        assert_int_equal(pipe(fds), 0);
        assert_int_equal(image_add_file(&image, fds[0], "pipe"), -EINVAL);
        close(fds[1]);
        assert_int_equal(image.count, 0);
        assert_int_equal(image.size, 0);
}

/* An image that ends with a bootconfig: "cpio", @text, @text_size and @sum of it, the magic and @padding. */
static struct image bootconfig(const char *text, uint32_t text_size, uint32_t sum, size_t padding)
{
        static struct bytes b;
        uint32_t numbers[] = { htole32(text_size), htole32(sum) };

        b.size = 0;
        add(&b, "cpio", 4);
        add(&b, text, strlen(text));
        add(&b, numbers, sizeof(numbers));
        add(&b, "#BOOTCONFIG\n", 12);
        add_nuls(&b, padding);
        return test_image(&b);
}

static void trim(const char *text, uint32_t text_size, uint32_t sum_error, size_t padding, int expected)
{
        uint32_t sum = sum_error;

        for (const char *c = text; *c; c++)
                sum += (uint8_t)*c;

        _cleanup_(image_done) struct image image = bootconfig(text, text_size, sum, padding);
        uint64_t whole = image.size;

        assert_int_equal(image_trim_bootconfig(&image), expected);
        assert_int_equal(image.size, expected ? 4 : whole);
        if (expected)
                assert_int_equal(image_trim_bootconfig(&image), 0);
}

static void bootconfigs(void **state)
{
        (void)state;
        trim("a = b\n", 6, 0, 0, 1);
        trim("a = b\n", 6, 0, 1, 1);
        trim("a = b\n", 6, 0, 3, 1);
        trim("", 0, 0, 0, 1);
        trim("\xff\xfe high bytes count as unsigned", 31, 0, 0, 1);
        /* As in the kernel, a malformed one is left in the image. */
        trim("a = b\n", 6, 0, 4, 0);
        trim("a = b\n", 6, 1, 0, 0);
        trim("a = b\n", 5, 0, 0, 0);
        trim("a = b\n", 11, 0, 0, 0);
        trim("a = b\n", 0xffffffff, 0, 0, 0);
        trim("a = b\n", 0x8001, 0, 0, 0);
}

/* A bootconfig whose magic lies across two regions. */
static void bootconfig_over_regions(void **state)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;

        (void)state;
        assert_int_equal(image_add_file(&image, test_file("cpioA\0\0\0\1\0\0\0", 12), "one"), 0);
        assert_int_equal(image_add_file(&image, test_file("A\0\0\0#BOOTCON", 12), "two"), 0);
        assert_int_equal(image_add_file(&image, test_file("FIG\n", 4), "three"), 0);
        /* size 1, checksum 'A' = 0x41: the byte before them is the last NUL of the text's padding, so it is wrong */
        assert_int_equal(image_trim_bootconfig(&image), 0);
        image_done(&image);
        assert_int_equal(image_add_file(&image, test_file("cpioxxxA\1\0\0\0", 12), "one"), 0);
        assert_int_equal(image_add_file(&image, test_file("A\0\0\0#BOOTCON", 12), "two"), 0);
        assert_int_equal(image_add_file(&image, test_file("FIG\n", 4), "three"), 0);
        assert_int_equal(image_trim_bootconfig(&image), 1);
        assert_int_equal(image.size, 7);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(empty),          cmocka_unit_test(regions_and_gaps),
                cmocka_unit_test(shrinking_file), cmocka_unit_test(no_regular_file),
                cmocka_unit_test(bootconfigs),    cmocka_unit_test(bootconfig_over_regions),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
