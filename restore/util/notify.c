/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "log.h"

#define INTERVAL_NS (100 * INT64_C(1000000))
#define BAR_MAX 40U

static struct {
        int fd; /* connected to the manager's socket, or -1 */
        bool bar, drawn;
        const char *what;
        int64_t first;  /* from when on something may go out, in CLOCK_MONOTONIC's nanoseconds */
        int64_t last;   /* when something went out */
        unsigned shown; /* per cent, or MiB */
} state = { .fd = -1 };

/* A path, or an abstract name that starts with @; the address ends with the name, not with a NUL. */
static int connect_manager(const char *name)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t length = strlen(name);
        int fd;

        if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof(address.sun_path))
                return -1;
        memcpy(address.sun_path, name, length);
        if (name[0] == '@')
                address.sun_path[0] = '\0';
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0 &&
            connect(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
                fd = safe_close(fd);
        return fd;
}

void notify_status(const char *status)
{
        char line[512], message[sizeof(line) + 16];

        if (state.fd < 0)
                return;
        log_escape(line, sizeof(line), status);
        /* MSG_NOSIGNAL, and a socket that does not block: a manager that does not read stops nobody. */
        (void)send(state.fd, message, (size_t)snprintf(message, sizeof(message), "STATUS=%s\n", line), MSG_NOSIGNAL);
}

static void draw(const char *what, unsigned shown, bool known)
{
        struct winsize window = { 0 };
        char line[256], bar[BAR_MAX + 1];
        size_t columns, width;
        int n;

        columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
        width = strlen(what) + 12 < columns ? MIN(columns - strlen(what) - 12, (size_t)BAR_MAX) : 0;
        if (known && width > 0) {
                memset(bar, '.', width);
                memset(bar, '#', width * shown / 100);
                bar[width] = '\0';
                n = snprintf(line, sizeof(line), "\r%s [%s] %3u%%\033[K", what, bar, shown);
        } else if (known) {
                n = snprintf(line, sizeof(line), "\r%3u%%\033[K", shown);
        } else {
                n = snprintf(line, sizeof(line), "\r%s %u MiB\033[K", what, shown);
        }
        state.drawn = write(STDERR_FILENO, line, MIN((size_t)n, sizeof(line) - 1)) > 0;
}

static int64_t now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void notify_progress(const char *what, uint64_t done, uint64_t total)
{
        unsigned shown = (unsigned)(total > 0 ? MIN(done, total) * 100 / total : done >> 20);
        bool edge = !state.what || strcmp(state.what, what) != 0 || (total > 0 && done >= total);
        char status[128];
        int64_t now;

        if ((state.fd < 0 && !state.bar) || (shown == state.shown && state.what && strcmp(state.what, what) == 0))
                return;
        now = now_ns();
        if (now < state.first || (!edge && now - state.last < INTERVAL_NS))
                return;
        state.what = what;
        state.shown = shown;
        state.last = now;

        snprintf(status, sizeof(status), "%s: %u%s", what, shown, total > 0 ? "%" : " MiB");
        notify_status(status);
        if (state.bar)
                draw(what, shown, total > 0);
}

void notify_clear(void)
{
        if (state.drawn && write(STDERR_FILENO, "\r\033[K", 4) < 0)
                return; /* nobody sees it */
        state.drawn = false;
}

static void hear(int level, const char *line)
{
        notify_clear();
        if (level <= LOG_ERR)
                notify_status(line);
}

void notify_setup(bool bar, unsigned delay)
{
        const char *name = getenv("NOTIFY_SOCKET");

        safe_close(state.fd);
        state = (__typeof__(state)){ .fd = name ? connect_manager(name) : -1,
                                     .bar = bar && isatty(STDERR_FILENO) == 1,
                                     .first = delay > 0 ? now_ns() + delay * INT64_C(1000000) : 0 };
        log_set_sink(hear);
}
