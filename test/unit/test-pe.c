/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include "locate/pe.h"
#include "locate/uki.h"

/* A PE file of 64 KiB with these sections. Only the fields that are read are set. */
enum { PE_AT = 0x80, OPTIONAL = 240, TABLE = PE_AT + 24 + OPTIONAL };

struct row {
        const char *name;
        uint32_t memory_size, address, size, from;
};

static void put(uint8_t *at, uint32_t n, size_t size)
{
        for (size_t i = 0; i < size; i++)
                at[i] = (uint8_t)(n >> (8 * i));
}

static void build(uint8_t *file, size_t size, const struct row *rows, size_t count)
{
        memset(file, 0, size);
        memcpy(file, "MZ", 2);
        put(file + 0x3c, PE_AT, 4);
        memcpy(file + PE_AT, "PE\0", 4);
        put(file + PE_AT + 6, (uint32_t)count, 2);
        put(file + PE_AT + 20, OPTIONAL, 2);
        for (size_t i = 0; i < count; i++) {
                uint8_t *row = file + TABLE + 40 * i;

                memcpy(row, rows[i].name, strnlen(rows[i].name, 8));
                put(row + 8, rows[i].memory_size, 4);
                put(row + 12, rows[i].address, 4);
                put(row + 16, rows[i].size, 4);
                put(row + 20, rows[i].from, 4);
        }
}

static const struct row plain[] = {
        { ".text", 0x1000, 0x1000, 0x1000, 0x400 }, { ".bss", 0x500, 0x2000, 0, 0 },
        { ".linux", 0x300, 0x3000, 0x400, 0x1400 }, { ".initrd", 0x201, 0x4000, 0x400, 0x1800 },
        { ".cmdline", 0, 0x5000, 0x200, 0x1c00 },
};

static uint8_t file[65536];
static struct pe pe;

static void test_sections(void **state)
{
        (void)state;
        build(file, sizeof(file), plain, ELEMENTSOF(plain));
        assert_null(pe_parse(file, sizeof(file), sizeof(file), &pe));
        assert_int_equal(pe.count, ELEMENTSOF(plain));
        assert_int_equal(pe.profiles, 0);
        assert_int_equal(pe_find(&pe, 0, ".initrd")->from, 0x1800);
        assert_int_equal(pe_find(&pe, 0, ".initrd")->size, 0x201);
        assert_int_equal(pe_find(&pe, 0, ".cmdline")->size, 0x200); /* eight letters, and no size in memory */
        assert_null(pe_find(&pe, 0, ".cmdlin"));
        assert_null(pe_find(&pe, 0, ".uname"));
}

static void test_profiles(void **state)
{
        static const struct row rows[] = {
                { ".linux", 1, 0x1000, 0x200, 0x600 },   { ".initrd", 1, 0x2000, 0x200, 0x800 },
                { ".initrd", 1, 0x3000, 0x200, 0xa00 },  { ".profile", 1, 0x4000, 0x200, 0xc00 },
                { ".profile", 1, 0x5000, 0x200, 0xe00 }, { ".initrd", 1, 0x6000, 0x200, 0x1000 },
        };

        (void)state;
        build(file, sizeof(file), rows, ELEMENTSOF(rows));
        assert_null(pe_parse(file, sizeof(file), sizeof(file), &pe));
        assert_int_equal(pe.profiles, 2);
        assert_int_equal(pe_find(&pe, 0, ".initrd")->from, 0x800);
        assert_int_equal(pe_find(&pe, 1, ".initrd")->from, 0x1000);
        assert_int_equal(pe_find(&pe, 1, ".linux")->from, 0x600);
        assert_int_equal(pe_find(&pe, PE_PROFILE_BASE, ".initrd")->from, 0x800);
        assert_int_equal(pe_find(&pe, 7, ".initrd")->from, 0x800);
}

static void refuses(const struct row *rows, size_t count, uint64_t file_size, const char *reason)
{
        const char *said;

        build(file, sizeof(file), rows, count);
        said = pe_parse(file, sizeof(file), file_size, &pe);
        if (!said || !strstr(said, reason))
                fail_msg("%s, not %s", said ?: "accepted", reason);
}

