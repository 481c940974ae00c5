/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#define GOOD                                               \
        "070701"                                           \
        "0000000a000081a4000003e8000003e90000000265000001" \
        "00001000000000fe0000000100000005000000060000000900000000"

static const char *parse_with(size_t at, char c, struct newc *ret)
{
        char header[] = GOOD;

        header[at] = c;
        return newc_parse((const uint8_t *)header, ret);
}

static void fields(void **state)
{
        struct newc h;

        (void)state;
        assert_int_equal(strlen(GOOD), NEWC_HEADER_SIZE);
        assert_null(newc_parse((const uint8_t *)GOOD, &h));
        assert_int_equal(h.ino, 10);
        assert_int_equal(h.mode, 0100644);
        assert_int_equal(h.uid, 1000);
        assert_int_equal(h.gid, 1001);
        assert_int_equal(h.nlink, 2);
        assert_int_equal(h.mtime, 0x65000001);
        assert_int_equal(h.filesize, 4096);
        assert_int_equal(h.dev_major, 254);
        assert_int_equal(h.dev_minor, 1);
        assert_int_equal(h.rdev_major, 5);
        assert_int_equal(h.rdev_minor, 6);
        assert_int_equal(h.namesize, 9);
        assert_int_equal(h.check, 0);
        assert_false(h.checksummed);
}

static void magics(void **state)
{
        struct newc h;

        (void)state;
        assert_null(parse_with(5, '2', &h));
        assert_true(h.checksummed);
        assert_non_null(strstr(parse_with(5, '7', &h), "070707"));
        assert_non_null(parse_with(5, '3', &h));
        assert_non_null(parse_with(0, '1', &h));
}

static void digits(void **state)
{
        struct newc h;

        (void)state;
        for (size_t at = 6; at < NEWC_HEADER_SIZE; at++) {
                static const char bad[] = { ' ', '-', '+', 'x', 'X',  'g',  'G',
                                            '/', ':', '@', '`', '\0', '\n', (char)0xff };

                for (size_t i = 0; i < sizeof(bad); i++)
                        assert_non_null(parse_with(at, bad[i], &h));
                for (const char *good = "0123456789abcdefABCDEF"; *good; good++)
                        assert_null(parse_with(at, *good, &h));
        }
        assert_null(parse_with(6, 'F', &h));
        assert_int_equal(h.ino, 0xf000000a);
        assert_null(parse_with(6, 'f', &h));
        assert_int_equal(h.ino, 0xf000000a);
}

static void rooms(void **state)
{
        static const struct {
                uint32_t size;
                uint64_t name_room, data_room;
        } cases[] = {
                { 0, 2, 0 },
                { 1, 2, 4 },
                { 2, 2, 4 },
                { 3, 6, 4 },
                { 4, 6, 4 },
                { 5, 6, 8 },
                { 0xfffffffd, 0xfffffffe, 0x100000000 },
                { 0xffffffff, 0x100000002, 0x100000000 },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct newc h = { .namesize = cases[i].size, .filesize = cases[i].size };

                assert_int_equal(newc_name_room(&h), cases[i].name_room);
                assert_int_equal(newc_data_room(&h), cases[i].data_room);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(fields),
                cmocka_unit_test(magics),
                cmocka_unit_test(digits),
                cmocka_unit_test(rooms),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
