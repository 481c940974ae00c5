/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <stdlib.h>
#include <time.h>

#include "exitrd/check.h"

static char heard[4096];

/* Runs a shell command in the checked tree. */
static void in_tree(const char *command)
{
        char line[2048];

        snprintf(line, sizeof(line), "cd '%s/tree' && exec >/dev/null && { %s; }", place, command);
        assert_int_equal(system(line), 0);
}

static int setup(void **state)
{
        (void)state;
        make_dir("tree");
        in_tree("cp --parents $(ldd /bin/dash /bin/true | grep -o '/[^ :]* ' | sort -u) .;"
                "mkdir -p bin usr/bin; cp /bin/dash bin/; ln -s dash bin/sh; cp /bin/true usr/bin/");
        make_file("tree/shutdown", "#!/bin/sh\necho never >/ran\nexit 3\n", 0755);
        return 0;
}

static int teardown(void **state)
{
        char line[300];

        (void)state;
        snprintf(line, sizeof(line), "rm -rf '%s/tree'", place);
        return system(line);
}

static int check(void)
{
        _cleanup_close_ int tree = open_place("tree");
        int r = 0;

        snprintf(heard, sizeof(heard), "%s", HEAR(r = check_exitrd(tree, "IMAGE")));
        /* One line on failure, none on success; nothing was run. */
        if (r == 0)
                assert_string_equal(heard, "");
        else
                assert_ptr_equal(strchr(heard, '\n'), heard + strlen(heard) - 1);
        assert_int_equal(access(at_place("tree/ran"), F_OK), -1);
        return r;
}

#define HEARD(text) assert_non_null(strstr(heard, text))

static void good_script(void **state)
{
        struct timespec a, b;
        double ms, best = 1e9;

        (void)state;
        for (int i = 0; i < 20; i++) {
                clock_gettime(CLOCK_MONOTONIC, &a);
                assert_int_equal(check(), 0);
                clock_gettime(CLOCK_MONOTONIC, &b);
                ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
                best = MIN(best, ms);
        }
        print_message("the check took %.2f ms\n", best);
}

static void no_shutdown(void **state)
{
        (void)state;
        in_tree("rm shutdown");
        assert_int_equal(check(), -ENOENT);
        HEARD("no shutdown");
}

static void not_executable(void **state)
{
        (void)state;
        in_tree("chmod 644 shutdown");
        assert_int_equal(check(), -EACCES);
        in_tree("rm shutdown; mkdir shutdown");
        assert_int_equal(check(), -EACCES);
        in_tree("rmdir shutdown; mkfifo -m 755 shutdown");
        assert_int_equal(check(), -EACCES);
}

static void on_noexec(void **state)
{
        (void)state;
        assert_int_equal(mount(NULL, place, NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL), 0);
        assert_int_equal(check(), -EACCES);
        assert_int_equal(mount(NULL, place, NULL, MS_REMOUNT | MS_BIND, NULL), 0);
        assert_int_equal(check(), 0);
}

/* systemd checks that it is executable before the pivot, and executes it afterwards: both must find it. */
static void links(void **state)
{
        (void)state;
        in_tree("mv shutdown bin/run; ln -s bin/run shutdown");
        assert_int_equal(check(), 0);
        in_tree("ln -sf /nowhere/run shutdown; mkdir nowhere; cp bin/run nowhere");
        assert_int_equal(check(), -ENOENT);
        HEARD("its shutdown cannot be executed where it is");
        in_tree("ln -sf /bin/nothing shutdown");
        assert_int_equal(check(), -ENOENT);
        HEARD("it has no shutdown to run");
}

static void interpreter_missing(void **state)
{
        (void)state;
        in_tree("printf '#!/usr/bin/nothing -x\\n' >shutdown");
        assert_int_equal(check(), -ENOENT);
        HEARD("/shutdown needs /usr/bin/nothing");
        /* The host has it, which does not count. */
        in_tree("printf '#! /bin/sh\\n' >shutdown; ln -sf /bin/bash bin/sh");
        assert_int_equal(check(), -ENOENT);
        HEARD("/shutdown needs /bin/sh");
        in_tree("ln -sf ../../../../../bin/bash bin/sh");
        assert_int_equal(check(), -ENOENT);
}

static void library_missing(void **state)
{
        (void)state;
        in_tree("find . -name 'libc.so.*' -delete");
        assert_int_equal(check(), -ENOEXEC);

        HEARD("libc.so.6: cannot open shared object file");
}

