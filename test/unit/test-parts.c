/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <limits.h>

#include "skipcpio/parts.h"

static struct bytes b;

static int clear(void **state)
{
        (void)state;
        b.size = 0;
        return 0;
}

static void expect(bool all, const struct part *expected, size_t count, uint64_t error_at, const char *reason)
{
        _cleanup_(image_done) struct image image = test_image(&b);
        struct image_error e = { 0 };
        uint64_t at = 0;
        struct part part;
        int r;

        for (size_t i = 0; i < count; i++) {
                assert_int_equal(part_next(&image, at, all, &part, &e), 1);
                assert_int_equal(part.start, expected[i].start);
                assert_int_equal(part.end, expected[i].end);
                assert_int_equal(part.format, expected[i].format);
                assert_int_equal(part.early, expected[i].early);
                if (part.end == 0)
                        return;
                at = part.end;
        }
        r = part_next(&image, at, all, &part, &e);
        if (error_at == 0) {
                assert_int_equal(r, 0);
                return;
        }
        assert_int_equal(r, -EBADMSG);
        assert_int_equal(e.at, error_at);
        if (reason)
                assert_non_null(strstr(e.reason, reason));
        else
                assert_null(e.reason);
}

static void nothing(void **state)
{
        (void)state;
        expect(true, NULL, 0, 0, NULL);
        add_nuls(&b, 4097);
        expect(true, NULL, 0, 0, NULL);
}

static void early_then_main(void **state)
{
        struct part parts[3] = { { .early = true }, { .early = true }, { 0 } };

        (void)state;
        add_nuls(&b, 8);
        parts[0].start = b.size;
        add_entry(&b, ".", 0);
        add_entry(&b, "kernel", 0);
        add_entry(&b, "kernel/x86/microcode/GenuineIntel.bin", 1000);
        add_entry(&b, NEWC_TRAILER, 0);
        parts[0].end = b.size;
        add_nuls(&b, 512 - b.size % 512);
        parts[1].start = b.size;
        add_entry(&b, "./early_cpio", 2);
        add_entry(&b, NEWC_TRAILER, 0);
        parts[1].end = b.size;
        add_nuls(&b, 4096);
        parts[2].start = b.size;
        add_entry(&b, "init", 1);
        add_entry(&b, "kernel/x86/x", 1);
        add_entry(&b, NEWC_TRAILER, 0);
        parts[2].end = b.size;
        add_nuls(&b, 3);
        expect(true, parts, 3, 0, NULL);
        parts[2].end = 0;
        expect(false, parts, 3, 0, NULL);
}

/* kernel/ counts as a directory, not as the beginning of another name; directories alone do not make an early part. */
static void what_is_early(void **state)
{
        static const struct {
                const char *name;
                bool early;
        } cases[] = {
                { "kernel/", true },      { "kernel/firmware/acpi/dsdt.aml", true },
                { "/kernel/x", true },    { "././kernel/x", true },
                { "early_cpio", true },   { "kernel", false },
                { ".", false },           { "kernels/x", false },
                { "early_cpio2", false }, { "usr/kernel/x", false },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                b.size = 0;
                add_entry(&b, cases[i].name, 3);
                add_entry(&b, NEWC_TRAILER, 0);
                expect(true, &(struct part){ .end = b.size, .early = cases[i].early }, 1, 0, NULL);
        }
}

/* An archive ends at its trailer, at NULs with foreign bytes behind them, or at the end of the image. */
static void ends(void **state)
{
        struct part parts[2] = { { .early = true }, { .format = FORMAT_GZIP } };

        (void)state;
        add_entry(&b, "kernel/x", 5);
        parts[0].end = b.size;
        expect(true, parts, 1, 0, NULL);
        add_nuls(&b, 12);
        expect(true, parts, 1, 0, NULL);
        parts[1].start = b.size;
        add(&b, "\x1f\x8b\x08", 3);
        expect(true, parts, 2, 0, NULL);
}

