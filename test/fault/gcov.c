/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Linked into the programs that coverage is measured with. A decoder is always killed, and its filter lets it write no
 * file: so here no filter is loaded, and who would be killed is asked to write its counters first. What ends with
 * _exit() writes them as well.
 */
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int status);
int __real_kill(pid_t pid, int signal);
_Noreturn void __wrap__exit(int status);
int __wrap_kill(pid_t pid, int signal);
int __wrap_seccomp_load(scmp_filter_ctx filter);

_Noreturn void __wrap__exit(int status)
{
        __gcov_dump();
        __real__exit(status);
}

static void dump(int signal)
{
        (void)signal;
        __gcov_dump();
        __real__exit(EXIT_SUCCESS);
}

__attribute__((constructor)) static void setup(void)
{
        signal(SIGUSR2, dump);
}

int __wrap_kill(pid_t pid, int signal)
{
        const struct timespec moment = { .tv_nsec = 1000000 };
        siginfo_t info = { 0 };

        if (signal == SIGKILL && pid > 0 && __real_kill(pid, SIGUSR2) == 0)
                for (int i = 0; i < 2000 && info.si_pid == 0; i++) {
                        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
                                break;
                        if (info.si_pid == 0)
                                nanosleep(&moment, NULL);
                }
        return __real_kill(pid, signal);
}

int __wrap_seccomp_load(scmp_filter_ctx filter)
{
        (void)filter;
        return 0;
}
