/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int max_level = LOG_INFO;
static log_sink *sink;

void log_setup(int level)
{
        max_level = level;
}

void log_set_sink(log_sink *new_sink)
{
        sink = new_sink;
}

bool log_enabled(int level)
{
        return level <= max_level;
}

/* Bytes of the valid, printable UTF-8 character at @p (RFC 3629), or 0. */
static size_t printable(const unsigned char *p)
{
        static const struct {
                unsigned char mask, lead;
                uint32_t lowest;
        } forms[] = { { 0x80, 0x00, 0x20 }, { 0xe0, 0xc0, 0xa0 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };

        for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
                uint32_t c;

                if ((p[0] & forms[i].mask) != forms[i].lead)
                        continue;
                c = p[0] & (unsigned char)~forms[i].mask;
                for (size_t j = 1; j <= i; j++) {
                        if ((p[j] & 0xc0) != 0x80)
                                return 0;
                        c = c << 6 | (p[j] & 0x3f);
                }
                if (c < forms[i].lowest || c == 0x7f || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || c == 0x2028 ||
                    c == 0x2029)
                        return 0;
                return i + 1;
        }
        return 0;
}

size_t log_escape(char *out, size_t size, const char *line)
{
        const unsigned char *p = (const unsigned char *)line;
        size_t used = 0;

        while (*p) {
                size_t n = printable(p);
                size_t need = n > 0 ? n : 4;

                if (used + need >= size)
                        break;
                if (n > 0)
                        memcpy(out + used, p, n);
                else
                        snprintf(out + used, size - used, "\\x%02x", *p);
                used += need;
                p += MAX(n, (size_t)1);
        }
        out[used] = '\0';
        return used;
}

/* Whether @fd is the stream that $JOURNAL_STREAM (systemd.exec(5)) names. */
static bool is_journal(int fd)
{
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long device, inode;
        struct stat st;

        return stream && sscanf(stream, "%lu:%lu", &device, &inode) == 2 && fstat(fd, &st) == 0 &&
               st.st_dev == device && st.st_ino == inode;
}

int log_line(int level, int error, const char *format, ...)
{
        int fd = level <= LOG_WARNING ? STDERR_FILENO : STDOUT_FILENO;
        int saved = errno;
        char raw[8192], line[sizeof(raw) + 64];
        size_t used, done = 0;
        va_list args;
        int n;

        if (!log_enabled(level))
                return error;

        if (is_journal(fd))
                used = (size_t)snprintf(line, sizeof(line), "<%d>", level);
        else
                used = (size_t)snprintf(line, sizeof(line), "%.48s: ", program_invocation_short_name);

        va_start(args, format);
        n = vsnprintf(raw, sizeof(raw), format, args);
        va_end(args);
        if (n < 0)
                raw[n = 0] = '\0';
        if (error < 0 && (size_t)n < sizeof(raw))
                snprintf(raw + n, sizeof(raw) - (size_t)n, ": %s", strerror(-error));
        if (sink)
                sink(level, raw);
        used += log_escape(line + used, sizeof(line) - used - 1, raw);
        line[used++] = '\n';

        while (done < used) {
                ssize_t written = write(fd, line + done, used - done);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written <= 0)
                        break; /* nobody reads it */
                done += (size_t)written;
        }
        errno = saved;
        return error;
}
