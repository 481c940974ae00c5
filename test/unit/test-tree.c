/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <sys/sysmacros.h>

#include "unpack/tree.h"

/* Each test has a tree of its own in a directory, with a file beside it that nothing may change. */
static struct tree tree;
static int root = -1;

static int make_tree(void **state)
{
        (void)state;
        if (mkdir(at_place("tree"), 0755) < 0 || mkdir(at_place("outside"), 0700) < 0)
                return -1;
        root = open_place("tree");
        tree_init(&tree, root);
        return 0;
}

static int remove_tree(void **state)
{
        (void)state;
        tree_done(&tree);
        root = safe_close(root);
        return umount2(place, MNT_DETACH) == 0 && mount("test", place, "tmpfs", MS_NODEV, "mode=755") == 0 ? 0 : -1;
}

static struct newc header(uint32_t mode)
{
        return (struct newc){ .mode = mode, .uid = 3, .gid = 4, .nlink = 1, .mtime = 1000 };
}

static struct stat look(const char *name)
{
        struct stat st;

        assert_int_equal(fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW), 0);
        return st;
}

static bool there(const char *name)
{
        struct stat st;

        return fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_made(const char *name, uint32_t mode)
{
        struct stat st = look(name);

        assert_int_equal(st.st_mode, mode);
        assert_int_equal(st.st_uid, 3);
        assert_int_equal(st.st_gid, 4);
        assert_int_equal(st.st_mtime, 1000);
}

/* Make a regular file with @text in it. @return as tree_file() */
static int put_file(const char *name, const char *text, bool linked, bool *ret_new)
{
        struct newc h = header(S_IFREG | 04755);
        _cleanup_close_ int fd = -1;
        int r;

        h.filesize = (uint32_t)strlen(text);
        r = tree_file(&tree, name, &h, linked, ret_new, &fd);
        if (r != 0)
                return r;
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_int_equal(tree_file_times(fd, h.mtime), 0);
        return 0;
}

static int make(const char *name, uint32_t mode)
{
        struct newc h = header(mode);
        bool is_new;

        if (S_ISREG(mode))
                return put_file(name, "data", false, &is_new);
        if (S_ISLNK(mode))
                return tree_symlink(&tree, name, "target", &h);
        return S_ISDIR(mode) ? tree_directory(&tree, name, &h) : tree_node(&tree, name, &h);
}

static const uint32_t types[] = { S_IFREG | 04755, S_IFLNK | 0777, S_IFDIR | 01750, S_IFCHR | 0600,
                                  S_IFBLK | 0640,  S_IFIFO | 0622, S_IFSOCK | 0755 };

static void each_type(void **state)
{
        struct newc device = header(S_IFCHR | 0600);
        char target[16] = "";

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                char name[8];

                snprintf(name, sizeof(name), "%zu", i);
                assert_int_equal(make(name, types[i]), 0);
                if (!S_ISDIR(types[i])) /* whose time is set at the end */
                        assert_made(name, types[i]);
        }
        assert_int_equal(tree_finish(&tree), 0);
        assert_made("2", types[2]);
        assert_int_equal(readlinkat(root, "1", target, sizeof(target)), 6);
        device.rdev_major = 0x12345678; /* as the kernel's MKDEV() cuts it */
        device.rdev_minor = 5;
        assert_int_equal(tree_node(&tree, "device", &device), 0);
        assert_int_equal(look("device").st_rdev, makedev(0x678, 5));
}

/* A file of another type is removed, and one of the same type stays. */
static void each_over_each(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                for (size_t j = 0; j < ELEMENTSOF(types); j++) {
                        char name[8];
                        ino_t before;

                        snprintf(name, sizeof(name), "%zu-%zu", i, j);
                        assert_int_equal(make(name, types[i]), 0);
                        before = look(name).st_ino;
                        assert_int_equal(make(name, types[j]), 0);
                        assert_int_equal(look(name).st_mode, types[j]);
                        if (i == j && !S_ISLNK(types[i]))
                                assert_int_equal(look(name).st_ino, before);
                }
}

static void filled_directory_stays(void **state)
{
        (void)state;
        assert_int_equal(make("d", S_IFDIR | 0700), 0);
        assert_int_equal(make("d/f", S_IFREG | 04755), 0);
        assert_int_equal(make("d", S_IFREG | 04755), TREE_SKIPPED);
        assert_int_equal(tree_clean(&tree, "d", 0), TREE_SKIPPED);
        assert_made("d/f", S_IFREG | 04755);
        assert_int_equal(tree_clean(&tree, "d", S_IFDIR), 0); /* of the type that is wanted */
        assert_int_equal(tree_clean(&tree, "d/f", S_IFREG), 0);
        assert_true(there("d/f"));
        assert_int_equal(tree_clean(&tree, "d/f", S_IFLNK), 0);
        assert_false(there("d/f"));
        assert_int_equal(tree_clean(&tree, "d", 0), 0);
        assert_false(there("d"));
}

