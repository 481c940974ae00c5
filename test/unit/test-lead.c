/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include "locate/identifier.h"
#include "locate/lead.h"

/* The rows of a table, as far as the order goes. */
static const struct place places[] = {
        { .grade = GRADE_STUB },    { .grade = GRADE_FITTING }, { .grade = GRADE_VERSION },
        { .grade = GRADE_VERSION }, { .grade = GRADE_PACKAGE }, { .grade = GRADE_DEFAULT },
};

/* In the order in which they are tried: each is better than the next by one thing. */
static void test_order(void **state)
{
        static const struct lead leads[] = {
                { .place = &places[0], .serial = 99 },
                { .place = &places[1], .evidence = { .words = 3 } },
                { .place = &places[1], .evidence = { .words = 2, .version = 1 } },
                { .place = &places[1], .evidence = { .words = 2 } },
                { .place = &places[1], .evidence = { .words = 2, .special = true, .booted = true } },
                { .place = &places[3], .evidence = { .version = 1, .identity = 1, .time = 1 } },
                { .place = &places[3], .evidence = { .version = 1, .time = 9 } },
                { .place = &places[2], .evidence = { .version = 1, .time = 8 } },
                { .place = &places[2], .evidence = { .version = 1 } },
                { .place = &places[3], .evidence = { .version = 1 } },
                { .place = &places[2], .evidence = { .version = 1, .time = -8 } },
                { .place = &places[2], .evidence = { .version = 1, .identity = -1, .time = 9 } },
                { .place = &places[4], .serial = 1 },
                { .place = &places[4], .serial = 2 },
                { .place = &places[0], .evidence = { .version = 1, .words = -1 } },
                { .place = &places[1], .evidence = { .special = true } },
                { .place = &places[0], .evidence = { .version = -1 } },
                { .place = &places[5], .evidence = { .version = 1 } },
                { .place = &places[5] },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(leads); i++)
                for (size_t j = 0; j < ELEMENTSOF(leads); j++) {
                        int r = lead_compare(&leads[i], &leads[j]);

                        if ((r < 0) != (i < j) || (r > 0) != (i > j))
                                fail_msg("%zu and %zu: %d", i, j, r);
                }
}

static void test_description(void **state)
{
        static const struct place place = { .rule = "rule" };
        struct lead lead = { .place = &place, .evidence = { .version = 1, .words = -1, .time = 5, .identity = -1 } };
        char text[256], small[8];

        (void)state;
        lead_describe(&lead, text, sizeof(text));
        assert_string_equal(text,
                            "rule; of this kernel; its options are not those of the command line; its identifier is "
                            "another one; older than the boot");
        lead_describe(&lead, small, sizeof(small));
        assert_string_equal(small, "rule; o");
}

static int read_identifier(const struct bytes *b, char id[static IDENTIFIER_SIZE])
{
        _cleanup_(image_done) struct image image = test_image(b);

        return identifier_read(&image, id);
}

static void test_identifier(void **state)
{
        static struct bytes b;
        char id[IDENTIFIER_SIZE];

        (void)state;
        add_entry(&b, "kernel", 0);
        add_entry(&b, "./kernel/restore/id", 5);
        assert_int_equal(read_identifier(&b, id), 1);
        assert_string_equal(id, "ddddd");
        b.size -= 8; /* the image ends inside of it */
        assert_int_equal(read_identifier(&b, id), 0);

        b.size = 0;
        for (int i = 0; i < 64; i++) /* not among the first entries */
                add_entry(&b, "kernel/x", 1);
        add_entry(&b, "kernel/restore/id", 5);
        assert_int_equal(read_identifier(&b, id), 0);
        b.size = 0;
        add_entry(&b, "kernel/restore/id", IDENTIFIER_SIZE); /* too long */
        assert_int_equal(read_identifier(&b, id), 0);
        b.size = 0;
        add_entry(&b, "kernel/restore/idx", 5);
        assert_int_equal(read_identifier(&b, id), 0);
        b.size = 0;
        add(&b, "\x1f\x8b\x08", 3);
        assert_int_equal(read_identifier(&b, id), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_description),
                cmocka_unit_test(test_identifier),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
