/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "exitrd/exitrd.h"

#define EXITRD(name) _cleanup_(exitrd_done) struct exitrd *name = NULL

static char dir[64];

static int make_dir_with_file(void **state)
{
        (void)state;
        if (mount("test", place, "tmpfs", MS_NODEV, "mode=755") < 0)
                return -1;
        snprintf(dir, sizeof(dir), "%s/dir", place);
        make_dir("dir");
        make_file("dir/theirs", "mine", 0600);
        return 0;
}

static int remove_dir(void **state)
{
        (void)state;
        return umount2(place, MNT_DETACH);
}

static ino_t mount_namespace(void)
{
        struct stat st;

        assert_int_equal(stat("/proc/self/ns/mnt", &st), 0);
        return st.st_ino;
}

/* Put a `shutdown` that runs into the tree, with a file called @name, and prepare it. @return as exitrd_prepare() */
static int fill(struct exitrd *exitrd, const char *name)
{
        _cleanup_close_ int fd = openat(exitrd_tree(exitrd), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        struct exclude exclude = { 0 };
        struct content brought;
        char command[256];

        snprintf(command, sizeof(command),
                 "cd /proc/%d/fd/%d && cp --parents $(ldd /bin/true | grep -o '/[^ :]* ' | sort -u) . && cp /bin/true "
                 "shutdown",
                 (int)getpid(), exitrd_tree(exitrd));
        return fd >= 0 && system(command) == 0 ? exitrd_prepare(exitrd, "image", "", &exclude, &brought) : -1;
}

static bool there(const char *name)
{
        return access(at_place(name), F_OK) == 0;
}

static int count_mounts(const char *path)
{
        _cleanup_free_ char *line = NULL;
        FILE *f = fopen("/proc/self/mountinfo", "re");
        size_t size = 0;
        char point[128];
        int count = 0;

        assert_non_null(f);
        while (getline(&line, &size, f) > 0)
                count += sscanf(line, "%*s %*s %*s %*s %127s", point) == 1 && strcmp(point, path) == 0;
        fclose(f);
        return count;
}

/* Without a commit nothing is mounted, and the program is back in its mount namespace. */
static void discarded(void **state)
{
        ino_t before = mount_namespace();
        EXITRD(exitrd);
        char cwd[64];

        (void)state;
        need_own_programs();
        assert_int_equal(chdir(dir), 0);
        assert_int_equal(exitrd_open(dir, &exitrd), 0);
        assert_int_equal(fill(exitrd, "new"), 0);
        assert_true(exitrd_used(exitrd) >= 4096);
        exitrd_done(&exitrd);
        assert_null(exitrd);
        assert_int_equal(mount_namespace(), before);
        assert_string_equal(getcwd(cwd, sizeof(cwd)), dir);
        assert_int_equal(chdir("/"), 0);
        assert_int_equal(count_mounts(dir), 0);
        assert_false(exitrd_is_finished(dir));
        assert_true(there("dir/theirs"));
}

static void missing_directory(void **state)
{
        char path[64];

        (void)state;
        need_own_programs();
        snprintf(path, sizeof(path), "%s/new", place);
        {
                EXITRD(discarded);

                assert_int_equal(exitrd_open(path, &discarded), 0);
                assert_true(there("new"));
        }
        assert_false(there("new"));
        {
                EXITRD(committed);

                assert_int_equal(exitrd_open(path, &committed), 0);
                assert_int_equal(fill(committed, "new"), 0);
                assert_int_equal(exitrd_commit(committed, false), 1);
        }
        assert_true(exitrd_is_finished(path));
}

static void committed(void **state)
{
        ino_t before = mount_namespace();
        EXITRD(exitrd);

        (void)state;
        need_own_programs();
        assert_int_equal(exitrd_open(dir, &exitrd), 0);
        assert_int_equal(fill(exitrd, "new"), 0);
        assert_int_equal(exitrd_commit(exitrd, false), 1);
        exitrd_done(&exitrd);
        assert_int_equal(mount_namespace(), before);
        assert_int_equal(count_mounts(dir), 1);
        assert_true(exitrd_is_finished(dir));
        assert_true(there("dir/new") && there("dir/theirs")); /* which was carried over */
        assert_int_equal(umount2(dir, 0), 0);                 /* nobody holds it */
        assert_false(there("dir/new"));
        assert_true(there("dir/theirs"));
}

static int commit_first(int origin)
{
        EXITRD(first);
        int r;

        /* qemu-user has a thread of its own, and setns() refuses to work for one of several threads. */
        if (unshare(CLONE_FS) < 0 || setns(origin, CLONE_NEWNS) < 0)
                return 1;
        if (exitrd_open(dir, &first) < 0 || fill(first, "first") < 0)
                return 1;
        r = exitrd_commit(first, false);
        return r == 1 ? 0 : 2;
}

/* Two at once: the first to commit wins, and its tree stays. */
static void somebody_was_faster(void **state)
{
        _cleanup_close_ int origin = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        EXITRD(second);
        int status;
        pid_t pid;

        (void)state;
        need_own_programs();
        assert_int_equal(exitrd_open(dir, &second), 0);
        assert_int_equal(fill(second, "second"), 0);
        pid = fork();
        if (pid == 0)
                _exit(commit_first(origin));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(exitrd_commit(second, false), 0);
        exitrd_done(&second);
        assert_int_equal(count_mounts(dir), 1);
        assert_true(there("dir/first"));
        assert_false(there("dir/second"));
}

/* PID 1 is in another mount namespace than this test. */
static void not_seen_by_pid_1(void **state)
{
        EXITRD(exitrd);
        const char *said;

        (void)state;
        need_own_programs();
        assert_int_equal(exitrd_open(dir, &exitrd), 0);
        assert_int_equal(fill(exitrd, "new"), 0);
        said = HEAR(assert_int_equal(exitrd_commit(exitrd, true), -EXDEV));
        assert_non_null(strstr(said, "PID 1 would not see the tree"));
        exitrd_done(&exitrd);
        assert_int_equal(count_mounts(dir), 0);
        assert_true(there("dir/theirs"));
}

static void without_shutdown(void **state)
{
        EXITRD(exitrd);
        struct exclude exclude = { 0 };
        struct content brought;
        const char *said;

        (void)state;
        make_file("dir/" EXITRD_NEED_SHUTDOWN, "", 0600);
        assert_int_equal(exitrd_open(dir, &exitrd), 0);
        said = HEAR(assert_true(exitrd_prepare(exitrd, "the image", "", &exclude, &brought) < 0));
        assert_non_null(strstr(said, "the image: it has no shutdown to run"));
        assert_int_equal(brought.entries, 0);
        exitrd_done(&exitrd);
        assert_true(exitrd_is_needed(dir));
}

static void marks(void **state)
{
        char none[64], file[64];

        (void)state;
        snprintf(none, sizeof(none), "%s/none", place);
        snprintf(file, sizeof(file), "%s/dir/theirs", place);
        assert_false(exitrd_is_needed(none));
        assert_false(exitrd_is_needed(file));
        assert_false(exitrd_is_needed(dir));
        assert_int_equal(symlink("dangling", at_place("dir/" EXITRD_NEED_SHUTDOWN)), 0);
        assert_true(exitrd_is_needed(dir));

        assert_false(exitrd_is_finished(none));
        assert_false(exitrd_is_finished(dir));
        make_file("dir/shutdown", "", 0644);
        assert_false(exitrd_is_finished(dir)); /* not executable */
        assert_int_equal(chmod(at_place("dir/shutdown"), 0755), 0);
        assert_true(exitrd_is_finished(dir));
        assert_int_equal(rename(at_place("dir/shutdown"), at_place("dir/other")), 0);
        assert_int_equal(symlink("other", at_place("dir/shutdown")), 0);
        assert_true(exitrd_is_finished(dir));
}

#define DIR_TEST(function) cmocka_unit_test_setup_teardown(function, make_dir_with_file, remove_dir)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                DIR_TEST(discarded),
                DIR_TEST(missing_directory),
                DIR_TEST(committed),
                DIR_TEST(somebody_was_faster),
                DIR_TEST(not_seen_by_pid_1),
                DIR_TEST(without_shutdown),
                DIR_TEST(marks),
        };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
