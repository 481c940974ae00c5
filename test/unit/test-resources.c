/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include "util/resources.h"

/* Mount @content on /proc/meminfo, or restore the real one. */
static void set_meminfo(const char *content)
{
        umount2("/proc/meminfo", MNT_DETACH);
        if (!content)
                return;
        make_file("meminfo", content, 0644);
        assert_int_equal(mount(at_place("meminfo"), "/proc/meminfo", NULL, MS_BIND, NULL), 0);
}

static int restore_meminfo(void **state)
{
        (void)state;
        set_meminfo(NULL);
        return 0;
}

static void cpus(void **state)
{
        cpu_set_t before, one;

        (void)state;
        assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
        assert_int_equal(cpus_usable(), CPU_COUNT(&before));
        CPU_ZERO(&one);
        for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
                if (CPU_ISSET(i, &before))
                        CPU_SET(i, &one);
        assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
        assert_int_equal(cpus_usable(), 1);
        assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

static void available(void **state)
{
        (void)state;
        set_meminfo("MemTotal:       8000 kB\nMemFree:  1 kB\nMemAvailable:   4096 kB\nBuffers: 7 kB\n");
        assert_int_equal(memory_available(), 4096 << 10);
        set_meminfo("MemTotal:       8000 kB\n");
        assert_int_equal(memory_available(), 0);
        assert_int_equal(memory_spare(), 0);
        set_meminfo("");
        assert_int_equal(memory_available(), 0);
        set_meminfo("MemAvailable:   99999999999 kB\n");
        assert_int_equal(memory_available(), UINT64_C(99999999999) << 10);
}

/* Less if memory is short, at most 192 MiB, and at least one thread. */
static void decoding(void **state)
{
        uint64_t little;

        (void)state;
        set_meminfo("MemAvailable:   99999999 kB\n");
        assert_int_equal(memory_for_decoding(), 192 << 20);
        assert_int_equal(threads_for_memory(64 << 20), 3);
        set_meminfo("MemAvailable:   65536 kB\n");
        little = memory_for_decoding();
        assert_true(little > 0 && little <= (64 << 20) / 4);
        assert_int_equal(threads_for_memory(64 << 20), 1);
        assert_true(memory_spare() < 64 << 20);
}

/* For 32 bits, qemu-user has mapped the whole address space from the start. */
static void mapped(void **state)
{
        const char *emulated = getenv("EMULATED");
        uint64_t before = memory_mapped();
        void *p;

        (void)state;
        if (emulated && strcmp(emulated, "32") == 0)
                skip();
        p = mmap(NULL, 64 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(p != MAP_FAILED);
        assert_true(before > 0);
        assert_true(memory_mapped() >= before + (64 << 20));
        munmap(p, 64 << 20);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(cpus),
                cmocka_unit_test_teardown(available, restore_meminfo),
                cmocka_unit_test_teardown(decoding, restore_meminfo),
                cmocka_unit_test(mapped),
        };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