/* NULs between the entries of an archive belong to it. */
static void padding_inside(void **state)
{
        (void)state;
        add_entry(&b, "kernel/a", 5);
        add_nuls(&b, 8);
        add_entry(&b, "kernel/b", 5);
        add_entry(&b, NEWC_TRAILER, 0);
        expect(true, &(struct part){ .end = b.size, .early = true }, 1, 0, NULL);
}

static void foreign_bytes(void **state)
{
        struct part part = { .early = true };

        (void)state;
        add_entry(&b, "kernel/x", 5);
        add_entry(&b, NEWC_TRAILER, 0);
        part.end = b.size;
        add_nuls(&b, 5);
        add(&b, "junk", 4);
        expect(true, &part, 1, part.end + 5, NULL);
        b.size = part.end;
        add_nuls(&b, 5);
        add(&b, "070701", 6);
        expect(true, &part, 1, part.end + 5, "multiple of four");
}

static void unaligned_compressed(void **state)
{
        (void)state;
        add_nuls(&b, 5);
        add(&b, "\x28\xb5\x2f\xfd\0", 5);
        expect(true, &(struct part){ .start = 5, .format = FORMAT_ZSTD }, 1, 0, NULL);
}

static void bad_headers(void **state)
{
        size_t second;

        (void)state;
        add_entry(&b, "kernel/x", 5);
        second = b.size;
        add_entry(&b, "kernel/y", 5);
        b.at[second + 20] = 'x';
        expect(true, NULL, 0, second, "hexadecimal");
        b.at[second + 20] = '0';
        b.at[second + 5] = '7';
        expect(true, NULL, 0, second, "070707");
        b.at[second + 5] = '1';
        b.size = second + 109;
        expect(true, NULL, 0, second, "inside a cpio header");
        b.size = second + 115;
        expect(true, NULL, 0, second, "inside a file name");
        b.size = second + 121;
        expect(true, NULL, 0, second + 121, "inside a file");
}

static void name_sizes(void **state)
{
        size_t second;

        (void)state;
        add_entry(&b, "kernel/x", 5);
        second = b.size;
        add_entry_sized(&b, "kernel/yyy", 10, 0);
        add_entry(&b, NEWC_TRAILER, 0);
        expect(true, NULL, 0, second, "NUL");

        /* An empty name and one longer than PATH_MAX: neither is a trailer. */
        b.size = second;
        add_entry_sized(&b, "", 0, 0);
        b.size = align_up(second + NEWC_HEADER_SIZE, NEWC_ALIGNMENT);
        add_entry_sized(&b, "usr", PATH_MAX + 1, 0);
        b.size -= 6; /* the name and its padding */
        add_nuls(&b, align_up(NEWC_HEADER_SIZE + PATH_MAX + 1, NEWC_ALIGNMENT) - NEWC_HEADER_SIZE);
        add_entry(&b, NEWC_TRAILER, 0);
        expect(true, &(struct part){ .end = b.size, .early = true }, 1, 0, NULL);
}

/* A name longer than the first read. */
static void long_name(void **state)
{
        char name[PATH_MAX] = "kernel/";

        (void)state;
        memset(name + 7, 'n', sizeof(name) - 8);
        add_entry(&b, name, 5);
        add_entry(&b, NEWC_TRAILER, 0);
        expect(true, &(struct part){ .end = b.size, .early = true }, 1, 0, NULL);
}

static void huge_file(void **state)
{
        (void)state;
        add_entry(&b, "kernel/x", 0);
        memcpy(b.at + 6 + 6 * 8, "ffffffff", 8);
        expect(true, NULL, 0, b.size, "inside a file");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(nothing, clear),
                cmocka_unit_test_setup(early_then_main, clear),
                cmocka_unit_test_setup(what_is_early, clear),
                cmocka_unit_test_setup(ends, clear),
                cmocka_unit_test_setup(padding_inside, clear),
                cmocka_unit_test_setup(foreign_bytes, clear),
                cmocka_unit_test_setup(unaligned_compressed, clear),
                cmocka_unit_test_setup(bad_headers, clear),
                cmocka_unit_test_setup(name_sizes, clear),
                cmocka_unit_test_setup(long_name, clear),
                cmocka_unit_test_setup(huge_file, clear),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
