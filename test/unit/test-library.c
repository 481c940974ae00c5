/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <errno.h>

#include "util/library.h"

static const char *(*version)(void);
static void *(*newer)(void);

static void *stub(void)
{
        return NULL;
}

static void loads(void **state)
{
        static const char *const names[] = { "libnone.so.0", "libz.so.1", "libnone.so.1", NULL };
        const struct symbol symbols[] = { { "zlibVersion", (void **)&version, false },
                                          { "zlib_of_the_future", (void **)&newer, true },
                                          { NULL, NULL, false } };

        (void)state;
        version = NULL;
        newer = stub; /* set to NULL where it is missing */
        assert_int_equal(library_load(names, symbols), 0);
        assert_non_null(version);
        assert_null(newer);
        assert_int_equal(version()[0], '1');
}

static void refuses(void **state)
{
        static const char *const names[] = { "libz.so.1", NULL }, *const none[] = { "libnone.so.0", NULL };
        const struct symbol missing[] = { { "zlib_of_the_future", (void **)&newer, false }, { NULL, NULL, false } };
        const struct symbol present[] = { { "zlibVersion", (void **)&version, false }, { NULL, NULL, false } };

        (void)state;
        assert_int_equal(library_load(names, missing), -ENOPKG);
        assert_int_equal(library_load(none, present), -ENOPKG);
        assert_int_equal(library_load(none + 1, present), -ENOPKG);
}

int main(void)
{
        static const struct CMUnitTest tests[] = { cmocka_unit_test(loads), cmocka_unit_test(refuses) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
