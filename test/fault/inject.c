/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The program's first call, before which only its loader was at work. */
#define MARKER SYS_umask

#define LIMIT_SECONDS 75
#define TASKS_MAX 64

struct task {
        pid_t tid, process;
        enum role role; /* ROLE_COUNT: another program */
        bool killing;   /* at the next stop */
        int error;      /* for the call it is in to have returned, at the next stop */
};

struct run {
        const struct fault *fault;
        struct profile *profile;
        struct result *result;
        struct task tasks[TASKS_MAX];
        size_t count;
        bool started;
        int seen;
        pid_t main;
};

static void die(const char *what)
{
        perror(what);
        exit(2);
}

static double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void trace_me(int call)
{
        const struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MARKER, 1, 0),
                BPF_JUMP(BPF_JMP | (call < 0 ? BPF_JGE : BPF_JEQ) | BPF_K, call < 0 ? 0 : (uint32_t)call, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = { sizeof(filter) / sizeof(*filter), (struct sock_filter *)filter };

        if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 || raise(SIGSTOP) != 0 ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
                die("seccomp");
}

static struct task *find(struct run *run, pid_t tid)
{
        for (size_t i = 0; i < run->count; i++)
                if (run->tasks[i].tid == tid)
                        return &run->tasks[i];
        return NULL;
}

static void add(struct run *run, pid_t tid, pid_t process, enum role role)
{
        struct task *known = find(run, tid);

        if (!known && run->count == TASKS_MAX)
                die("tasks");
        if (!known)
                known = &run->tasks[run->count++];
        *known = (struct task){ .tid = tid, .process = process, .role = role };
}

static void drop(struct run *run, pid_t tid)
{
        struct task *task = find(run, tid);

        if (task)
                *task = run->tasks[--run->count];
}

static pid_t process_of(pid_t tid)
{
        char path[64], line[256];
        int process = tid;
        FILE *f;

        snprintf(path, sizeof(path), "/proc/%d/status", tid);
        f = fopen(path, "re");
        while (f && fgets(line, sizeof(line), f))
                if (sscanf(line, "Tgid: %d", &process) == 1)
                        break;
        if (f)
                fclose(f);
        return process;
}

/* Let the call that @tid is stopped at return @error without being made. */
static void skip_call(pid_t tid, int error)
{
        if (ptrace(PTRACE_POKEUSER, tid, offsetof(struct user_regs_struct, orig_rax), -1L) < 0 ||
            ptrace(PTRACE_POKEUSER, tid, offsetof(struct user_regs_struct, rax), (long)-error) < 0)
                die("PTRACE_POKEUSER");
}

/* At a call. @return how to continue: a request of ptrace, or 0 if the process is killed */
static int at_call(struct run *run, struct task *task)
{
        const struct fault *fault = run->fault;
        long call = ptrace(PTRACE_PEEKUSER, task->tid, offsetof(struct user_regs_struct, orig_rax), 0);

        if (call == MARKER)
                run->started = true;
        if (!run->started || task->role >= ROLE_COUNT || call < 0 || call >= CALLS_MAX)
                return PTRACE_CONT;
        if (run->profile)
                run->profile->counts[task->role][call]++;
        if (!fault || call != fault->call || task->role != fault->role)
                return PTRACE_CONT;
        run->seen++;
        if (run->seen != fault->occurrence && !(fault->action == ACTION_FAIL_ON && run->seen > fault->occurrence))
                return PTRACE_CONT;
        run->result->hit = true;
        run->result->detail = (int)ptrace(PTRACE_PEEKUSER, task->tid, offsetof(struct user_regs_struct, rdi), 0);
        switch (fault->action) {
        case ACTION_FAIL:
        case ACTION_FAIL_ON:
                if (call == SYS_close) { /* it closes, whatever it returns */
                        task->error = fault->error;
                        return PTRACE_SYSCALL;
                }
                skip_call(task->tid, fault->error);
                return PTRACE_CONT;
        case ACTION_KILL_BEFORE:
                kill(task->process, SIGKILL);
                return 0;
        case ACTION_KILL_AFTER:
                task->killing = true;
                return PTRACE_SYSCALL;
        default:
                return PTRACE_CONT;
        }
}

