/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include "unpack/writers.h"

#define FILES 200
#define SIZE 70000

static int open_new(const char *name, int flags)
{
        int fd = open(at_place(name), flags | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        return fd;
}

/* Hand over a copy of @from, until a writer takes it. */
static void hand_over(struct writers *w, int from, uint64_t offset, int to, uint64_t size, uint32_t mtime)
{
        while (writers_copy(w, from, offset, to, size, mtime) == 0)
                assert_int_equal(writers_drain(w), 0);
}

/* When the queue is full, the caller keeps what is not taken. Nothing is lost or mixed up. */
static void copies(void **state)
{
        static uint8_t bytes[SIZE + FILES], found[SIZE + 1];
        struct tree tree;
        _cleanup_close_ int root = open_place("."), from = -1;
        struct writers *w;

        (void)state;
        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t)(i * 31 + i / 256);
        from = test_file(bytes, sizeof(bytes));
        tree_init(&tree, root);
        w = writers_start(&tree, 3);
        assert_non_null(w);
        for (unsigned i = 0; i < FILES; i++) {
                char name[16];

                snprintf(name, sizeof(name), "f%u", i);
                hand_over(w, from, i, open_new(name, O_WRONLY), SIZE, 1000 + i);
        }
        assert_int_equal(writers_drain(w), 0);
        for (unsigned i = 0; i < FILES; i++) {
                _cleanup_close_ int fd = -1;
                struct stat st;
                char name[16];

                snprintf(name, sizeof(name), "f%u", i);
                fd = open(at_place(name), O_RDONLY | O_CLOEXEC);
                assert_int_equal(read(fd, found, sizeof(found)), SIZE);
                assert_memory_equal(found, bytes + i, SIZE);
                assert_int_equal(fstat(fd, &st), 0);
                assert_int_equal(st.st_mtime, 1000 + i);
        }
        assert_int_equal(writers_stop(w), 0);
        tree_done(&tree);
}

/* The first failure remains the result, whatever succeeds later. */
static void fails(void **state)
{
        _cleanup_close_ int root = open_place("."), from = test_file("0123456789", 10);
        struct tree tree;
        struct writers *w;

        (void)state;
        tree_init(&tree, root);
        w = writers_start(&tree, 2);
        assert_non_null(w);
        assert_int_equal(writers_copy(w, from, 0, open_new("failed", O_RDONLY), 10, 0), 1);
        assert_int_equal(writers_drain(w), -EBADF);
        (void)writers_copy(w, from, 0, open_new("good", O_WRONLY), 10, 0);
        assert_int_equal(writers_stop(w), -EBADF);
        tree_done(&tree);
}

static void nothing(void **state)
{
        (void)state;
        assert_int_equal(writers_stop(NULL), 0);
}

int main(void)
{
        static const struct CMUnitTest tests[] = { cmocka_unit_test(copies), cmocka_unit_test(fails),
                                                   cmocka_unit_test(nothing) };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