static void test_hostile(void **state)
{
        struct row rows[2] = { { ".a", 0x400, 0x1000, 0x400, 0x1000 }, { ".b", 0x400, 0x2000, 0x400, 0x2000 } };

        (void)state;
        build(file, sizeof(file), rows, 2);
        assert_null(pe_parse(file, sizeof(file), 0x2400, &pe));
        refuses(rows, 2, 0x23ff, "not in the file");
        rows[1].from = UINT32_MAX;
        refuses(rows, 2, sizeof(file), "not in the file");
        rows[1].from = 0xfc01;
        refuses(rows, 2, sizeof(file), "not in the file");
        rows[1].size = UINT32_MAX;
        refuses(rows, 2, sizeof(file), "not in the file");
        rows[1].size = 0x400;
        rows[1].from = 0; /* the headers themselves */
        refuses(rows, 2, sizeof(file), "not in the file");
        rows[1].from = TABLE + 40;
        refuses(rows, 2, sizeof(file), "not in the file");

        rows[1].from = 0x13ff;
        refuses(rows, 2, sizeof(file), "overlapping");
        rows[1].from = 0xc01;
        refuses(rows, 2, sizeof(file), "overlapping");
        rows[1].from = 0x1000;
        refuses(rows, 2, sizeof(file), "overlapping");
        rows[1].from = 0x1400;
        build(file, sizeof(file), rows, 2);
        assert_null(pe_parse(file, sizeof(file), sizeof(file), &pe));
        rows[1].address = 0x13ff;
        refuses(rows, 2, sizeof(file), "overlapping");
        rows[1].address = 0x800;
        rows[1].memory_size = UINT32_MAX;
        refuses(rows, 2, sizeof(file), "overlapping");
}

static void test_hostile_headers(void **state)
{
        (void)state;
        build(file, sizeof(file), plain, ELEMENTSOF(plain));
        for (size_t size = 0; size < TABLE + 40 * ELEMENTSOF(plain); size++)
                assert_non_null(pe_parse(file, size, sizeof(file), &pe));
        assert_null(pe_parse(file, TABLE + 40 * ELEMENTSOF(plain), sizeof(file), &pe));

        put(file + PE_AT + 6, 0xffff, 2); /* rows */
        assert_non_null(pe_parse(file, sizeof(file), sizeof(file), &pe));
        build(file, sizeof(file), plain, ELEMENTSOF(plain));
        put(file + PE_AT + 20, 0xffff, 2); /* the optional header's size */
        assert_non_null(pe_parse(file, sizeof(file), sizeof(file), &pe));
        for (size_t i = 0; i < 3; i++) {
                static const uint32_t places[] = { 0xffffffff, 0x3ff0, 0x10000 };

                build(file, sizeof(file), plain, ELEMENTSOF(plain));
                put(file + 0x3c, places[i], 4);
                assert_non_null(pe_parse(file, sizeof(file), sizeof(file), &pe));
        }
}

static void test_uki(void **state)
{
        static const struct row rows[] = {
                { ".linux", 1, 0x1000, 0x200, 0x600 },   { ".uname", 0x200, 0x1200, 0x200, 0x2000 },
                { ".profile", 9, 0x4000, 0x200, 0xc00 }, { ".initrd", 1, 0x6000, 0x200, 0x1000 },
                { ".profile", 9, 0x5000, 0x200, 0xe00 },
        };
        const char *reason = NULL;
        struct uki uki;
        char *text;
        int fd;

        (void)state;
        build(file, sizeof(file), rows, ELEMENTSOF(rows));
        memcpy(file + 0xc00, "ID=main\nX", 9);
        memcpy(file + 0xe00, "ID=reset\n", 9);
        memcpy(file + 0x2000, "6.1.0-5\n", 8);
        fd = test_file(file, sizeof(file));

        assert_int_equal(uki_read(fd, NULL, &uki, &reason), 0);
        assert_int_equal(uki.profile, 0);
        assert_int_equal(uki_text(fd, &uki, ".uname", &text), 0);
        assert_string_equal(text, "6.1.0-5");
        free(text);
        assert_int_equal(uki_text(fd, &uki, ".osrel", &text), -ENOENT);
        assert_int_equal(uki_read(fd, "1", &uki, &reason), 0);
        assert_int_equal(uki.profile, 1);
        assert_int_equal(uki_read(fd, "Reset", &uki, &reason), 0);
        assert_int_equal(uki.profile, 1);
        assert_int_equal(uki_read(fd, "2", &uki, &reason), -EBADMSG);
        assert_int_equal(uki_read(fd, "99999999999999999999", &uki, &reason), -EBADMSG);
        assert_int_equal(uki_read(fd, "-1", &uki, &reason), -EBADMSG);

        /* Profile 1 has no initrd, and neither has the base. */
        assert_int_equal(uki_read(fd, "1", &uki, &reason), 0);
        {
                struct image image = IMAGE_INIT;

                assert_int_equal(uki_add_initrd(dup(fd), &uki, "x", &image), -ENOENT);
                assert_int_equal(uki_read(fd, "0", &uki, &reason), 0);
                assert_int_equal(uki_add_initrd(dup(fd), &uki, "x", &image), 0);
                assert_string_equal(image.regions[0].name, "x[.initrd@0]");
                assert_int_equal(image.regions[0].from, 0x1000);
                assert_int_equal(image.size, 1);
                image_done(&image);
        }
        close(fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sections),        cmocka_unit_test(test_profiles), cmocka_unit_test(test_hostile),
                cmocka_unit_test(test_hostile_headers), cmocka_unit_test(test_uki),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
