/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <linux/openat2.h>
#include <sys/stat.h>

#include "util/fs.h"

static void entries(void **state)
{
        _cleanup_close_ int dir = -1;
        unsigned names = 0;

        (void)state;
        make_dir("entries");
        make_file("entries/.hidden", "", 0600);
        make_file("entries/..both", "", 0600);
        make_dir("entries/directory");
        dir = open(at_place("entries"), O_PATH | O_DIRECTORY | O_CLOEXEC);
        for (int i = 0; i < 2; i++) { /* the descriptor's position is its own */
                _cleanup_(closedirp) DIR *found = fs_open_entries(dir);
                struct dirent *entry;

                assert_non_null(found);
                while ((entry = fs_next_entry(found)))
                        names += strcmp(entry->d_name, ".hidden") == 0  ? 1
                                 : strcmp(entry->d_name, "..both") == 0 ? 10
                                                                        : 100;
                assert_int_equal(errno, 0);
        }
        assert_int_equal(names, 222);
        assert_null(fs_open_entries(-1));
        assert_int_equal(errno, EBADF);
}

static void opened(void **state)
{
        _cleanup_close_ int dir = open_place("."), fd = -1;
        struct stat st;

        (void)state;
        make_file("file", "x", 0600);
        assert_int_equal(symlink("/file", at_place("link")), 0);
        fd = fs_open(dir, "link", O_RDONLY, RESOLVE_IN_ROOT);
        assert_true(fd >= 0);
        assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        fd = safe_close(fd);
        fd = fs_open(dir, "", O_PATH, RESOLVE_IN_ROOT);
        assert_int_equal(fstat(fd, &st), 0);
        assert_true(S_ISDIR(st.st_mode));
        assert_int_equal(fs_open(dir, "link", O_RDONLY, RESOLVE_NO_SYMLINKS), -ELOOP);
        assert_int_equal(fs_open(dir, "../etc", O_PATH, RESOLVE_BENEATH), -EXDEV);
        assert_int_equal(fs_open(dir, "none", O_RDONLY, 0), -ENOENT);
}

/* Everything of @from from @offset on, with @size wanted. Returns what fs_copy() does. */
static int copy(int from, uint64_t offset, uint64_t size, int to, uint64_t *left)
{
        *left = size;
        return fs_copy(from, &offset, to, left);
}

static void modes(void **state)
{
        _cleanup_close_ int dir = open_place(".");
        struct stat st;

        (void)state;
        make_file("mode", "", 0600);
        assert_int_equal(mkfifo(at_place("mode-fifo"), 0600), 0);
        assert_int_equal(symlink("mode", at_place("mode-link")), 0);
        assert_int_equal(fs_chmod(dir, "mode", 04711), 0);
        assert_int_equal(fs_chmod(dir, "mode-fifo", 0611), 0); /* which is not opened, as that would wait */
        assert_int_equal(fs_chmod(dir, "mode-link", 0777), -ELOOP);
        assert_int_equal(fs_chmod(dir, "mode-none", 0777), -ENOENT);
        assert_int_equal(stat(at_place("mode"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 04711);
        assert_int_equal(stat(at_place("mode-fifo"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0611);
}

static void copied(void **state)
{
        static char bytes[300000], again[sizeof(bytes) + 1];
        _cleanup_close_ int from = -1, to = test_file("ab", 2);
        uint64_t left;

        (void)state;
        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char)(i * 7 + i / 251);
        from = test_file(bytes, sizeof(bytes));
        assert_int_equal(copy(from, 10, sizeof(bytes) - 10, to, &left), 0);
        assert_int_equal(left, 0);
        assert_int_equal(pread(to, again, sizeof(again), 2), sizeof(bytes) - 10);
        assert_memory_equal(again, bytes + 10, sizeof(bytes) - 10);
        assert_int_equal(copy(from, sizeof(bytes) - 5, 9, to, &left), -ENODATA);
        assert_int_equal(left, 4);
        assert_int_equal(copy(from, 0, 0, to, &left), 0);
        assert_int_equal(copy(-1, 0, 1, to, &left), -EBADF);
}

/* sendfile() refuses a file that is open for appending. */
static void copied_through_memory(void **state)
{
        _cleanup_close_ int from = test_file("0123456789", 10), to = -1;
        char again[16] = "";
        uint64_t left;

        (void)state;
        to = open(at_place("appended"), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        assert_int_equal(copy(from, 3, 7, to, &left), 0);
        assert_int_equal(pread(to, again, sizeof(again), 0), 7);
        assert_string_equal(again, "3456789");
        assert_int_equal(copy(from, 3, 8, to, &left), -ENODATA);
        assert_int_equal(left, 1);
}

/* After ENOSPC the rest can be copied to a place with room. */
static void full(void **state)
{
        static char bytes[200000];
        _cleanup_close_ int from = test_file(bytes, sizeof(bytes)), to = -1;
        uint64_t offset = 0, left = sizeof(bytes);
        struct stat st;

        (void)state;
        make_dir("small");
        assert_int_equal(mount("small", at_place("small"), "tmpfs", 0, "size=64k"), 0);
        to = open(at_place("small/file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(fs_copy(from, &offset, to, &left), -ENOSPC);
        assert_true(left > 0 && left < sizeof(bytes));
        assert_int_equal(offset + left, sizeof(bytes));
        assert_int_equal(mount(NULL, at_place("small"), NULL, MS_REMOUNT, "size=1m"), 0);
        assert_int_equal(fs_copy(from, &offset, to, &left), 0);
        assert_int_equal(fstat(to, &st), 0);
        assert_int_equal(st.st_size, sizeof(bytes));
        to = safe_close(to);
        assert_int_equal(umount(at_place("small")), 0);
}

static void written(void **state)
{
        _cleanup_close_ int file = test_file("", 0), full_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

        (void)state;
        assert_int_equal(fs_write(file, "abc", 3), 3);
        assert_int_equal(fs_write(full_fd, "abc", 3), -ENOSPC);
        assert_int_equal(fs_write(-1, "abc", 3), -EBADF);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(entries),
                cmocka_unit_test(opened),
                cmocka_unit_test(modes),
                cmocka_unit_test(copied),
                cmocka_unit_test(copied_through_memory),
                cmocka_unit_test(full),
                cmocka_unit_test(written),
        };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
