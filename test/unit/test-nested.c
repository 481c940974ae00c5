/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/vfs.h>

#include "util/copy.h"
#include "util/log.h"
#include "nested/nested.h"

static char heard[4096];

#define MKFS_SQUASHFS "mksquashfs inner tree/%s -no-xattrs -noappend -quiet -no-progress -comp gzip"
#define MKFS_EROFS "mkfs.erofs -x -1 -z lz4 tree/%s inner"

/* Runs a shell command in the test's directory. */
static int sh(const char *command)
{
        char line[4096];

        snprintf(line, sizeof(line), "cd '%s' && exec >/dev/null && { %s; }", place, command);
        return system(line);
}

#define SH(command) assert_int_equal(sh(command), 0)

/* inner: the nested root. tree: the files around it in the image. */
static int setup(void **state)
{
        (void)state;
        SH("mkdir -p inner/usr/bin inner/etc/empty inner/sub/dir inner/var tree/usr/bin tree/usr/lib tree/squash "
           "tree/sub &&"
           "seq 1 100000 >inner/usr/bin/numbers && chmod 4755 inner/usr/bin/numbers && ln inner/usr/bin/numbers "
           "inner/second &&"
           "ln -s usr/bin inner/bin && echo inner >inner/init && chmod 750 inner/etc && touch -d @1000 inner/init "
           "inner/etc &&"
           "chown 12:34 inner/init && mkfifo inner/sub/fifo && : >inner/sub/dir/none && ln -s ../nowhere "
           "inner/sub/link &&"
           "echo inner >inner/var/kept && find inner ! -name init ! -name etc -print0 | xargs -0 touch -hd @2000 &&"
           "ln -s usr/bin tree/bin && echo outer >tree/init && echo outer >tree/usr/lib/module && echo outer "
           ">tree/sub/dir &&"
           "ln -s /var/tmp tree/var && mkdir -p tree/second/x");
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        return sh("rm -rf inner tree want got");
}

static struct exclude exclude; /* nothing, but in one test */
static struct content brought;

static int extract(void)
{
        _cleanup_close_ int tree = open_place("tree");
        int r = 0;

        brought = (struct content){ 0 };
        snprintf(heard, sizeof(heard), "%s", HEAR(r = nested_extract(tree, &exclude, &brought)));
        if (r >= 0 || r == -ENOSPC) /* the caller may try again with less */
                assert_string_equal(heard, "");
        else
                assert_ptr_equal(strchr(heard, '\n'), heard + strlen(heard) - 1);
        return r;
}

#define HEARD(text) assert_non_null(strstr(heard, text))

/* The tree has the inner files, and those that only the outer one had. */
static void compare(bool links)
{
        char counts[256];

        snprintf(counts, sizeof(counts), "[ $(find inner -mindepth 1 | wc -l) = %" PRIu64 " ]", brought.entries);
        SH(counts);
        snprintf(counts, sizeof(counts),
                 "[ $(find inner -type f -printf '%%s %%n\\n' | awk '{ n += int($1 / $2) } END { print n }') = %" PRIu64
                 " ]",
                 brought.bytes);
        if (links) /* else the data of such files is there for each name */
                SH(counts);
        SH("mkdir -p inner/squash && cp -a tree/usr/lib inner/usr/");
        SH("for d in inner tree; do (cd $d && find . -type d -printf '%p %y %m %U %G\\n' -o "
           "-printf '%p %y %m %U %G %s %T@ %l\\n' | sort >../$d.list); done; diff inner.list tree.list >&2");
        SH("diff -r --no-dereference -x fifo inner tree >&2");
        SH("[ $(stat -c %Y tree/etc) = $(stat -c %Y inner/etc) ]");
        if (links)
                SH("[ tree/second -ef tree/usr/bin/numbers ]");
}

static void make_image(const char *command, const char *name)
{
        char line[256];

        snprintf(line, sizeof(line), command, name);
        SH(line);
}

static void none(void **state)
{
        (void)state;
        assert_int_equal(extract(), 0);
        SH("[ -e tree/second/x ] && [ \"$(cat tree/init)\" = outer ]");
}

static void squashfs(void **state)
{
        (void)state;
        make_image(MKFS_SQUASHFS, "squashfs-root.img");
        assert_int_equal(extract(), 1);
        compare(true);
}

