/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <fcntl.h>

#include "locate/partition.h"

static void test_path(void **state)
{
        static const struct {
                const char *source, *path;
        } cases[] = {
                { "/dev/sda1", "/dev/sda1" },
                { "PARTUUID=ABCD-Ef01", "/dev/disk/by-partuuid/abcd-ef01" },
                { "UUID=ABCD-EF01", "/dev/disk/by-uuid/ABCD-EF01" },
                { "UUID=\"ABCD-EF01\"", "/dev/disk/by-uuid/ABCD-EF01" },
                { "PARTLABEL=EFI System Partition", "/dev/disk/by-partlabel/EFI\\x20System\\x20Partition" },
                { "LABEL=a/../b", "/dev/disk/by-label/a\\x2f..\\x2fb" },
                { "LABEL=", NULL },
                { "UUID", NULL },
                { "UUIDX=1", NULL },
                { "proc", NULL },
                { "server:/export", NULL },
                { "", NULL },
        };
        char path[256];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                bool is_device = partition_path(cases[i].source, path, sizeof(path));

                assert_int_equal(is_device, cases[i].path != NULL);
                if (is_device)
                        assert_string_equal(path, cases[i].path);
        }
        assert_false(partition_path("PARTUUID=abcd", path, 20));
        assert_false(partition_path("/dev/sda1", path, 5));
}

static void test_path_long(void **state)
{
        char source[1024] = "LABEL=", path[8192];

        (void)state;
        memset(source + 6, ' ', 255);
        assert_true(partition_path(source, path, sizeof(path)));
        memset(source + 6, 'a', sizeof(source) - 7);
        assert_false(partition_path(source, path, sizeof(path)));
}

static void test_sniff(void **state)
{
        static const struct {
                size_t at;
                const char *magic, *type;
        } cases[] = {
                { 82, "FAT32   ", "vfat" }, { 54, "FAT16   ", "vfat" },   { 54, "FAT12   ", "vfat" },
                { 54, "FAT     ", "vfat" }, { 1080, "\x53\xef", "ext4" }, { 0, "XFSB", "xfs" },
        };
        uint8_t head[PARTITION_HEAD_SIZE];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t length = strlen(cases[i].magic);

                memset(head, 0, sizeof(head));
                assert_null(partition_sniff(head, sizeof(head)));
                memcpy(head + cases[i].at, cases[i].magic, length);
                assert_string_equal(partition_sniff(head, sizeof(head))->type, cases[i].type);
                assert_null(partition_sniff(head, cases[i].at + 1));
        }
}

static void test_mount_refused(void **state)
{
        int fd = test_file("nothing", 7);

        (void)state;
        assert_int_equal(partition_mount(fd), -EMEDIUMTYPE);
        close(fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_path),
                cmocka_unit_test(test_path_long),
                cmocka_unit_test(test_sniff),
                cmocka_unit_test(test_mount_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
