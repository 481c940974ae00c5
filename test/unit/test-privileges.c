/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "util/privileges.h"

/* Run @act in a child. Returns its exit status. */
static int in_child(int (*act)(void))
{
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(act());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static int keep_two(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct sets[2];
        uint64_t kept = PRIVILEGE(CAP_CHOWN) | PRIVILEGE(CAP_MAC_ADMIN); /* one in each half of the set */

        if (privileges_keep(kept) != 0)
                return 1;
        for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
                if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 && !(kept & PRIVILEGE(cap)))
                        return 2;
        if (syscall(SYS_capget, &header, sets) < 0)
                return 3;
        for (size_t i = 0; i < 2; i++)
                if (((sets[i].permitted | sets[i].effective | sets[i].inheritable) & ~(uint32_t)(kept >> 32 * i)) != 0)
                        return 4;
        /* This needs CAP_SYS_CHROOT, which was given up. */
        if (chroot("/") == 0 || errno != EPERM)
                return 5;
        return chown("/proc/self/exe", 0, 0) == 0 || errno == EPERM ? 0 : 6;
}

/* A second call gives up more, and restores nothing. */
static int keep_less(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct sets[2];

        if (privileges_keep(PRIVILEGE(CAP_CHOWN) | PRIVILEGE(CAP_SETPCAP)) != 0 ||
            privileges_keep(PRIVILEGE(CAP_FOWNER)) != 0)
                return 1;
        if (syscall(SYS_capget, &header, sets) < 0)
                return 2;
        return (sets[0].permitted | sets[1].permitted) == 0 ? 0 : 3;
}

/* Without CAP_SETPCAP the bounding set cannot be cut, which the result says; the rest is given up all the same. */
static int keep_without_setpcap(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct sets[2];

        if (syscall(SYS_capget, &header, sets) < 0)
                return 1;
        sets[0].permitted &= (uint32_t)~PRIVILEGE(CAP_SETPCAP);
        for (size_t i = 0; i < 2; i++)
                sets[i].effective = sets[i].permitted;
        if (syscall(SYS_capset, &header, sets) < 0)
                return 2;
        if (privileges_keep(PRIVILEGE(CAP_CHOWN)) != -EPERM)
                return 3;
        if (syscall(SYS_capget, &header, sets) < 0)
                return 4;
        return (sets[0].permitted & ~(uint32_t)PRIVILEGE(CAP_CHOWN)) == 0 && sets[1].permitted == 0 ? 0 : 5;
}

static void kept(void **state)
{
        (void)state;
        assert_int_equal(in_child(keep_two), 0);
}

static void less(void **state)
{
        (void)state;
        assert_int_equal(in_child(keep_less), 0);
}

static void without_setpcap(void **state)
{
        (void)state;
        assert_int_equal(in_child(keep_without_setpcap), 0);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(kept),
                cmocka_unit_test(less),
                cmocka_unit_test(without_setpcap),
        };

        if (geteuid() != 0) {
                print_message("needs root\n");
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
