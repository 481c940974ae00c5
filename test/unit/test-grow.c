/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <sys/vfs.h>
#include <sys/wait.h>

#include "exitrd/grow.h"

#define MIB (1024 * 1024)

static void mount_run(const char *options)
{
        make_dir("run");
        assert_int_equal(mount("run", at_place("run"), "tmpfs", MS_NOSUID | MS_NODEV, options), 0);
        make_dir("run/initramfs");
}

static int teardown(void **state)
{
        (void)state;
        umount2(at_place("run"), MNT_DETACH);
        return rmdir(at_place("run"));
}

static struct statfs run_stat(void)
{
        struct statfs st;

        assert_int_equal(statfs(at_place("run"), &st), 0);
        return st;
}

/* The mount table's line of the tmpfs, without its limits. */
static void options_of_run(char *ret, size_t size)
{
        _cleanup_fclose_ FILE *f = fopen("/proc/self/mountinfo", "re");
        char line[1024], wanted[300];

        assert_non_null(f);
        snprintf(wanted, sizeof(wanted), " %s ", at_place("run"));
        *ret = '\0';
        while (fgets(line, sizeof(line), f)) {
                char *limit = strstr(line, ",size="), *rest;

                if (!strstr(line, wanted))
                        continue;
                if (limit) {
                        rest = limit + strcspn(limit + 1, ",\n") + 1;
                        memmove(limit, rest, strlen(rest) + 1);
                }
                snprintf(ret, size, "%s", line);
        }
        assert_true(*ret);
}

