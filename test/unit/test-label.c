/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <time.h>

#include "exitrd/label.h"

static char heard[4096];

/* libselinux before 3.8 never closes the handle that it was given. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
        return "leak:selabel_open\n";
}

static int sh(const char *command)
{
        char line[4096];

        snprintf(line, sizeof(line), "cd '%s' && { %s; }", place, command);
        return system(line);
}

#define SH(command) assert_int_equal(sh(command), 0)

/* A small policy, with one of each kind that a real one has. */
static const char contexts[] = "/.*\tsystem_u:object_r:default_t:s0\n"
                               "/\t-d\tsystem_u:object_r:root_t:s0\n"
                               "/etc(/.*)?\tsystem_u:object_r:etc_t:s0\n"
                               "/etc/shadow.*\t--\tsystem_u:object_r:shadow_t:s0\n"
                               "/dev(/.*)?\tsystem_u:object_r:device_t:s0\n"
                               "/dev/null\t-c\tsystem_u:object_r:null_device_t:s0\n"
                               "/proc/.*\t<<none>>\n"
                               "/(usr/)?s?bin(/.*)?\tsystem_u:object_r:bin_t:s0\n"
                               "/(usr/)?bin/bash\t--\tsystem_u:object_r:shell_exec_t:s0\n"
                               "/usr/lib(/.*)?\tsystem_u:object_r:lib_t:s0\n"
                               "/usr/lib/.*\\.so(\\.[0-9]+)*\t--\tsystem_u:object_r:textrel_shlib_t:s0\n"
                               "/run/.*\t-p\tsystem_u:object_r:fifo_t:s0:c1,c2\n";

static int setup(void **state)
{
        (void)state;
        SH("mkdir -p sys/fs/selinux etc/selinux/small/contexts/files && : >sys/fs/selinux/enforce &&"
           "printf '# a comment\\nSELINUX=permissive\\n SELINUXTYPE=small # this one\\n' >etc/selinux/config &&"
           "printf '/lib /usr/lib\\n/usr/lib64 /usr/lib\\n' >etc/selinux/small/contexts/files/file_contexts.subs_dist "
           "&&"
           "mkdir tree && cd tree && mkdir -p etc/ssh dev proc usr/bin usr/lib/modules/6.1/kernel run lib && ln -s "
           "usr/bin bin &&"
           ": >etc/passwd && : >etc/shadow && : >etc/shadow- && mknod dev/null c 1 3 && : >proc/here && mkfifo "
           "run/pipe && : >lib/a.so.1 &&"
           ": >usr/bin/bash && : >shutdown && ln -s bash usr/bin/sh && : >'etc/new\nline' &&"
           "for i in $(seq 300); do : >usr/lib/modules/6.1/kernel/$i.ko && : >usr/lib/lib$i.so.$i && : "
           ">usr/bin/program$i; done &&"
           "for i in $(seq 90); do : >opt$i; done");
        make_file("etc/selinux/small/contexts/files/file_contexts", contexts, 0644);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        return sh("rm -rf sys etc tree theirs");
}

static int label(void)
{
        _cleanup_close_ int tree = open_place("tree");
        int r = 0;

        snprintf(heard, sizeof(heard), "%s", HEAR(r = label_tree(tree, place)));
        if (r >= 0)
                assert_string_equal(heard, "");
        else
                assert_ptr_equal(strchr(heard, '\n'), heard + strlen(heard) - 1);
        return r;
}

static const char *label_of(const char *name)
{
        static char value[256];
        ssize_t n = lgetxattr(at_place(name), "security.selinux", value, sizeof(value) - 1);

        value[MAX(n, (ssize_t)0)] = '\0';
        return value;
}