static void loader_missing(void **state)
{
        (void)state;
        in_tree("find . -name 'ld-linux*' -delete; rm -rf lib64");
        assert_int_equal(check(), -ENOENT);
        HEARD("/bin/sh cannot be started there");
}

/* execvp() lets a shell run a file without a magic number; the kernel does not. */
static void empty_interpreter(void **state)
{
        (void)state;
        need_own_programs();
        in_tree("rm bin/sh; : >bin/bash; chmod 755 bin/bash; cp /bin/dash bin/sh; sed -i 1s/sh/bash/ shutdown");
        assert_true(check() < 0);
        HEARD("/bin/bash cannot be started there");
        in_tree("cp usr/bin/true shutdown; for l in $(find . -name 'ld-linux*'); do : >$l; chmod 755 $l; done");
        assert_true(check() < 0);
        HEARD("/shutdown cannot be started there");
}

static void syntax_error(void **state)
{
        (void)state;
        in_tree("printf '#!/bin/sh\\nif true; then\\n' >shutdown");
        assert_int_equal(check(), -ENOEXEC);

        HEARD("end of file unexpected");
}

static void arguments(void **state)
{
        (void)state;
        in_tree("printf '#!/bin/sh -e  \\nexit 3\\n' >shutdown");
        assert_int_equal(check(), 0);
        in_tree("printf '#!/bin/sh -\\nexit 3\\n' >shutdown");
        assert_int_equal(check(), 0);
        in_tree("printf '#!\\nexit 3\\n' >shutdown");
        assert_int_equal(check(), -ENOEXEC);
        in_tree("printf 'exit 3\\n' >shutdown");
        assert_int_equal(check(), -ENOEXEC);
        in_tree(": >shutdown");
        assert_int_equal(check(), -ENOEXEC);
}

/* bash takes its long options before the short ones. */
static void long_option(void **state)
{
        (void)state;
        in_tree("cp --parents $(ldd /bin/bash | grep -o '/[^ :]* ' | sort -u) .; cp /bin/bash bin/;"
                "printf '#!/bin/bash --norc\nexit 3\n' >shutdown");
        assert_int_equal(check(), 0);
        in_tree("printf '#!/bin/bash --norc\nif\n' >shutdown");
        assert_int_equal(check(), -ENOEXEC);
        in_tree("printf '#!/bin/bash --\nexit 3\n' >shutdown");
        assert_int_equal(check(), 0);
}

static void env_shell(void **state)
{
        (void)state;
        need_own_programs();
        in_tree("cp --parents $(ldd /usr/bin/env | grep -o '/[^ :]* ' | sort -u) .; cp /usr/bin/env usr/bin/;"
                "printf '#!/usr/bin/env dash\nexit 3\n' >shutdown");
        assert_int_equal(check(), 0);
        in_tree("printf '#!/usr/bin/env dash\nif\n' >shutdown");
        assert_int_equal(check(), -ENOEXEC);
        in_tree("printf '#!/usr/bin/env bash\nexit 3\n' >shutdown");
        assert_int_equal(check(), -ENOEXEC);
        HEARD("bash");
        in_tree("printf '#!/usr/bin/env -S dash -e\nexit 3\n' >shutdown");
        assert_int_equal(check(), 0);
}

static void busybox(void **state)
{
        (void)state;
        if (access("/bin/busybox", X_OK) < 0)
                skip();
        in_tree("cp --parents $(ldd /bin/busybox 2>&1 | grep -o '/[^ :]* ') . 2>/dev/null || :;"
                "cp /bin/busybox bin/; ln -sf busybox bin/sh");
        assert_int_equal(check(), 0);
        in_tree("printf '#!/bin/busybox sh\\nexit 3\\n' >shutdown");
        assert_int_equal(check(), 0);
        in_tree("printf '#!/bin/busybox sh\\nif\\n' >shutdown");
        assert_int_equal(check(), -ENOEXEC);
}