static void parents(void **state)
{
        (void)state;
        assert_int_equal(make("a/b/c", S_IFIFO | 0622), 0);
        assert_int_equal(look("a/b").st_mode, S_IFDIR | 0755);
        assert_int_equal(look("a/b").st_uid, 0);
        assert_int_equal(make("f", S_IFREG | 04755), 0);
        assert_int_equal(make("f/below", S_IFREG | 04755), TREE_SKIPPED);
        /* an entry without a type makes no parents */
        assert_int_equal(tree_clear(&tree, "no/such", 0644), TREE_SKIPPED);
        assert_false(there("no"));
        assert_int_equal(tree_clear(&tree, "a/b/c", 0644), 0);
        assert_false(there("a/b/c"));
        assert_int_equal(make("x/y", S_IFIFO | 0622), 0); /* the next entry does again */
        assert_true(there("x/y"));
}

static void links(void **state)
{
        bool is_new = true;
        struct stat st;

        (void)state;
        assert_int_equal(put_file("one", "longer", false, &is_new), 0);
        assert_true(is_new);
        assert_int_equal(make("two", S_IFLNK | 0777), 0);
        assert_int_equal(tree_link(&tree, "two", "one"), 0); /* what stood there goes */
        assert_int_equal(look("two").st_ino, look("one").st_ino);
        assert_int_equal(put_file("two", "new", true, &is_new), 0);
        assert_false(is_new);
        st = look("one");
        assert_int_equal(st.st_size, 3);
        assert_int_equal(st.st_nlink, 2);
        assert_int_equal(put_file("one", "4444", false, &is_new), 0); /* the same file, links and all */
        assert_false(is_new);
        assert_int_equal(look("two").st_size, 4);

        assert_int_equal(tree_link(&tree, "three", "none"), TREE_SKIPPED);
        assert_int_equal(make("d", S_IFDIR | 0700), 0);
        assert_int_equal(tree_link(&tree, "three", "d"), TREE_SKIPPED);
        assert_false(there("three"));
}

/* The root is /, for names and for links. */
static void nothing_outside(void **state)
{
        struct newc h = header(S_IFLNK | 0777);
        struct stat before, after;
        char outside[64];

        (void)state;
        make_file("outside/file", "mine", 0600);
        assert_int_equal(stat(at_place("outside"), &before), 0);
        snprintf(outside, sizeof(outside), "%s/outside", place);
        assert_int_equal(tree_symlink(&tree, "absolute", outside, &h), 0);
        assert_int_equal(tree_symlink(&tree, "relative", "../outside", &h), 0);
        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                static const char *const names[] = { "absolute/file", "relative/file", "../outside/file",
                                                     "relative/new" };

                for (size_t j = 0; j < ELEMENTSOF(names); j++)
                        (void)make(names[j], types[i]);
        }
        assert_int_equal(make("../up", S_IFREG | 04755), 0);
        assert_made("up", S_IFREG | 04755);
        assert_int_equal(tree_finish(&tree), 0);
        assert_int_equal(stat(at_place("outside"), &after), 0);
        assert_memory_equal(&before.st_ctim, &after.st_ctim, sizeof(after.st_ctim));
        assert_int_equal(stat(at_place("outside/file"), &after), 0);
        assert_int_equal(after.st_size, 4);
        assert_int_equal(after.st_mode, S_IFREG | 0600);
}

/* Of several times of a directory the first is set last, after all its files are made. */
static void times_of_directories(void **state)
{
        struct newc first = header(S_IFDIR | 0700), second = header(S_IFDIR | 0711);

        (void)state;
        second.mtime = 2000;
        assert_int_equal(tree_directory(&tree, "d", &first), 0);
        assert_int_equal(tree_directory(&tree, "gone", &first), 0);
        assert_int_equal(tree_directory(&tree, "d", &second), 0);
        assert_int_equal(make("d/f", S_IFREG | 04755), 0);
        assert_int_equal(tree_clear(&tree, "gone", 0644), 0);
        assert_int_equal(tree_finish(&tree), 0);
        assert_made("d", S_IFDIR | 0711);
        assert_false(there("gone"));
}

static void full(void **state)
{
        int r = 0;

        (void)state;
        assert_int_equal(mount("test", at_place("tree"), "tmpfs", 0, "nr_inodes=8"), 0);
        tree_done(&tree);
        root = safe_close(root);
        root = open_place("tree");
        tree_init(&tree, root);
        for (unsigned i = 0; i < 8 && r == 0; i++) {
                char name[12];

                assert_false(tree.full);
                snprintf(name, sizeof(name), "%u", i);
                r = make(name, types[i % ELEMENTSOF(types)]);
        }
        assert_int_equal(r, -ENOSPC);
        assert_true(tree.full);
}

static int settled;

static void count(void *argument)
{
        assert_ptr_equal(argument, &tree);
        settled++;
}

/* Before an existing file is cut, its writers are waited for. */
static void settles(void **state)
{
        (void)state;
        tree.settle = count;
        tree.settle_argument = &tree;
        assert_int_equal(make("f", S_IFREG | 04755), 0);
        assert_int_equal(settled, 0);
        assert_int_equal(make("f", S_IFREG | 04755), 0);
        assert_int_equal(settled, 1);
}

#define TREE_TEST(function) cmocka_unit_test_setup_teardown(function, make_tree, remove_tree)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                TREE_TEST(each_type), TREE_TEST(each_over_each),  TREE_TEST(filled_directory_stays), TREE_TEST(parents),
                TREE_TEST(links),     TREE_TEST(nothing_outside), TREE_TEST(times_of_directories),   TREE_TEST(full),
                TREE_TEST(settles),
        };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
