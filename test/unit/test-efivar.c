/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "locate/efivar.h"

#define ATTRIBUTES "\6\0\0\0"

static void decodes(const char *bytes, size_t size, const char *expected)
{
        char *string;

        assert_int_equal(efivar_decode((const uint8_t *)bytes, size, &string), 0);
        assert_string_equal(string, expected);
        free(string);
}

static void refuses(const char *bytes, size_t size)
{
        char *string;

        assert_int_equal(efivar_decode((const uint8_t *)bytes, size, &string), -EBADMSG);
}

#define DECODES(bytes, expected) decodes(ATTRIBUTES bytes, sizeof(ATTRIBUTES bytes) - 1, expected)
#define REFUSES(bytes) refuses(ATTRIBUTES bytes, sizeof(ATTRIBUTES bytes) - 1)

static void test_strings(void **state)
{
        (void)state;
        DECODES("a\0.\0c\0\0\0", "a.c");
        DECODES("a\0", "a");
        DECODES("a\0\0\0b\0", "a");
        DECODES("\xe4\0\xac\x20\x3d\xd8\x00\xde", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
}

static void test_hostile(void **state)
{
        (void)state;
        REFUSES("");
        REFUSES("a");
        REFUSES("a\0b");
        REFUSES("\0\0");
        REFUSES("\x3d\xd8"); /* half a pair at the end */
        REFUSES("\x3d\xd8"
                "a\0"); /* and in front of another */
        REFUSES("\x00\xde"
                "a\0"); /* the other half alone */
        refuses("", 0);
        refuses("\6\0", 2);
}

static void test_read(void **state)
{
        char directory[] = P_tmpdir "/efivar-test.XXXXXX", path[128], *string;
        int fd, dir;

        (void)state;
        assert_non_null(mkdtemp(directory));
        snprintf(path, sizeof(path), "%s/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", directory);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, ATTRIBUTES "x\0\0\0", 8), 8);
        close(fd);
        dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(efivar_read(dir, "LoaderInfo", &string), 0);
        assert_string_equal(string, "x");
        free(string);
        assert_int_equal(efivar_read(dir, "LoaderOther", &string), -ENOENT);
        close(dir);
        unlink(path);
        rmdir(directory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_strings),
                cmocka_unit_test(test_hostile),
                cmocka_unit_test(test_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
