/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parsers behind --compose: the note on dlopen(), the loader's cache, objects. */
#include "test.h"

#include <elf.h>
#include <fcntl.h>

#include "exitrd/cache.h"
#include "exitrd/object.h"

static void assert_sonames(const char *text, const char *expected, size_t size)
{
        _cleanup_free_ char *names = object_sonames(text, strlen(text));

        assert_non_null(names);
        assert_memory_equal(names, expected, size);
}

#define NAMES(text, expected) assert_sonames(text, expected "\0", sizeof(expected "\0") - 1)

static void test_sonames(void **state)
{
        (void)state;
        NAMES("[{\"feature\":\"mount\",\"priority\":\"required\",\"soname\":[\"libmount.so.1\"]}]", "libmount.so.1\0");
        NAMES("[{\"soname\":[\"a.so.2\", \"a.so.1\"]},{\"soname\" : [\"b.so\"],\"description\":\"soname [x]\"}]",
              "a.so.2\0a.so.1\0b.so\0");
        NAMES("[{\"description\":\"\\\"soname\\\":[\\\"no.so\\\"]\",\"other\":[\"soname\"]}]", "");
        NAMES("[{\"soname\":[\"cut", "");
        NAMES("\"\\", "");
        NAMES("", "");
}

/* A cache of two names. The second entry is for some processors only. */
static size_t make_cache(char *out)
{
        static const char names[] = "liba.so\0/lib/hw/liba.so\0/lib/liba.so";
        const uint32_t head[7] = { 3, sizeof(names) }, strings = 48 + 3 * 24;
        const uint32_t entries[3][6] = { { 3, strings, strings + 8, 0, 1, 0 },
                                         { 3, strings, strings + 24, 0, 0, 0 },
                                         { 3, strings + 24, strings, 0, 0, 0 } };

        memcpy(out, "glibc-ld.so.cache1.1", 20);
        memcpy(out + 20, head, sizeof(head));
        memcpy(out + 48, entries, sizeof(entries));
        memcpy(out + strings, names, sizeof(names));
        return strings + sizeof(names);
}

static void test_cache(void **state)
{
        char bytes[512];
        size_t size = make_cache(bytes), at = 0;
        const char *found = cache_next(bytes, size, "liba.so", &at);

        (void)state;
        assert_non_null(found);
        assert_string_equal(found, "/lib/liba.so");
        assert_null(cache_next(bytes, size, "liba.so", &at));
        for (size_t cut = 0; cut < size; cut++) { /* the last name's NUL is missing, or more */
                _cleanup_free_ char *copy = malloc(cut + 1);

                memcpy(copy, bytes, cut);
                at = 0;
                assert_null(cache_next(copy, cut, "liba.so", &at));
        }
        at = 0;
        assert_null(cache_next(NULL, 0, "liba.so", &at));
}

static void test_objects(void **state)
{
        struct object object = OBJECT_INIT;
        int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        char head[8192];
        ssize_t n = pread(fd, head, sizeof(head), 0);

        (void)state;
        assert_int_equal(object_read(fd, &object), 0);
        assert_non_null(object.needed);
        object_done(&object);
        close(fd);

        fd = test_file(head, (size_t)n);
        assert_int_equal(object_read(fd, &object), -EBADMSG); /* cut off */
        object_done(&object);
        close(fd);

        head[EI_CLASS] = head[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
        fd = test_file(head, (size_t)n);
        assert_int_equal(object_read(fd, &object), -EMEDIUMTYPE);
        object_done(&object);
        close(fd);

        fd = test_file("text", 4);
        assert_int_equal(object_read(fd, &object), -ENOEXEC);
        object_done(&object);
        close(fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sonames),
                cmocka_unit_test(test_cache),
                cmocka_unit_test(test_objects),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
