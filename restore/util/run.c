/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "skipcpio/util.h"
#include "compat.h"
#include "mounts.h"
#include "privileges.h"

/* What stays in a tree that is only looked at: the owner of a file there may be anyone. */
#define PRIVILEGES_TO_LOOK PRIVILEGE(CAP_DAC_READ_SEARCH)

/* What it takes to make files of all kinds. */
#define PRIVILEGES_TO_WRITE                                                                                   \
        (PRIVILEGE(CAP_CHOWN) | PRIVILEGE(CAP_FOWNER) | PRIVILEGE(CAP_FSETID) | PRIVILEGE(CAP_DAC_OVERRIDE) | \
         PRIVILEGE(CAP_MKNOD))

#define NO_WAY_OUT (MS_NODEV | MS_NOSUID)

/* A mount of a directory which hangs nowhere: no `..` leads out of it. With @below AT_RECURSIVE, what is mounted below
 * is in it, else not. */
static int clone_mount(int dir_fd, unsigned below)
{
        int fd = open_tree(dir_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | below);

        return fd < 0 ? -errno : fd;
}

/* Goes to such a mount, and sets its flags. Before Linux 5.12, that takes one that hangs somewhere. */
static int enter_mount(int fd, unsigned long flags)
{
        return move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(fd) < 0 ||
                                               mount(NULL, ".", NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0
                               ? -errno
                               : 0;
}

/* Detaches the mount that is the current directory, and what is mounted below it: no `..` leads out of it again. */
static int loosen(void)
{
        return umount2(".", MNT_DETACH) < 0 ? -errno : 0;
}

/* Goes to such a mount, and makes it and all mounts below it read-only. */
static int enter_mounts(int fd)
{
        struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID };

        return mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof(attributes)) < 0 ||
                                               fchdir(fd) < 0
                               ? -errno
                               : 0;
}

/* The program in the tree comes from the image. As the owner of the tree's files it could write to them, so its root is
 * a read-only mount. What is mounted below it, as programs that were carried over, is a part of the tree. */
static int enter_root(int dir_fd)
{
        _cleanup_close_ int root = clone_mount(dir_fd, AT_RECURSIVE);
        int r = root < 0 ? root : enter_mounts(root);

        if (r == -ENOSYS /* Linux before 5.12 */ || r == -EPERM /* or a filter that does not know mount_setattr() */)
                r = mounts_leave() ?: enter_mount(root, MS_RDONLY | NO_WAY_OUT);
        if (r < 0)
                return r;
        if (chroot(".") < 0 || setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 0, 0 }) < 0)
                return -errno;
        return privileges_keep(PRIVILEGES_TO_LOOK);
}

/*
 * The program is the system's, but what it reads comes from the image: fsck.erofs 1.5 takes names with `..` in them.
 * All that it can write to is its directory; the rest of its root is read-only, and has no /proc with ways out.
 */
static int enter_directory(int dir_fd)
{
        _cleanup_close_ int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), root = -1, dir = -1;
        bool below;
        int r;

        if (top < 0)
                return -errno;
        root = clone_mount(top, 0);
        /* In a user namespace, the mounts of its parent cannot be left out. A user's /proc has no way out. */
        below = root == -EINVAL && geteuid() != 0;
        if (below)
                root = clone_mount(top, AT_RECURSIVE);
        dir = clone_mount(dir_fd, 0);
        r = root < 0 ? root : dir < 0 ? dir : mounts_leave();
        if (r == 0)
                r = enter_mount(dir, NO_WAY_OUT | MS_NOEXEC) ?: loosen();
        if (r == 0)
                r = below ? enter_mounts(root) : enter_mount(root, MS_RDONLY | NO_WAY_OUT) ?: loosen();
        if (r < 0)
                return r;
        if (chroot(".") < 0 || fchdir(dir) < 0)
                return -errno;
        return privileges_keep(PRIVILEGES_TO_WRITE);
}

/* Root's rights would let it out of there, so exec() is left nothing to give: what is not in the bounding set is not in
 * the new program's permitted set. */
static int confine(const struct run *run)
{
        int r = run->in_root ? enter_root(run->dir_fd) : enter_directory(run->dir_fd);

        if (r < 0)
                return r;
        return setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
                               ? -errno
                               : 0;
}

