/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include "skipcpio/magic.h"

static const struct {
        const char *name;
        enum format format;
        size_t size; /* bytes that are needed to know it */
        const char *bytes;
} samples[] = {
        { "newc", FORMAT_NEWC, 6, "070701000" },
        { "newc", FORMAT_NEWC, 6, "070702000" },
        { "gzip", FORMAT_GZIP, 3, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02" },
        { "bzip2", FORMAT_BZIP2, 3, "BZh91AY&S" },
        { "lzma", FORMAT_LZMA, 2, "\x5d\x00\x00\x80\x00\xff\xff\xff\xff" },
        { "xz", FORMAT_XZ, 6, "\xfd\x37zXZ\x00\x00\x01\x69" },
        { "lzop", FORMAT_LZOP, 9, "\x89LZO\x00\x0d\x0a\x1a\x0a" },
        { "lz4-legacy", FORMAT_LZ4_LEGACY, 4, "\x02\x21\x4c\x18\x00\x00\x00\x00\x00" },
        { "lz4", FORMAT_LZ4, 4, "\x04\x22\x4d\x18\x64\x40\xa7\x00\x00" },
        { "zstd", FORMAT_ZSTD, 4, "\x28\xb5\x2f\xfd\x04\x58\x00\x00\x00" },
};

static void known(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(samples); i++) {
                assert_int_equal(magic_find((const uint8_t *)samples[i].bytes, MAGIC_MAX), samples[i].format);
                assert_string_equal(format_name(samples[i].format), samples[i].name);
        }
}

static void too_short(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(samples); i++)
                for (size_t size = 0; size <= MAGIC_MAX; size++) {
                        int expected = size >= samples[i].size ? (int)samples[i].format : -1;

                        assert_int_equal(magic_find((const uint8_t *)samples[i].bytes, size), expected);
                }
}

static void one_bit_off(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(samples); i++)
                for (size_t bit = 0; bit < 8 * samples[i].size; bit++) {
                        uint8_t bytes[MAGIC_MAX];

                        memcpy(bytes, samples[i].bytes, MAGIC_MAX);
                        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
                        if (samples[i].format == FORMAT_NEWC && memcmp(bytes, "07070", 5) == 0 &&
                            (bytes[5] == '1' || bytes[5] == '2'))
                                continue;
                        assert_int_equal(magic_find(bytes, MAGIC_MAX), -1);
                }
}

static void unknown(void **state)
{
        static const char *const foreign[] = { "070707000", "PK\x03\x04\x14\x00\x00\x00\x08",
                                               "MZ\x90\x00\x03\x00\x00\x00\x04", "hsqs\x00\x00\x00\x00\x00",
                                               "\x7f\x45LF\x02\x01\x01\x00\x00" };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(foreign); i++)
                assert_int_equal(magic_find((const uint8_t *)foreign[i], MAGIC_MAX), -1);
        assert_int_equal(magic_find((const uint8_t *)"\0\0\0\0\0\0\0\0", MAGIC_MAX), -1);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(known),
                cmocka_unit_test(too_short),
                cmocka_unit_test(one_bit_off),
                cmocka_unit_test(unknown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