/* A static shell starts in any tree; the programs that it starts may not. */
static void static_shell(void **state)
{
        (void)state;
        need_own_programs();
        if (access("/bin/busybox", X_OK) < 0)
                skip();
        in_tree("rm bin/sh; cp /bin/busybox bin/sh; mkdir usr/sbin; ln -s ../bin/true usr/sbin/poweroff");
        assert_int_equal(check(), 0);
        in_tree("find . -name 'libc.so.*' -delete");
        assert_int_equal(check(), -ENOEXEC);
        HEARD("/usr/sbin/poweroff: ");
        HEARD("libc.so.6");
        in_tree("find . -name 'ld-linux*' -delete; rm -rf lib64");
        assert_int_equal(check(), -ENOENT);
        HEARD("/usr/sbin/poweroff needs /lib");
        if (getenv("EMULATED"))
                return; /* where a static busybox is for another machine than what is tested */
        /* A script or an applet has no loader. */
        in_tree("rm usr/sbin/poweroff; ln -s ../../bin/sh usr/sbin/poweroff; ln -s ../sbin/poweroff usr/bin/reboot");
        assert_int_equal(check(), 0);
        in_tree("rm usr/sbin/poweroff; cp shutdown usr/sbin/poweroff");
        assert_int_equal(check(), 0);
}

static void sourced(void **state)
{
        (void)state;
        in_tree("printf '#!/bin/sh\n. /lib/there\n' >shutdown; mkdir -p lib; : >lib/there");
        assert_int_equal(check(), 0);
        in_tree("rm lib/there; ln -s /usr/lib/other lib/there");
        assert_int_equal(check(), -ENOENT);
        HEARD("/shutdown needs /lib/there");
        in_tree("mkdir -p usr/lib; : >usr/lib/other");
        assert_int_equal(check(), 0);
        in_tree("rm usr/lib/other; mkdir usr/lib/other");
        assert_true(check() < 0);
        in_tree("printf '#!/bin/sh\ncommand -v getarg >/dev/null || . /lib/missing # why\n' >shutdown");
        assert_int_equal(check(), -ENOENT);
        HEARD("/shutdown needs /lib/missing: ");
        /* A conditional source, a name with a variable, a comment, a line that seems to begin with one. */
        in_tree("printf '#!/bin/sh\n[ ! -e /a ] || . /b\\n[ -e /b ] && . /b\n  . /c\n. \"/$d\"\n. ./e\n# || . /f\n' "
                ">shutdown;"
                "printf '%600s. /g\n' : >>shutdown");
        assert_int_equal(check(), 0);
}

/* `shutdown` may be a program. It is never started: it would shut the system down. */
static void program(void **state)
{
        (void)state;
        need_own_programs();
        in_tree("cp usr/bin/true shutdown");
        assert_int_equal(check(), 0);
        in_tree("find . -name 'libc.so.*' -delete");
        assert_int_equal(check(), -ENOEXEC);
        HEARD("libc.so.6");
        in_tree("find . -name 'ld-linux*' -delete; rm -rf lib64");
        assert_int_equal(check(), -ENOENT);
        HEARD("/shutdown needs /lib");
        in_tree("head -c 200 usr/bin/true >shutdown");
        assert_int_equal(check(), -ENOEXEC);
}

/* An interpreter that is no shell: the loader resolves its libraries. */
static void other_interpreter(void **state)
{
        (void)state;
        need_own_programs();
        in_tree("printf '#!/usr/bin/true\\n' >shutdown");
        assert_int_equal(check(), 0);
        in_tree("printf '#!/bin/script\\n' >shutdown; printf '#!/usr/bin/true\\n' >bin/script; chmod 755 bin/script");
        assert_int_equal(check(), 0);
        in_tree("printf '#!/bin/script\\n' >bin/script");
        assert_int_equal(check(), -ELOOP);
}

/* The image's shell can neither write to the tree nor stay running. */
static void hostile_shell(void **state)
{
        (void)state;
        /* A shell's background process reads /dev/null, or is not left running. */
        in_tree("mkdir dev; : >dev/null; rm bin/sh; printf '#!/bin/dash\necho loud; (echo >/ran) || (echo 2 "
                ">/shutdown) || (cd /; : >x) ||"
                "echo refused >&2\nwhile :; do :; done & exit 9' >bin/sh; chmod 755 bin/sh");
        assert_int_equal(check(), -ENOEXEC);
        HEARD("run: refused (status 9)");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                TEST(good_script),     TEST(no_shutdown),    TEST(not_executable),
                TEST(on_noexec),       TEST(links),          TEST(interpreter_missing),
                TEST(library_missing), TEST(loader_missing), TEST(empty_interpreter),
                TEST(syntax_error),    TEST(arguments),      TEST(busybox),
                TEST(static_shell),    TEST(sourced),        TEST(long_option),
                TEST(env_shell),       TEST(program),        TEST(other_interpreter),
                TEST(hostile_shell),
        };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
