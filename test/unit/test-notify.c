/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mounts.h"

#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "util/log.h"
#include "util/notify.h"

static char got[8192];

static int listen_at(const char *name)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t length = strlen(name);
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        memcpy(address.sun_path, name, length);
        if (name[0] == '@')
                address.sun_path[0] = '\0';
        assert_int_equal(bind(fd, (struct sockaddr *)&address,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                         0);
        assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
        notify_setup(false, 0);
        return fd;
}

/* The next message in @got, or "" if there is none. */
static const char *next(int fd)
{
        ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

        got[MAX(n, (ssize_t)0)] = '\0';
        return got;
}

static int teardown(void **state)
{
        (void)state;
        unsetenv("NOTIFY_SOCKET");
        notify_setup(false, 0);
        return 0;
}

static void speak(int fd)
{
        notify_progress("Unpacking", 0, 1000);
        assert_string_equal(next(fd), "STATUS=Unpacking: 0%\n");
        /* Too soon for another report, but the end is reported. */
        for (uint64_t i = 1; i <= 1000; i++)
                notify_progress("Unpacking", i, 1000);
        assert_string_equal(next(fd), "STATUS=Unpacking: 100%\n");
        assert_string_equal(next(fd), "");
        notify_progress("Labelling", 5 << 20, 0);
        assert_string_equal(next(fd), "STATUS=Labelling: 5 MiB\n");
        notify_status("one\nREADY=1");
        assert_string_equal(next(fd), "STATUS=one\\x0aREADY=1\n");
        (void)HEAR(log_error(-ENOENT, "Cannot do it"));
        assert_string_equal(next(fd), "STATUS=Cannot do it: No such file or directory\n");
}

static void path_socket(void **state)
{
        _cleanup_close_ int fd = listen_at(at_place("socket"));

        (void)state;
        speak(fd);
}

static void abstract_socket(void **state)
{
        _cleanup_close_ int fd = -1;
        char name[64];

        (void)state;
        snprintf(name, sizeof(name), "@dracut-restore-test-%d", getpid());
        fd = listen_at(name);
        speak(fd);
}

static void rate(void **state)
{
        _cleanup_close_ int fd = listen_at(at_place("socket2"));
        unsigned messages = 0;
        struct timespec start, end;
        int64_t took;

        (void)state;
        clock_gettime(CLOCK_MONOTONIC, &start);
        for (unsigned i = 0; i < 50; i++) {
                notify_progress("Unpacking", i, 100);
                while (*next(fd)) /* the socket holds no more than ten or so */
                        messages++;
                nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
        }
        clock_gettime(CLOCK_MONOTONIC, &end);
        took = (end.tv_sec - start.tv_sec) * INT64_C(1000000000) + end.tv_nsec - start.tv_nsec;
        /* One at once, then one each tenth of a second. The steps take half a second, more on a busy machine. */
        assert_true(messages >= 5 && messages <= 1 + took / 100000000);
}

/* A manager that never reads must not block the program. */
static void full_socket(void **state)
{
        _cleanup_close_ int fd = listen_at(at_place("socket3"));

        (void)state;
        for (unsigned i = 0; i < 10000; i++)
                notify_status("again");
        assert_string_equal(next(fd), "STATUS=again\n");
}

static void nobody(void **state)
{
        static const char *const names[] = { "", "x", "/no/such/socket", "@", "vsock:2:1234" };
        char longest[200];

        (void)state;
        memset(longest, '/', sizeof(longest));
        longest[sizeof(longest) - 1] = '\0';
        setenv("NOTIFY_SOCKET", longest, 1);
        for (size_t i = 0; i <= ELEMENTSOF(names); i++) {
                notify_setup(false, 0);
                notify_progress("Unpacking", 1, 2);
                notify_status("nothing");
                if (i < ELEMENTSOF(names))
                        setenv("NOTIFY_SOCKET", names[i], 1);
        }
}

/* What @act shows on a terminal of @columns. */
#define SHOWN(columns, act)                                                          \
        ({                                                                           \
                struct winsize size_ = { .ws_row = 25, .ws_col = (columns) };        \
                int saved_ = dup(STDERR_FILENO), ours_, theirs_;                     \
                size_t used_ = 0;                                                    \
                ssize_t n_;                                                          \
                                                                                     \
                assert_int_equal(openpty(&ours_, &theirs_, NULL, NULL, &size_), 0);  \
                dup2(theirs_, STDERR_FILENO);                                        \
                act;                                                                 \
                dup2(saved_, STDERR_FILENO);                                         \
                close(saved_), close(theirs_);                                       \
                while ((n_ = read(ours_, got + used_, sizeof(got) - 1 - used_)) > 0) \
                        used_ += (size_t)n_;                                         \
                got[used_] = '\0';                                                   \
                close(ours_);                                                        \
                got;                                                                 \
        })

static void bar(void **state)
{
        (void)state;
        assert_string_equal(SHOWN(80,
                                  {
                                          notify_setup(true, 0);
                                          notify_progress("Unpacking", 25, 100);
                                          log_error(0, "stop");
                                  }),
                            "\rUnpacking [##########..............................]  25%\033[K"
                            "\r\033[Ktest-notify: stop\r\n");
        assert_string_equal(SHOWN(31,
                                  {
                                          notify_setup(true, 0);
                                          notify_progress("Unpacking", 50, 100);
                                          log_error(0, "one");
                                          log_error(0, "two");
                                  }),
                            "\rUnpacking [#####.....]  50%\033[K"
                            "\r\033[Ktest-notify: one\r\ntest-notify: two\r\n");
        assert_string_equal(SHOWN(12,
                                  {
                                          notify_setup(true, 0);
                                          notify_progress("Unpacking", 50, 100);
                                  }),
                            "\r 50%\033[K");
        assert_string_equal(SHOWN(80,
                                  {
                                          notify_setup(true, 0);
                                          notify_progress("Unpacking", 7 << 20, 0);
                                  }),
                            "\rUnpacking 7 MiB\033[K");
        assert_string_equal(SHOWN(80,
                                  {
                                          notify_setup(false, 0);
                                          notify_progress("Unpacking", 50, 100);
                                          log_error(0, "one");
                                  }),
                            "test-notify: one\r\n");
}

static void no_terminal(void **state)
{
        (void)state;
        assert_string_equal(HEAR({
                                    notify_setup(true, 0);
                                    notify_progress("Unpacking", 50, 100);
                                    log_error(0, "one");
                            }),
                            "test-notify: one\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(path_socket, teardown), cmocka_unit_test_teardown(abstract_socket, teardown),
                cmocka_unit_test_teardown(rate, teardown),        cmocka_unit_test_teardown(full_socket, teardown),
                cmocka_unit_test_teardown(nobody, teardown),      cmocka_unit_test_teardown(bar, teardown),
                cmocka_unit_test_teardown(no_terminal, teardown),
        };

        return cmocka_run_group_tests(tests, place_setup, place_teardown);
}