static double milliseconds(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The same labels as from setfiles, called as dracut does, on a fresh tree and on a labelled one. */
static void as_setfiles(void **state)
{
        double ours, theirs;

        (void)state;
        if (sh("command -v setfiles getfattr >/dev/null") != 0)
                skip();
        SH("cp -a tree theirs");
        theirs = milliseconds();
        SH("setfiles -v -r $PWD/theirs etc/selinux/small/contexts/files/file_contexts $PWD/theirs >/dev/null");
        theirs = milliseconds() - theirs;
        ours = milliseconds();
        assert_int_equal(label(), 1);
        ours = milliseconds() - ours;
        print_message("ours %.1f ms, setfiles %.1f ms with its shell\n", ours, theirs);

        SH("for d in tree theirs; do (cd $d && find . -print0 | sort -z | xargs -0 getfattr -hd -m security.selinux "
           ">../$d.list); done;"
           "[ $(grep -c ^security.selinux theirs.list) -ge 1000 ] && cmp tree.list theirs.list && rm *.list");
        assert_string_equal(label_of("tree"), "system_u:object_r:root_t:s0");
        assert_string_equal(label_of("tree/usr/bin/bash"), "system_u:object_r:shell_exec_t:s0");
        assert_string_equal(label_of("tree/lib/a.so.1"), "system_u:object_r:textrel_shlib_t:s0");
        assert_string_equal(label_of("tree/run/pipe"), "system_u:object_r:fifo_t:s0:c1,c2");
        assert_string_equal(label_of("tree/dev/null"), "system_u:object_r:null_device_t:s0");
        assert_string_equal(label_of("tree/proc/here"), "");

        SH("for d in tree theirs; do setfattr -n security.selinux -v who_u:object_r:tmpfs_t:s0 $d/etc/passwd "
           "$d/proc/here;"
           "setfattr -h -n security.selinux -v system_u:object_r:wrong_t:s0 $d/bin; done;"
           "setfiles -r $PWD/theirs etc/selinux/small/contexts/files/file_contexts $PWD/theirs");
        assert_int_equal(label(), 1);
        SH("for d in tree theirs; do (cd $d && find . -print0 | sort -z | xargs -0 getfattr -hd -m security.selinux "
           ">../$d.list); done;"
           "cmp tree.list theirs.list && rm *.list");
        assert_string_equal(label_of("tree/bin"), "system_u:object_r:bin_t:s0");
}

static void compiled_contexts(void **state)
{
        (void)state;
        if (sh("command -v sefcontext_compile >/dev/null") != 0)
                skip();
        SH("sefcontext_compile etc/selinux/small/contexts/files/file_contexts");
        assert_int_equal(label(), 1);
        assert_string_equal(label_of("tree/etc/shadow"), "system_u:object_r:shadow_t:s0");
        /* The contexts are mapped once, however many trees there are. */
        for (int i = 0; i < 3; i++)
                assert_int_equal(label(), 1);
        SH("[ $(grep -c \"$PWD/etc/selinux/small/contexts/files/file_contexts.bin\" /proc/$PPID/maps) -le 1 ]");
}

static void nothing_to_do(void **state)
{
        static const char *const why[] = {
                "printf 'SELINUXTYPE=small\\nSELINUX=disabled\\n' >etc/selinux/config",
                "printf 'SELINUX=enforcing\\n' >etc/selinux/config",
                "printf 'SELINUXTYPE=other\\n' >etc/selinux/config",
                "printf 'SELINUXTYPE=../small\\n' >etc/selinux/config",
                "rm etc/selinux/config",
                "printf 'SELINUXTYPE=small\\n' >etc/selinux/config && rm sys/fs/selinux/enforce",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(why); i++) {
                SH(why[i]);
                assert_int_equal(label(), 0);
                assert_string_equal(label_of("tree/etc"), "");
        }
}

static void damaged_policy(void **state)
{
        void *library = dlopen("libselinux.so.1", RTLD_NOW);

        (void)state;
        if (library && !dlsym(library, "selinux_restorecon_parallel")) {
                print_message("libselinux before 3.4 passes over what it has no use for\n");
                skip();
        }
        make_file("etc/selinux/small/contexts/files/file_contexts", "/etc(/.*\tsystem_u:object_r:etc_t:s0\n", 0644);
        assert_true(label() < 0);
        assert_non_null(strstr(heard, "contexts/files/file_contexts"));
}

/* If no label can be set, it fails and says so. */
static void no_labels(void **state)
{
        (void)state;
        assert_int_equal(mount("none", at_place("tree"), "ramfs", 0, NULL), 0);
        make_file("tree/file", "", 0644);
        assert_int_equal(label(), -EOPNOTSUPP);
        assert_int_equal(umount(at_place("tree")), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(as_setfiles), TEST(compiled_contexts), TEST(nothing_to_do), TEST(damaged_policy), TEST(no_labels),
        };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
