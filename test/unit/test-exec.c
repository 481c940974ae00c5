/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <sys/statvfs.h>
#include <sys/wait.h>

#include "exitrd/exec.h"

static unsigned long flags_of(const char *path)
{
        struct statvfs st;

        assert_int_equal(statvfs(path, &st), 0);
        return st.f_flag;
}

/* Lines of the mount table that name @path. */
static unsigned count_mounts(const char *path)
{
        _cleanup_fclose_ FILE *f = fopen("/proc/self/mountinfo", "re");
        char line[1024], wanted[300];
        unsigned n = 0;

        assert_non_null(f);
        snprintf(wanted, sizeof(wanted), " %s ", path);
        while (fgets(line, sizeof(line), f))
                n += strstr(line, wanted) != NULL;
        return n;
}

static void mount_run(unsigned long flags, unsigned long propagation)
{
        make_dir("run");
        assert_int_equal(mount("run", at_place("run"), "tmpfs", flags, NULL), 0);
        assert_int_equal(mount(NULL, at_place("run"), NULL, propagation, NULL), 0);
        make_dir("run/initramfs");
        make_file("run/initramfs/program", "#!/bin/sh\n", 0755);
        make_dir("run/initramfs/live");
        assert_int_equal(mount("live", at_place("run/initramfs/live"), "tmpfs", MS_NOSUID | MS_NOEXEC, NULL), 0);
        make_file("run/initramfs/live/file", "x", 0644);
}

static int teardown(void **state)
{
        (void)state;
        assert_int_equal(umount2(at_place("run"), MNT_DETACH), 0);
        assert_int_equal(rmdir(at_place("run")), 0);
        return 0;
}

static void already_executable(void **state)
{
        bool changed = true;

        (void)state;
        mount_run(MS_NOSUID, MS_SHARED);
        assert_int_equal(exec_allow(at_place("run/initramfs"), &changed), 0);
        assert_false(changed);
        assert_int_equal(count_mounts(at_place("run/initramfs")), 0);
}

static void made_executable(void **state)
{
        unsigned long before;
        bool changed = false;

        (void)state;
        mount_run(MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, MS_SHARED);
        before = flags_of(at_place("run"));
        assert_int_equal(access(at_place("run/initramfs/program"), X_OK), -1);

        assert_int_equal(exec_allow(at_place("run/initramfs"), &changed), 0);
        assert_true(changed);
        assert_int_equal(access(at_place("run/initramfs/program"), X_OK), 0);
        assert_int_equal(flags_of(at_place("run/initramfs")), before & ~(unsigned long)ST_NOEXEC);
        assert_int_equal(flags_of(at_place("run")), before);
        assert_int_equal(access(at_place("run/initramfs/live/file"), F_OK), 0);
        assert_true(flags_of(at_place("run/initramfs/live")) & ST_NOEXEC);

        exec_undo(at_place("run/initramfs"));
        assert_int_equal(access(at_place("run/initramfs/program"), X_OK), -1);
        assert_int_equal(access(at_place("run/initramfs/live/file"), F_OK), 0);
        assert_int_equal(count_mounts(at_place("run/initramfs")), 0);
        assert_int_equal(count_mounts(at_place("run/initramfs/live")), 1);
}

/* Another namespace that shares its mounts with ours sees what we do, and loses nothing when it is undone. */
static void other_namespaces(void **state)
{
        int to[2], from[2], status;
        bool changed = false;
        char byte = 0;
        pid_t pid;

        (void)state;
        mount_run(MS_NOEXEC, MS_SHARED);
        assert_int_equal(pipe(to) | pipe(from), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                bool good = unshare(CLONE_NEWNS) == 0 && write(from[1], &byte, 1) == 1 && read(to[0], &byte, 1) == 1 &&
                            access(at_place("run/initramfs/program"), X_OK) == 0 && write(from[1], &byte, 1) == 1 &&
                            read(to[0], &byte, 1) == 1 && access(at_place("run/initramfs/program"), X_OK) < 0 &&
                            access(at_place("run/initramfs/live/file"), F_OK) == 0 &&
                            count_mounts(at_place("run/initramfs")) == 0;

                _exit(!good);
        }
        assert_int_equal(read(from[0], &byte, 1), 1);
        assert_int_equal(exec_allow(at_place("run/initramfs"), &changed), 0);
        assert_true(changed);
        assert_int_equal(write(to[1], &byte, 1), 1);
        assert_int_equal(read(from[0], &byte, 1), 1);
        exec_undo(at_place("run/initramfs"));
        assert_int_equal(write(to[1], &byte, 1), 1);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        for (int i = 0; i < 2; i++) {
                close(to[i]);
                close(from[i]);
        }
}

static void missing(void **state)
{
        bool changed = true;
        const char *said;
        int r = 0;

        (void)state;
        mount_run(MS_NOEXEC, MS_PRIVATE);
        said = HEAR(r = exec_allow(at_place("run/nothing"), &changed));
        assert_int_equal(r, -ENOENT);
        assert_false(changed);
        assert_non_null(strstr(said, "run/nothing"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(already_executable, teardown),
                cmocka_unit_test_teardown(made_executable, teardown),
                cmocka_unit_test_teardown(other_namespaces, teardown),
                cmocka_unit_test_teardown(missing, teardown),
        };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