/* Writes @size bytes, asking for room whenever there is none. Returns how often it asked, or its error. */
static int fill(const char *name, size_t size, int dir)
{
        static char block[65536];
        _cleanup_close_ int fd = open(at_place(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        int asked = 0;

        assert_true(fd >= 0);
        while (size > 0) {
                ssize_t n = write(fd, block, MIN(size, sizeof(block)));
                int r = n < 0 ? -errno : 0;

                if (r == -ENOSPC) {
                        asked++;
                        r = grow_tmpfs(dir, size);
                }
                if (r < 0)
                        return r;
                size -= (size_t)MAX(n, (ssize_t)0);
        }
        return asked;
}

static void bytes(void **state)
{
        _cleanup_close_ int dir = -1;
        char before[1024], after[1024];

        (void)state;
        mount_run("size=20m,mode=755,uid=7,gid=8,huge=never");
        dir = open_place("run/initramfs");
        options_of_run(before, sizeof(before));
        assert_int_equal(fill("run/initramfs/big", 30 * MIB, dir), 1);
        options_of_run(after, sizeof(after));
        assert_string_equal(before, after);
        assert_true(run_stat().f_blocks >= 30 * MIB / 4096 && run_stat().f_blocks <= 37 * MIB / 4096);

        assert_int_equal(grow_undo(dir), -EINVAL); /* there is more in it */
        assert_int_equal(grow_undo(dir), 0);       /* and it is not asked again */
}

static void given_back(void **state)
{
        _cleanup_close_ int dir = -1;

        (void)state;
        mount_run("size=1m");
        dir = open_place("run/initramfs");
        assert_int_equal(fill("run/initramfs/big", 40 * MIB, dir), 1);
        assert_int_equal(unlink(at_place("run/initramfs/big")), 0);
        assert_int_equal(grow_undo(dir), 0);
        assert_int_equal(run_stat().f_blocks, MIB / 4096);
}

/* A step where nobody knows what is wanted, and none where there is room for one. */
static void unknown_need(void **state)
{
        _cleanup_close_ int dir = -1;

        (void)state;
        mount_run("size=1m");
        dir = open_place("run/initramfs");
        assert_int_equal(grow_tmpfs(dir, 0), 0);
        assert_int_equal(run_stat().f_blocks, 17 * MIB / 4096);
        assert_int_equal(grow_tmpfs(dir, 0), -ENOSPC);
        assert_int_equal(grow_tmpfs(dir, MIB), -ENOSPC);
        assert_int_equal(grow_shared_tmpfs(dir, MIB), -EALREADY);
        assert_int_equal(run_stat().f_blocks, 17 * MIB / 4096);
        assert_int_equal(grow_undo(dir), 0);
}

static void inodes(void **state)
{
        _cleanup_close_ int dir = -1;
        int asked = 0;

        (void)state;
        mount_run("size=64m,nr_inodes=100");
        dir = open_place("run/initramfs");
        for (int i = 0; i < 5000; i++) {
                char name[64];

                snprintf(name, sizeof(name), "run/initramfs/%d", i);
                if (mkdir(at_place(name), 0755) == 0)
                        continue;
                assert_int_equal(errno, ENOSPC);
                assert_int_equal(grow_tmpfs(dir, 0), 0);
                asked++;
                i--;
        }
        assert_int_equal(asked, 2);
        assert_int_equal(run_stat().f_blocks, 64 * MIB / 4096);
        for (int i = 0; i < 5000; i++) {
                char name[64];

                snprintf(name, sizeof(name), "run/initramfs/%d", i);
                assert_int_equal(rmdir(at_place(name)), 0);
        }
        assert_int_equal(grow_undo(dir), 0);
        assert_int_equal(run_stat().f_files, 100);
}

/* Through the mount that exec_allow() makes, the directory is the root of a mount itself. */
static void through_a_bind_mount(void **state)
{
        _cleanup_close_ int dir = -1;

        (void)state;
        mount_run("size=1m");
        assert_int_equal(mount(at_place("run/initramfs"), at_place("run/initramfs"), NULL, MS_BIND, NULL), 0);
        make_dir("run/initramfs/stage");
        dir = open_place("run/initramfs/stage");
        assert_int_equal(fill("run/initramfs/stage/big", 2 * MIB, dir), 1);
        close(TAKE_FD(dir));
        assert_int_equal(umount(at_place("run/initramfs")), 0);
        dir = open_place("run/initramfs");
        assert_int_equal(unlink(at_place("run/initramfs/stage/big")), 0);
        assert_int_equal(grow_undo(dir), 0);
        assert_int_equal(run_stat().f_blocks, MIB / 4096);
}

/* More than all memory is refused at once, with the limit as it was. */
static void beyond_memory(void **state)
{
        _cleanup_close_ int dir = -1;

        (void)state;
        mount_run("size=1m");
        dir = open_place("run/initramfs");
        assert_int_equal(grow_tmpfs(dir, UINT64_C(1) << 50), -ENOSPC);
        assert_int_equal(run_stat().f_blocks, MIB / 4096);
}

static void no_tmpfs(void **state)
{
        _cleanup_close_ int dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        (void)state;
        make_dir("run");
        assert_int_equal(grow_tmpfs(dir, 1), -ENOSPC);
        assert_int_equal(grow_undo(dir), 0);
}

static void no_limit(void **state)
{
        _cleanup_close_ int dir = -1;

        (void)state;
        mount_run("size=0,nr_inodes=0");
        dir = open_place("run/initramfs");
        assert_int_equal(grow_tmpfs(dir, 1), -ENOSPC);
}

/* A chroot into a directory on the tmpfs has no root of a mount in sight. */
static void in_a_chroot(void **state)
{
        int status;
        pid_t pid;
        FILE *f;

        (void)state;
        mount_run("size=1M");
        make_dir("run/initramfs/proc");
        f = fopen(at_place("run/initramfs/proc/meminfo"), "we");
        assert_non_null(f);
        fputs("MemTotal: 4000000 kB\nMemAvailable: 3000000 kB\n", f);
        fclose(f);
        pid = fork();
        if (pid == 0) {
                int dir;

                alarm(10);
                _exit(chroot(at_place("run/initramfs")) < 0 || (dir = open("/", O_RDONLY | O_DIRECTORY)) < 0 ||
                      grow_tmpfs(dir, MIB) != -ENOSPC);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(bytes, teardown),
                cmocka_unit_test_teardown(given_back, teardown),
                cmocka_unit_test_teardown(unknown_need, teardown),
                cmocka_unit_test_teardown(inodes, teardown),
                cmocka_unit_test_teardown(through_a_bind_mount, teardown),
                cmocka_unit_test_teardown(beyond_memory, teardown),
                cmocka_unit_test_teardown(no_tmpfs, teardown),
                cmocka_unit_test_teardown(no_limit, teardown),
                cmocka_unit_test_teardown(in_a_chroot, teardown),
        };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