/* Whatever was not opened with O_CLOEXEC, here or in a library. */
static int close_on_exec(void)
{
        struct rlimit limit;

        if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
                return 0;
        /* Linux before 5.9, before 5.11, a container's profile */
        if (errno != ENOSYS && errno != EINVAL && errno != EPERM)
                return -errno;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return -errno;
        for (int fd = 3; fd < (int)MIN(limit.rlim_cur, (rlim_t)1 << 20); fd++)
                fcntl(fd, F_SETFD, FD_CLOEXEC);
        return 0;
}

/* Becomes the program, or returns why not. */
static int become(const struct run *run, pid_t parent, int out)
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
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(run->whole ? out : null, STDOUT_FILENO) < 0 ||
            dup2(out, STDERR_FILENO) < 0)
                return -errno;
        r = confine(run);
        if (r >= 0)
                r = close_on_exec();
        if (r < 0)
                return r;
        unsetenv("NOTIFY_SOCKET");
        setenv("LC_ALL", "C", 1);
        for (const char *const *e = run->environment; e && *e; e++)
                putenv((char *)*e);
        /* Not execvp() for both: it has /bin/sh read what the kernel does not take for a program. */
        if (run->in_root)
                execv(run->argv[0], (char *const *)run->argv);
        else
                execvp(run->argv[0], (char *const *)run->argv);
        return -errno;
}

static int64_t now_ms(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The last line of what a program wrote, or the beginning of all of it; a piece at a time. */
struct tail {
        char *line;
        size_t size, used;
        bool whole, ended;
};

static void tail_add(struct tail *tail, const char *bytes, ssize_t n)
{
        for (ssize_t i = 0; i < n; i++) {
                char c = bytes[i];

                if (c == '\t')
                        c = ' ';
                if (!tail->whole && (c == '\n' || c == '\r')) {
                        tail->ended = true;
                        continue;
                }
                if (tail->ended)
                        tail->used = 0;
                tail->ended = false;
                if (tail->used + 1 < tail->size)
                        tail->line[tail->used++] = c;
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
                int64_t left = timeout > 0 ? end - now_ms() : -1;
                int r = timeout > 0 && left <= 0 ? 0 : poll(polled, ELEMENTSOF(polled), (int)left);
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

int run_start(const struct run *run, struct running *ret)
{
        _cleanup_close_ int in = -1, why_in = -1;
        pid_t self = getpid();
        int fds[2], r;

        *ret = RUNNING_INIT;
        ret->whole = run->whole;
        ret->timeout = run->timeout;
        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        ret->out = fds[0], in = fds[1];
        if (fcntl(ret->out, F_SETFL, O_NONBLOCK) < 0 || pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        ret->why = fds[0], why_in = fds[1];

        ret->pid = fork();
        if (ret->pid < 0)
                return -errno;
        if (ret->pid == 0) {
                r = become(run, self, in);
                _exit(write(why_in, &r, sizeof(r)) == sizeof(r) ? 127 : 126);
        }
        ret->pid_fd = pidfd_open(ret->pid, 0);
        return ret->pid_fd < 0 ? -errno : 0;
}

static int reap(struct running *running)
{
        pid_t pid = running->pid;
        int status;

        running->pid = 0;
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int run_wait(struct running *running, char *said, size_t size)
{
        struct tail tail = { .line = said, .size = size, .whole = running->whole };
        int r, status, failed;

        said[0] = '\0';
        r = attend(running->pid_fd, running->out, &tail, running->timeout);
        kill(-running->pid, SIGKILL); /* its group: what it leaves behind, too */
        if (r < 0)
                kill(running->pid, SIGKILL); /* before it became its group's leader */
        status = reap(running);
        if (read(running->why, &failed, sizeof(failed)) == sizeof(failed))
                return failed;
        return r < 0 ? r : status;
}

void run_done(struct running *running)
{
        if (running->pid > 0) {
                kill(-running->pid, SIGKILL);
                kill(running->pid, SIGKILL);
                reap(running);
        }
        safe_close(running->pid_fd);
        safe_close(running->out);
        safe_close(running->why);
        *running = RUNNING_INIT;
}

int run_program(const struct run *run, char *said, size_t size)
{
        _cleanup_(run_done) struct running running = RUNNING_INIT;
        int r = run_start(run, &running);

        said[0] = '\0';
        return r < 0 ? r : run_wait(&running, said, size);
}