static void at_stop(struct run *run, pid_t tid, int status)
{
        struct task *task = find(run, tid);
        int event = status >> 16, signal = WSTOPSIG(status), request = PTRACE_CONT;
        unsigned long message = 0;

        if (!task) {
                /* Its parent's event is still to come. */
                add(run, tid, process_of(tid), ROLE_CHILD);
                task = find(run, tid);
                if (task->process == run->main)
                        task->role = ROLE_MAIN;
        }
        if (event == PTRACE_EVENT_SECCOMP) {
                signal = 0;
                request = at_call(run, task);
        } else if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK) {
                signal = 0;
                if (ptrace(PTRACE_GETEVENTMSG, tid, 0, &message) == 0 && !find(run, (pid_t)message)) {
                        pid_t process = process_of((pid_t)message);

                        add(run, (pid_t)message, process,
                            process == task->process   ? task->role
                            : task->role >= ROLE_COUNT ? ROLE_COUNT
                                                       : ROLE_CHILD);
                }
        } else if (event == PTRACE_EVENT_EXEC) {
                signal = 0;
                if (task->process != run->main || run->started)
                        task->role = ROLE_COUNT;
        } else if (task->killing) {
                kill(task->process, SIGKILL);
                return;
        } else if (task->error > 0 && signal == SIGTRAP) {
                signal = 0;
                ptrace(PTRACE_POKEUSER, tid, offsetof(struct user_regs_struct, rax), (long)-task->error);
                task->error = 0;
        } else if (signal == SIGSTOP || signal == SIGTRAP) {
                signal = 0;
        }
        if (request != 0)
                ptrace((enum __ptrace_request)request, tid, 0, signal);
}

static void read_all(int fd, char *text, size_t size)
{
        ssize_t n = pread(fd, text, size - 1, 0);

        text[n > 0 ? n : 0] = '\0';
        if (ftruncate(fd, 0) < 0)
                die("ftruncate");
}

static void on_alarm(int signal)
{
        (void)signal;
}

void inject(char *const *argv, const struct fault *fault, struct profile *profile, char *const *environment,
            struct result *ret)
{
        static int out = -1, err = -1;
        struct run run = { .fault = fault, .profile = profile, .result = ret };
        const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                             PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
        const struct sigaction act = { .sa_handler = on_alarm };
        double start = now(), ended = 0;
        int status;
        pid_t tid;

        if (out < 0) {
                out = memfd_create("out", MFD_CLOEXEC);
                err = memfd_create("err", MFD_CLOEXEC);
        }
        if (out < 0 || err < 0 || lseek(out, 0, SEEK_SET) < 0 || lseek(err, 0, SEEK_SET) < 0)
                die("memfd");
        memset(ret, 0, sizeof(*ret));
        if (profile)
                memset(profile, 0, sizeof(*profile));
        sigaction(SIGALRM, &act, NULL);

        run.main = fork();
        if (run.main < 0)
                die("fork");
        if (run.main == 0) {
                if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
                        die("dup2");
                trace_me(profile ? -1 : fault ? fault->call : MARKER);
                execve(argv[0], argv, environment ? environment : environ);
                die(argv[0]);
        }
        if (waitpid(run.main, &status, 0) != run.main || !WIFSTOPPED(status) ||
            ptrace(PTRACE_SETOPTIONS, run.main, 0, options) < 0)
                die("ptrace");
        add(&run, run.main, run.main, ROLE_MAIN);
        ptrace(PTRACE_CONT, run.main, 0, 0);

        alarm(LIMIT_SECONDS);
        while (run.count > 0) {
                tid = waitpid(-1, &status, __WALL);
                if (tid < 0 && errno == EINTR) {
                        ret->hung = ret->hung || ended == 0;
                        ret->survived = ret->survived || ended > 0;
                        for (size_t i = 0; i < run.count; i++)
                                kill(run.tasks[i].process, SIGKILL);
                        alarm(5);
                } else if (tid < 0) {
                        break;
                } else if (WIFSTOPPED(status)) {
                        at_stop(&run, tid, status);
                } else {
                        drop(&run, tid);
                        if (tid == run.main) {
                                ret->status = status;
                                ret->seconds = now() - start;
                                ended = now();
                                alarm(2); /* for what it started to be gone too */
                        }
                }
        }
        alarm(0);
        read_all(out, ret->out, sizeof(ret->out));
        read_all(err, ret->err, sizeof(ret->err));
}