/* Names are left out of the extracted files only, and nothing else changes. */
static void left_out(void **state)
{
        char *globs[] = { (char *)"/usr/bin", (char *)"sub/l*" };

        (void)state;
        make_image(MKFS_SQUASHFS, "squashfs-root.img");
        exclude = (struct exclude){ globs, ELEMENTSOF(globs) };
        assert_int_equal(extract(), 1);
        exclude = (struct exclude){ 0 };
        SH("[ \"$(stat -c %Y tree/sub)\" = 2000 ]");
        SH("rm -r inner/usr/bin inner/sub/link && mkdir inner/usr/bin && rmdir tree/usr/bin inner/usr/bin");
        compare(false);
}

static void old_name(void **state)
{
        (void)state;
        make_image(MKFS_SQUASHFS, "squash-root.img");
        assert_int_equal(extract(), 1);
        compare(true);
}

static bool have_fsck_erofs(void)
{
        return sh("command -v fsck.erofs") == 0;
}

/* erofs-utils before 1.5 cannot extract, so the kernel mounts the image; they also store other times than the files'.
 */
static void make_erofs(void)
{
        if (!have_fsck_erofs())
                SH("find inner -print0 | xargs -0 touch -hd @2000");
        make_image(have_fsck_erofs() ? MKFS_EROFS : MKFS_EROFS " -T 2000", "erofs-root.img");
}

static void erofs(void **state)
{
        (void)state;
        SH("chmod 755 inner/second"); /* fsck.erofs 1.5 sets the mode and then the owner */
        make_erofs();
        assert_int_equal(extract(), 1);
        compare(false); /* and makes two files of one */
}

/* Without the tools: none is in this PATH. */
static int extract_without_tools(void)
{
        _cleanup_free_ char *path = strdup(getenv("PATH"));
        int r;

        setenv("PATH", at_place("none"), 1);
        r = extract();
        setenv("PATH", path, 1);
        return r;
}

/* Skips the test if the kernel cannot mount the image: no such file system, or no loop device. */
static void needs_kernel(const char *type, const char *name)
{
        char line[256];

        snprintf(line, sizeof(line),
                 "mkdir probe && mount -t %s -o ro,loop tree/%s probe 2>&1 && umount probe && rmdir probe", type, name);
        if (sh(line) != 0) {
                SH("rmdir probe");
                print_message("the kernel does not mount %s\n", type);
                skip();
        }
}

static void kernel_squashfs(void **state)
{
        (void)state;
        make_image(MKFS_SQUASHFS, "squashfs-root.img");
        needs_kernel("squashfs", "squashfs-root.img");
        assert_int_equal(extract_without_tools(), 1);
        compare(true);
        /* The loop device and its mount are gone. */
        SH("! grep -qs tree/squashfs /sys/block/loop*/loop/backing_file");
}

static void kernel_erofs(void **state)
{
        (void)state;
        make_erofs();
        needs_kernel("erofs", "erofs-root.img");
        assert_int_equal(extract_without_tools(), 1);
        compare(true);
}

static void neither(void **state)
{
        (void)state;
        make_image(MKFS_SQUASHFS, "squashfs-root.img");
        make_dir("none");
        assert_int_equal(mount("none", "/dev", "tmpfs", 0, NULL), 0);
        assert_true(extract_without_tools() < 0);
        assert_int_equal(umount("/dev"), 0);
        HEARD("squashfs-root.img: unsquashfs cannot be run (No such file or directory) and the kernel does not mount "
              "it");
        SH("rmdir none");
}

static void damaged(void **state)
{
        (void)state;
        SH("head -c 5000 /dev/zero >tree/squashfs-root.img");
        assert_int_equal(extract(), -EBADMSG);
        HEARD("squashfs-root.img is not a squashfs file system");
        SH(": >tree/squashfs-root.img");
        assert_int_equal(extract(), -EBADMSG);
        SH("rm tree/squashfs-root.img && mkdir tree/squashfs-root.img");
        assert_int_equal(extract(), -EBADMSG);
        SH("rmdir tree/squashfs-root.img && ln -s /etc/passwd tree/squashfs-root.img");
        assert_int_equal(extract(), -ELOOP);
        SH("rm tree/squashfs-root.img");

        make_image(MKFS_SQUASHFS, "squashfs-root.img");
        SH("truncate -s -4000 tree/squashfs-root.img");
        assert_int_equal(extract(), -EBADMSG);
        HEARD("unsquashfs: ");
        SH("rm tree/squashfs-root.img");
        make_image(MKFS_EROFS, "erofs-root.img");
        SH("truncate -s 4096 tree/erofs-root.img");
        assert_int_equal(extract(), have_fsck_erofs() ? -EBADMSG : -EIO);
        HEARD(have_fsck_erofs() ? "fsck.erofs: " : "Cannot extract the image's erofs-root.img");
}

