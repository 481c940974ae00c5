/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <stdlib.h>

#include "locate/bootoption.h"
#include "locate/uboot.h"

static const uint8_t hard_drive[] = {
        4, 1, 42, 0,    1,    0,    0,    0,    0,    8,    0,    0,    0,    0,    0,    0,    0,    0,    2,    0, 0,
        0, 0, 0,  0xaa, 0xbb, 0xcc, 0xdd, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 2, 2,
};
static const uint8_t file_path[] = { 4, 4, 14, 0, '\\', 0, 'a', 0, '\\', 0, 'b', 0, 0, 0 };
static const uint8_t second_path[] = { 4, 4, 8, 0, 'c', 0, 0, 0 };
static const uint8_t end[] = { 0x7f, 0xff, 4, 0 };

/* A boot entry called "x" with these nodes and options. */
static void add_option(struct bytes *b, bool drive, size_t paths, const char *options)
{
        size_t nodes = (drive ? sizeof(hard_drive) : 0) + (paths > 0 ? sizeof(file_path) : 0) +
                       (paths > 1 ? sizeof(second_path) : 0) + sizeof(end);
        uint8_t head[] = { 1, 0, 0, 0, (uint8_t)nodes, 0, 'x', 0, 0, 0 };

        b->size = 0;
        add(b, head, sizeof(head));
        if (drive)
                add(b, hard_drive, sizeof(hard_drive));
        if (paths > 0)
                add(b, file_path, sizeof(file_path));
        if (paths > 1)
                add(b, second_path, sizeof(second_path));
        add(b, end, sizeof(end));
        for (const char *p = options; *p; p++)
                add(b, (uint8_t[]){ (uint8_t)*p, 0 }, 2);
}

static void test_option(void **state)
{
        static struct bytes b;
        struct bootoption option;

        (void)state;
        add_option(&b, true, 1, "ro quiet");
        assert_int_equal(bootoption_parse(b.at, b.size, &option), 0);
        assert_string_equal(option.partition, "ddccbbaa-2211-4433-5566-778899aabbcc");
        assert_string_equal(option.path, "/a/b");
        assert_string_equal(option.options, "ro quiet");
        bootoption_done(&option);

        add_option(&b, false, 2, "");
        assert_int_equal(bootoption_parse(b.at, b.size, &option), 0);
        assert_string_equal(option.partition, "");
        assert_string_equal(option.path, "/a/b/c");
        assert_null(option.options);
        bootoption_done(&option);

        /* Optional data need not be text. */
        add(&b, "abc", 3);
        assert_int_equal(bootoption_parse(b.at, b.size, &option), 0);
        assert_null(option.options);
        bootoption_done(&option);

        /* Without a file, the firmware's default; without anything, an error. */
        add_option(&b, true, 0, "");
        assert_int_equal(bootoption_parse(b.at, b.size, &option), 0);
        assert_memory_equal(option.path, "/EFI/BOOT/BOOT", strlen("/EFI/BOOT/BOOT"));
        bootoption_done(&option);
        add_option(&b, false, 0, "");
        assert_int_equal(bootoption_parse(b.at, b.size, &option), -EBADMSG);

        /* Some firmware leaves bytes behind the path that are no command line. */
        add_option(&b, true, 1, "\x01garbage");
        assert_int_equal(bootoption_parse(b.at, b.size, &option), 0);
        assert_null(option.options);
        bootoption_done(&option);
}

static void test_mbr(void **state)
{
        static struct bytes b;
        struct bootoption option;

        (void)state;
        add_option(&b, true, 1, "");
        b.at[10 + 40] = 1;
        b.at[10 + 41] = 1;
        assert_int_equal(bootoption_parse(b.at, b.size, &option), 0);
        assert_string_equal(option.partition, "ddccbbaa-01");
        bootoption_done(&option);
}

/* Cut off anywhere: refused, unless all of the nodes are there. */
static void test_cut(void **state)
{
        static struct bytes b;
        struct bootoption option;
        size_t whole;

        (void)state;
        add_option(&b, true, 1, "");
        whole = b.size;
        for (size_t size = 0; size < whole; size++)
                assert_int_equal(bootoption_parse(b.at, size, &option), -EBADMSG);
        /* A node shorter than its own header, and one longer than the rest. */
        b.at[12] = 3;
        assert_int_equal(bootoption_parse(b.at, whole, &option), -EBADMSG);
        b.at[13] = 0xff;
        assert_int_equal(bootoption_parse(b.at, whole, &option), -EBADMSG);
}

static void put32(uint8_t *at, uint32_t value)
{
        for (int i = 0; i < 4; i++)
                at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void test_uboot(void **state)
{
        uint8_t head[UBOOT_HEAD_SIZE] = { 0x27, 0x05, 0x19, 0x56 };
        uint64_t from, bytes;

        (void)state;
        put32(head + 12, 100);
        head[30] = 3;
        assert_int_equal(uboot_parse(head, sizeof(head), 164, &from, &bytes), 1);
        assert_int_equal(from, 64);
        assert_int_equal(bytes, 100);
        assert_int_equal(uboot_parse(head, sizeof(head), 163, &from, &bytes), -EBADMSG);
        assert_int_equal(uboot_parse(head, 63, 63, &from, &bytes), 0);

        head[30] = 2;
        assert_int_equal(uboot_parse(head, sizeof(head), 164, &from, &bytes), -EBADMSG);

        head[30] = 4;
        put32(head + 64, 5);
        put32(head + 68, 7);
        assert_int_equal(uboot_parse(head, sizeof(head), 164, &from, &bytes), 1);
        assert_int_equal(from, 64 + 12 + 8);
        assert_int_equal(bytes, 7);
        put32(head + 68, 0xffffffff);
        assert_int_equal(uboot_parse(head, sizeof(head), 164, &from, &bytes), -EBADMSG);
        put32(head + 68, 0);
        assert_int_equal(uboot_parse(head, sizeof(head), 164, &from, &bytes), -EBADMSG);
        memset(head + 64, 1, sizeof(head) - 64);
        assert_int_equal(uboot_parse(head, sizeof(head), 164, &from, &bytes), -EBADMSG);
        head[0] = 0;
        assert_int_equal(uboot_parse(head, sizeof(head), 164, &from, &bytes), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_option),
                cmocka_unit_test(test_mbr),
                cmocka_unit_test(test_cut),
                cmocka_unit_test(test_uboot),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
