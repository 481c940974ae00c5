/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../skipcpio/util.h"
#include "privileges.h"

/* What stays in the chroot: the owner of a file there may be anyone. */
#define KEPT_PRIVILEGE PRIVILEGE(CAP_DAC_READ_SEARCH)

/*
 * The program in the chroot comes from the image. Root's rights would let it out of there, so exec() is left
 * nothing to give: what is not in the bounding set is not in the new program's permitted set. As the owner of the
 * tree's files it could still write to them.
 */
static int confine(int dir_fd)
{
        static const struct {
                int resource;
                rlim_t limit;
        } limits[] = { { RLIMIT_CORE, 0 }, { RLIMIT_FSIZE, 0 } };
        int root, r;

        /* Its root is a read-only mount that hangs nowhere, where we may make one. */
        root = open_tree(dir_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
        if (root >= 0 &&
            mount_setattr(root, "", AT_EMPTY_PATH,
                          &(struct mount_attr){ .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID },
                          sizeof(struct mount_attr)) < 0) {
                if (errno != ENOSYS) /* Linux before 5.12 */
                        return -errno;
                root = safe_close(root);
        }
        if (fchdir(root >= 0 ? root : dir_fd) < 0 || chroot(".") < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(limits); i++)
                if (setrlimit((__rlimit_resource_t)limits[i].resource,
                              &(struct rlimit){ limits[i].limit, limits[i].limit }) < 0)
                        return -errno;
        r = privileges_keep(KEPT_PRIVILEGE);
        if (r < 0)
                return r;
        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* Becomes the program, or returns why not. */
static int become(const struct run *run, pid_t parent, int errors)
{
        sigset_t none;
        int null, r;

        if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return -errno;
        if (getppid() != parent)
                return -ESRCH;
        /* As we are: shutdown sends a SIGTERM to everybody. */
        for (int s = 1; s < NSIG; s++)
                signal(s, s == SIGTERM ? SIG_IGN : SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);

        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
            dup2(errors, STDERR_FILENO) < 0)
                return -errno;
        if (run->in_root)
                r = confine(run->dir_fd);
        else
                r = run->dir_fd >= 0 && fchdir(run->dir_fd) < 0 ? -errno : 0;
        if (r < 0)
                return r;
        /* Whatever was not opened with O_CLOEXEC, here or in a library. */
        if (syscall(SYS_close_range, 3U, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */) < 0 && errno != ENOSYS &&
            errno != EINVAL)
                return -errno;
        unsetenv("NOTIFY_SOCKET");
        setenv("LC_ALL", "C", 1);
        execvp(run->argv[0], (char *const *)run->argv);
        return -errno;
}

static int64_t now_ms(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The last line of what a program wrote, a piece at a time. */
struct tail {
        char *line;
        size_t size, used;
        bool ended;
};

static void tail_add(struct tail *tail, const char *bytes, ssize_t n)
{
        for (ssize_t i = 0; i < n; i++) {
                if (bytes[i] == '\n' || bytes[i] == '\r') {
                        tail->ended = true;
                        continue;
                }
                if (tail->ended)
                        tail->used = 0;
                tail->ended = false;
                if (tail->used + 1 < tail->size)
                        tail->line[tail->used++] = bytes[i];
        }
        tail->line[tail->used] = '\0';
}

/*
 * Collects what the program says until it ends. Its descriptor and not the pipe's end tells that: a child that it
 * leaves behind could hold the pipe for ever.
 */
static int attend(int pid_fd, int out, struct tail *tail, unsigned timeout)
{
        struct pollfd polled[] = { { .fd = out, .events = POLLIN }, { .fd = pid_fd, .events = POLLIN } };
        int64_t end = now_ms() + timeout;

        for (;;) {
                int r = poll(polled, ELEMENTSOF(polled), timeout > 0 ? (int)MAX(end - now_ms(), (int64_t)0) : -1);
                char bytes[1024];
                ssize_t n;

                if (r < 0 && errno == EINTR)
                        continue;
                if (r < 0)
                        return -errno;
                if (r == 0)
                        return -ETIMEDOUT;
                n = read(out, bytes, sizeof(bytes));
                if (n > 0)
                        tail_add(tail, bytes, n);
                else if (polled[1].revents != 0)
                        return 0;
                else if (n == 0)
                        polled[0].fd = -1; /* closed by a program that goes on */
        }
}

int run_program(const struct run *run, char *said, size_t size)
{
        _cleanup_close_ int out = -1, in = -1, why_out = -1, why_in = -1, pid_fd = -1;
        struct tail tail = { .line = said, .size = size };
        pid_t pid, self = getpid();
        int fds[2], r, failed, status;

        said[0] = '\0';
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        out = fds[0], in = fds[1];
        if (fcntl(out, F_SETFL, O_NONBLOCK) < 0 || pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        why_out = fds[0], why_in = fds[1];

        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                r = become(run, self, in);
                _exit(write(why_in, &r, sizeof(r)) == sizeof(r) ? 127 : 126);
        }
        in = safe_close(in);
        why_in = safe_close(why_in);

        pid_fd = (int)syscall(SYS_pidfd_open, pid, 0U);
        r = pid_fd < 0 ? -errno : attend(pid_fd, out, &tail, run->timeout);
        kill(-pid, SIGKILL); /* its group: what it leaves behind, too */
        if (r < 0)
                kill(pid, SIGKILL); /* before it became its group's leader */
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        if (read(why_out, &failed, sizeof(failed)) == sizeof(failed))
                return failed;
        if (r < 0)
                return r;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