/* A link in the outer tree does not lead the inner one out of it. */
static void no_escape(void **state)
{
        (void)state;
        SH("mkdir -p outside && rm -rf tree/usr tree/sub && ln -s ../outside tree/usr && ln -s \"$PWD/outside\" "
           "tree/sub");
        make_image(MKFS_SQUASHFS, "squashfs-root.img");
        assert_int_equal(extract(), 1);
        SH("[ -z \"$(ls -A outside)\" ] && [ -d tree/usr/bin ] && [ ! -L tree/usr ] && rmdir outside");
}

/* An erofs whose file is called ../../../outside/evil, which fsck.erofs 1.5 makes so. */
static void no_way_up(void **state)
{
        struct stat st;

        (void)state;
        SH("mkdir outside && touch -d @1000 outside");
        SH("echo evil >inner/AAAAAAAAAAAAAAAAAAAAA");
        make_image(MKFS_EROFS, "erofs-root.img");
        /* Its name; and no checksum of the superblock. */
        SH("LC_ALL=C sed -i s,AAAAAAAAAAAAAAAAAAAAA,../../../outside/evil, tree/erofs-root.img && "
           "printf '\\0' | dd of=tree/erofs-root.img bs=1 seek=1032 conv=notrunc 2>&1");
        (void)extract(); /* whether it is refused is the tool's or the kernel's to say */
        assert_int_equal(stat(at_place("outside"), &st), 0);
        assert_int_equal(st.st_mtime, 1000);
        SH("[ -z \"$(ls -A outside)\" ] && rmdir outside");
}

/* Opening a device can have effects, so it is refused unopened. */
static void no_device(void **state)
{
        (void)state;
        SH("mknod tree/squashfs-root.img c 10 229");
        assert_int_equal(extract(), -EBADMSG);
        HEARD("squashfs-root.img is not a squashfs file system");
}

/* A tmpfs that holds the image but not its contents, limited in bytes and in inodes. */
static void small_tmpfs(const char *options, const char *mkfs, const char *name, bool tools)
{
        char mount_tree[256];

        SH("rm -rf tree && mkdir tree && head -c 24M /dev/urandom >random && cat random random >inner/big && rm random "
           "&&"
           "mkdir inner/many && (cd inner/many && seq 1 300 | xargs touch)");
        snprintf(mount_tree, sizeof(mount_tree), "mount -t tmpfs -o %s t tree", options);
        SH(mount_tree);
        make_image(mkfs, name);
        assert_int_equal(tools ? extract() : extract_without_tools(), -ENOSPC);
        assert_int_equal(umount(at_place("tree")), 0);
}

static void no_room(void **state)
{
        (void)state;
        small_tmpfs("size=60m", MKFS_SQUASHFS, "squashfs-root.img", true);
        SH("rm -rf inner/many inner/big");
        small_tmpfs("size=60m,nr_inodes=100", MKFS_SQUASHFS, "squashfs-root.img", true);
        SH("rm -rf inner/many inner/big");
        small_tmpfs("size=60m", MKFS_EROFS, "erofs-root.img", true);
}

static void kernel_no_room(void **state)
{
        (void)state;
        make_image(MKFS_SQUASHFS, "squashfs-root.img");
        needs_kernel("squashfs", "squashfs-root.img");
        small_tmpfs("size=60m,nr_inodes=100", MKFS_SQUASHFS, "squashfs-root.img", false);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(none),           TEST(squashfs), TEST(old_name),  TEST(erofs),     TEST(kernel_squashfs),
                TEST(kernel_erofs),   TEST(neither),  TEST(damaged),   TEST(no_escape), TEST(no_room),
                TEST(kernel_no_room), TEST(left_out), TEST(no_way_up), TEST(no_device),
        };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
