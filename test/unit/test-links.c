/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <sys/stat.h>

#include "unpack/links.h"

static const char *find(struct links **links, struct newc header, const char *name)
{
        const char *old = "untouched";

        assert_int_equal(links_find(links, &header, name, &old), 0);
        return old;
}

static void first_name(void **state)
{
        _cleanup_(links_forget) struct links *links = NULL;
        struct newc h = { .ino = 5, .mode = S_IFREG | 0644, .dev_major = 8, .dev_minor = 1 };

        (void)state;
        assert_null(find(&links, h, "a"));
        assert_string_equal(find(&links, h, "b"), "a");
        assert_string_equal(find(&links, h, "c"), "a");
}

/* Inode, device and type identify a file; permissions and owners do not. */
static void what_is_the_same(void **state)
{
        _cleanup_(links_forget) struct links *links = NULL;
        const struct newc h = { .ino = 5, .mode = S_IFREG | 0644, .dev_major = 8, .dev_minor = 1 };
        struct newc other = h;

        (void)state;
        assert_null(find(&links, h, "a"));
        other.mode = S_IFREG | 04755;
        other.uid = 7;
        assert_string_equal(find(&links, other, "b"), "a");
        other = h;
        other.mode = S_IFCHR | 0644;
        assert_null(find(&links, other, "type"));
        other = h;
        other.ino = 6;
        assert_null(find(&links, other, "inode"));
        other = h;
        other.dev_major = 1;
        other.dev_minor = 8;
        assert_null(find(&links, other, "device"));
        assert_string_equal(find(&links, h, "c"), "a");
        assert_string_equal(find(&links, other, "d"), "device");
}

static void forgotten(void **state)
{
        _cleanup_(links_forget) struct links *links = NULL;
        struct newc h = { .ino = 5, .mode = S_IFREG };

        (void)state;
        assert_null(find(&links, h, "a"));
        links_forget(&links);
        assert_null(links);
        links_forget(&links);
        assert_null(find(&links, h, "b"));
        assert_string_equal(find(&links, h, "c"), "b");
}

/* The table and its names grow many times. */
static void many(void **state)
{
        _cleanup_(links_forget) struct links *links = NULL;
        char name[32];

        (void)state;
        for (uint32_t round = 0; round < 2; round++)
                for (uint32_t i = 0; i < 200000; i++) {
                        struct newc h = { .ino = i * 4096, .dev_minor = i % 3, .mode = S_IFREG };
                        const char *old;

                        snprintf(name, sizeof(name), "%u", i);
                        old = find(&links, h, name);
                        if (round == 0)
                                assert_null(old);
                        else
                                assert_string_equal(old, name);
                }
}

/* What is remembered of an image is limited, with long names and with short ones. */
static void too_many(void **state)
{
        static const size_t lengths[] = { 1, 4095 };
        static char name[4096];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(lengths); i++) {
                _cleanup_(links_forget) struct links *links = NULL;
                const char *old;
                uint32_t ino = 0;
                int r;

                memset(name, 'n', lengths[i]);
                name[lengths[i]] = '\0';
                do
                        r = links_find(&links, &(struct newc){ .ino = ino++, .mode = S_IFREG }, name, &old);
                while (r == 0 && ino < 10000000);
                assert_int_equal(r, -E2BIG);
                assert_true((uint64_t)ino * lengths[i] <= LINKS_MEMORY_MAX);
                assert_true(ino > 2000);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(first_name), cmocka_unit_test(what_is_the_same), cmocka_unit_test(forgotten),
                cmocka_unit_test(many),       cmocka_unit_test(too_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
