/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test.h"

#include <errno.h>
#include <sys/stat.h>

#include "util/log.h"

static void escape(const char *line, const char *expected)
{
        char out[256];

        assert_int_equal(log_escape(out, sizeof(out), line), strlen(expected));
        assert_string_equal(out, expected);
}

static void plain_text(void **state)
{
        (void)state;
        escape("", "");
        escape("usr/lib/x y", "usr/lib/x y");
        escape("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7");
        escape("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

static void controls(void **state)
{
        (void)state;
        escape("a\tb\nc\rd\x1b[31m\x7f", "a\\x09b\\x0ac\\x0dd\\x1b[31m\\x7f");
        escape("\xc2\x80\xc2\x9f", "\\xc2\\x80\\xc2\\x9f");
        escape("\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
}

static void no_utf8(void **state)
{
        (void)state;
        escape("\xff\xfe", "\\xff\\xfe");
        escape("\x80x", "\\x80x");
        escape("\xc3", "\\xc3");
        escape("\xc3(", "\\xc3(");
        escape("\xe2\x82", "\\xe2\\x82");
        escape("\xe2\x82x", "\\xe2\\x82x");
        escape("\xf0\x9f\x90", "\\xf0\\x9f\\x90");
        escape("\xc0\xaf", "\\xc0\\xaf");                   /* overlong */
        escape("\xe0\x80\xaf", "\\xe0\\x80\\xaf");          /* overlong */
        escape("\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"); /* overlong */
        escape("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* surrogate */
        escape("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* over U+10FFFF */
        escape("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
}

/* Every two-byte line is escaped to printable UTF-8, and printable lines are unchanged. */
static void every_pair(void **state)
{
        (void)state;
        for (unsigned a = 1; a < 256; a++)
                for (unsigned c = 1; c < 256; c++) {
                        char line[] = { (char)a, (char)c, '\0' }, out[16], again[16];

                        log_escape(out, sizeof(out), line);
                        for (const char *p = out; *p; p++)
                                assert_true((uint8_t)*p >= 0x20 && *p != 0x7f);
                        log_escape(again, sizeof(again), out);
                        assert_string_equal(again, out);
                }
}

static void cut(void **state)
{
        char out[8];

        (void)state;
        assert_int_equal(log_escape(out, 1, "abc"), 0);
        assert_string_equal(out, "");
        assert_int_equal(log_escape(out, 3, "abc"), 2);
        assert_string_equal(out, "ab");
        assert_int_equal(log_escape(out, 4, "abc"), 3);
        assert_string_equal(out, "abc");
        assert_int_equal(log_escape(out, 4, "\xe2\x82\xac!"), 3);
        assert_string_equal(out, "\xe2\x82\xac");
        assert_int_equal(log_escape(out, 4, "a\xe2\x82\xac"), 1);
        assert_string_equal(out, "a");
        assert_int_equal(log_escape(out, 5, "a\n"), 1);
        assert_string_equal(out, "a");
}

/* What log_line() writes to @fd. */
static const char *said(int fd, int level, int error, const char *text)
{
        static char out[16384];
        int saved = dup(fd), r;
        _cleanup_close_ int file = test_file("", 0);
        ssize_t n;

        fflush(NULL);
        dup2(file, fd);
        if (getenv("JOURNAL_STREAM")) {
                struct stat st;

                assert_int_equal(fstat(fd, &st), 0);
                snprintf(out, sizeof(out), "%lu:%lu", (unsigned long)st.st_dev, (unsigned long)st.st_ino);
                setenv("JOURNAL_STREAM", out, 1);
        }
        errno = ENOTTY;
        r = log_line(level, error, "%s", text);
        assert_int_equal(errno, ENOTTY);
        assert_int_equal(r, error);
        dup2(saved, fd);
        close(saved);
        n = pread(file, out, sizeof(out) - 1, 0);
        assert_true(n >= 0);
        out[n] = '\0';
        return out;
}

static void lines(void **state)
{
        (void)state;
        program_invocation_short_name = (char *)"prog";
        unsetenv("JOURNAL_STREAM");
        log_setup(LOG_INFO);
        assert_string_equal(said(STDERR_FILENO, LOG_ERR, 0, "a\nb"), "prog: a\\x0ab\n");
        assert_string_equal(said(STDERR_FILENO, LOG_WARNING, -ENOSPC, "x"), "prog: x: No space left on device\n");
        assert_string_equal(said(STDERR_FILENO, LOG_INFO, 0, "x"), "");
        assert_string_equal(said(STDOUT_FILENO, LOG_INFO, 0, "x"), "prog: x\n");
        assert_string_equal(said(STDOUT_FILENO, LOG_DEBUG, 0, "x"), "");
        log_setup(LOG_ERR);
        assert_string_equal(said(STDOUT_FILENO, LOG_INFO, 0, "x"), "");
        assert_string_equal(said(STDERR_FILENO, LOG_WARNING, 0, "x"), "");
        log_setup(LOG_DEBUG);
        assert_string_equal(said(STDOUT_FILENO, LOG_DEBUG, 0, "x"), "prog: x\n");
        setenv("JOURNAL_STREAM", "", 1);
        assert_string_equal(said(STDERR_FILENO, LOG_ERR, 0, "x"), "<3>x\n");
        assert_string_equal(said(STDOUT_FILENO, LOG_INFO, 0, "x"), "<6>x\n");
        unsetenv("JOURNAL_STREAM");
}

/* Longer than any path: still one line, cut, with its newline. */
static void long_line(void **state)
{
        static char text[100000];
        const char *line;

        (void)state;
        log_setup(LOG_INFO);
        memset(text, '\n', sizeof(text) - 1);
        line = said(STDERR_FILENO, LOG_ERR, -EIO, text);
        assert_true(strlen(line) > 4096);
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(plain_text), cmocka_unit_test(controls), cmocka_unit_test(no_utf8),
                cmocka_unit_test(every_pair), cmocka_unit_test(cut),      cmocka_unit_test(lines),
                cmocka_unit_test(long_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
