/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fault [OPTION]... PROGRAM ARGUMENT...: restore again and again, each time with another fault, and check after each
 * what must always hold (judge()).
 *
 *   --name=NAME      of the scenario
 *   --out=DIR        what PROGRAM restores into
 *   --before=DIR     what it holds before; without, it does not exist
 *   --mount=DIR,OPTIONS  a fresh tmpfs there for each run, above --out
 *   --alloc=LIBRARY  alloc.so; without it, allocations do not fail
 *   --seconds=N      stop after N seconds: faults are then taken in random order
 *   --max-occurrence=N  of each call, only the first and last N
 */
#include "alloc.h"
#include "errors.h"
#include "inject.h"
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STAGING ".restore-" /* and a number, beside DIR */
#define MARK ".need_shutdown"
#define VIOLATIONS_SHOWN 15
#define SOON 20 /* seconds, on a machine that has other things to do */

static struct {
        const char *name, *out, *before, *alloc;
        char *mount, *mount_options;
        int seconds, max_occurrence;
        char *const *argv;
} options;

static struct entries before, mine, complete;
static size_t mounts_before;
static char *allocating[512]; /* environment for a run with alloc.so */
static struct alloc_fault *alloc_fault;

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

/* --- the state that each run starts from --- */

static size_t count_mounts(void)
{
        FILE *f = fopen("/proc/self/mountinfo", "re");
        size_t count = 0;
        int c;

        if (!f)
                die("mountinfo");
        while ((c = getc(f)) != EOF)
                count += c == '\n';
        fclose(f);
        return count;
}

/* Whether there is a staging directory beside DIR; removes it. */
static bool has_staging(void)
{
        char parent[4096], path[sizeof(parent) + 256 + 1];
        struct dirent *entry;
        bool found = false;
        DIR *dir;

        snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(options.out, '/') - options.out), options.out);
        dir = opendir(parent);
        while (dir && (entry = readdir(dir)))
                if (strncmp(entry->d_name, STAGING, strlen(STAGING)) == 0) {
                        snprintf(path, sizeof(path), "%s/%s", parent, entry->d_name);
                        tree_remove(path);
                        found = true;
                }
        if (dir)
                closedir(dir);
        return found;
}

static void reset(void)
{
        while (umount2(options.out, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
                ;
        if (options.mount) {
                while (umount2(options.mount, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
                        ;
                if (mount("tmpfs", options.mount, "tmpfs", strstr(options.mount_options, "noexec") ? MS_NOEXEC : 0,
                          strstr(options.mount_options, "size=") ?: "") < 0)
                        die(options.mount);
        } else {
                tree_remove(options.out);
        }
        if (options.before)
                tree_copy(options.before, options.out);
        has_staging(); /* of a run that was killed */
}

/* --- what must hold --- */

static char verdict[8192];

static bool broken(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool broken(const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(verdict, sizeof(verdict), format, args);
        va_end(args);
        return false;
}

static bool exists(const char *name)
{
        char path[4096];

        snprintf(path, sizeof(path), "%s/%s", options.out, name);
        return access(path, F_OK) == 0;
}

/* Lines, whole, valid UTF-8 and without control characters. @return how many, or -1 */
static int lines(const char *text)
{
        size_t length = strlen(text);
        int count = 0;

        if (length > 0 && text[length - 1] != '\n')
                return -1;
        if (mbstowcs(NULL, text, 0) == (size_t)-1)
                return -1;
        for (; *text; text++) {
                if (*text == '\n')
                        count++;
                else if ((unsigned char)*text < ' ' || *text == 127)
                        return -1;
        }
        return count;
}

/* The tree is that of a run without a fault, except that files which such a run removes may be there. */
static bool is_complete(void)
{
        struct entries there;
        const char *differs;

        tree_look(options.out, NULL, &there);
        if (!exists(MARK)) {
                differs = tree_difference(&complete, &there, false);
        } else {
                differs = tree_missing(&complete, &there);
                if (!differs && there.count != complete.count + 1)
                        differs = "more files than it should have";
        }
        if (differs)
                broken("the tree is not complete: \"%s\"", differs);
        tree_forget(&there);
        return !differs;
}

/* DIR holds what it held before, and nothing else. */
static bool is_untouched(void)
{
        struct entries there;
        const char *missing, *more;

        tree_look(options.out, NULL, &there);
        missing = tree_missing(&mine, &there);
        more = tree_missing(&there, &before);
        if (missing)
                broken("what was there before is missing or changed: \"%s\"", missing);
        else if (more)
                broken("something is left: \"%s\"", more);
        tree_forget(&there);
        return !missing && !more;
}

/* DIR holds what it held before, and maybe more. */
static bool is_kept(void)
{
        struct entries there;
        const char *missing;

        tree_look(options.out, NULL, &there);
        missing = tree_missing(&mine, &there);
        tree_forget(&there);
        return missing ? broken("what was there before is missing or changed: \"%s\"", missing) : true;
}

/*
 * The six points, after a run with @fault or with a failed allocation (NULL):
 * 1. no `shutdown` without the whole tree; after exit status 0 it is there, after 1 it is not;
 * 2. what was there before is untouched;
 * 3. a run that fails and could clean up has left nothing, mounts and processes included;
 * 4. the next run restores all, and leaves nothing;
 * 5. one line is printed;
 * 6. the exit status is 0 or 1, soon.
 */
static bool judge(const struct result *r, const struct fault *fault, bool lasting)
{
        bool killed = fault && fault->role == ROLE_MAIN &&
                      (fault->action == ACTION_KILL_BEFORE || fault->action == ACTION_KILL_AFTER) &&
                      !WIFEXITED(r->status); /* a thread of it can be killed when the rest is at its end already */
        bool mute = fault && fault->call == SYS_write; /* it may not have been able to say anything */
        int out = lines(r->out), err = lines(r->err);
        bool done;

        if (r->hung)
                return broken("it hangs");
        if (r->seconds > SOON)
                return broken("it takes %.1f s: %s", r->seconds, r->err);
        if (r->survived)
                return broken("a process of it is left");
        if (killed ? WTERMSIG(r->status) != SIGKILL : !WIFEXITED(r->status) || WEXITSTATUS(r->status) > 1)
                return broken("wait status %#x: %s", (unsigned)r->status, r->err);
        done = !killed && WEXITSTATUS(r->status) == 0;

        if (killed) {
                if (exists("shutdown") ? !is_complete() : !is_untouched())
                        return false;
        } else if (done) {
                if (!is_complete())
                        return false;
        } else {
                if (exists("shutdown"))
                        return broken("exit status 1 and a `shutdown`");
                if (!(lasting ? is_kept() : is_untouched()))
                        return false;
                if (!lasting && has_staging())
                        return broken("the staging directory is left");
                if (!lasting && count_mounts() != mounts_before)
                        return broken("a mount is left");
        }
        if (out < 0 || err < 0 || (done && (out > 1 || err > 1 || (out < 1 && !mute))) ||
            (!killed && !done && (out > 0 || err > 1 + lasting /* a candidate before */ || (err < 1 && !mute))))
                return broken("not one line: \"%s\" \"%s\"", r->out, r->err);
        return true;
}

static bool judge_next(const struct result *r)
{
        if (r->hung || !WIFEXITED(r->status) || WEXITSTATUS(r->status) != 0)
                return broken("the next run fails: wait status %#x: %s", (unsigned)r->status, r->err);
        if (!is_complete())
                return false;
        return true;
}

/* --- the walk --- */

static struct {
        unsigned long errors, lasting, kills, allocations, missed, violations, failed, restored;
        double slowest;
} total;

static const char *describe(const struct fault *f, char *text, size_t size)
{
        static const char *const roles[] = { "program", "decoder or child" };
        const char *what = f->action == ACTION_KILL_BEFORE  ? "killed before"
                           : f->action == ACTION_KILL_AFTER ? "killed after"
                           : f->error == 0                  ? "0 from"
                                                            : strerrorname_np(f->error);

        if (f->call < 0)
                snprintf(text, size, "%s: allocation %d%s fails", roles[f->role], f->occurrence,
                         f->action == ACTION_FAIL_ON ? " and all after" : "");
        else
                snprintf(text, size, "%s: %s %s call %d%s", roles[f->role], what, call_name(f->call), f->occurrence,
                         f->action == ACTION_FAIL_ON ? " and all after" : "");
        return text;
}

static void note(const struct fault *fault, const char *when)
{
        char text[256];

        if (total.violations++ < VIOLATIONS_SHOWN)
                printf("# %s: %s%s: %s\n", options.name, describe(fault, text, sizeof(text)), when, verdict);
}

/* One fault: a run with it, and one without. */
static void try_fault(const struct fault *fault)
{
        static struct result r;
        bool is_call = fault->call >= 0, hit;

        reset();
        if (is_call) {
                inject(options.argv, fault, NULL, NULL, &r);
                hit = r.hit;
        } else {
                memset(alloc_fault, 0, sizeof(*alloc_fault));
                alloc_fault->role = (int)fault->role;
                alloc_fault->on = fault->action == ACTION_FAIL_ON;
                alloc_fault->at = fault->occurrence;
                inject(options.argv, NULL, NULL, allocating, &r);
                hit = alloc_fault->hit;
        }
        if (!hit)
                total.missed++;
        else if (!is_call)
                total.allocations++;
        else if (fault->action == ACTION_FAIL)
                total.errors++;
        else if (fault->action == ACTION_FAIL_ON)
                total.lasting++;
        else
                total.kills++;
        if (r.seconds > total.slowest)
                total.slowest = r.seconds;
        if (WIFEXITED(r.status) && WEXITSTATUS(r.status) == 0)
                total.restored++;
        else
                total.failed++;
        if (getenv("FAULT_TRACE")) {
                char text[256];

                printf("# %s%s: status %#x, %.3f s: %s%s", describe(fault, text, sizeof(text)), hit ? "" : " (missed)",
                       (unsigned)r.status, r.seconds, r.out,
                       *r.err   ? r.err
                       : *r.out ? ""
                                : "\n");
        }
        if (!judge(&r, is_call ? fault : NULL, fault->action == ACTION_FAIL_ON)) {
                note(fault, "");
                return;
        }
        /* A run killed after its commit has restored everything; the next run refuses the directory, as it is not
         * empty. */
        if ((WIFEXITED(r.status) && WEXITSTATUS(r.status) == 0) || (!options.before && exists("shutdown")))
                return;
        inject(options.argv, NULL, NULL, NULL, &r);
        if (!judge_next(&r))
                note(fault, ", then");
}

static struct fault *faults;
static size_t fault_count, fault_room;

static void add(struct fault fault)
{
        if (fault_count == fault_room) {
                fault_room = fault_room * 2 + 1024;
                faults = reallocarray(faults, fault_room, sizeof(*faults));
                if (!faults)
                        die("memory");
        }
        faults[fault_count++] = fault;
}

static void list_faults(const struct profile *profile)
{
        int errors[ERRORS_MAX];

        for (int role = 0; role < ROLE_COUNT; role++)
                for (int call = 0; call < CALLS_MAX; call++) {
                        int count = plausible_errors(call, errors), n = profile->counts[role][call];

                        for (int i = 1; i <= n; i++) {
                                struct fault f = { .role = (enum role)role, .call = call, .occurrence = i };

                                if (i > options.max_occurrence && i <= n - options.max_occurrence)
                                        continue;
                                for (int e = 0; e < count; e++) {
                                        f.error = errors[e];
                                        f.action = ACTION_FAIL;
                                        add(f);
                                        f.action = ACTION_FAIL_ON;
                                        if (f.error != EINTR && f.error != EAGAIN && f.error != 0)
                                                add(f);
                                }
                                f.action = ACTION_KILL_BEFORE;
                                add(f);
                                f.action = ACTION_KILL_AFTER;
                                if (call != SYS_exit_group && call != SYS_exit)
                                        add(f);
                        }
                }
        for (int role = 0; alloc_fault && role < ROLE_COUNT; role++)
                for (int i = 1, n = alloc_fault->counts[role]; i <= n; i++) {
                        add((struct fault){
                                        .role = (enum role)role, .call = -1, .occurrence = i, .action = ACTION_FAIL });
                        add((struct fault){ .role = (enum role)role,
                                            .call = -1,
                                            .occurrence = i,
                                            .action = ACTION_FAIL_ON });
                }
}

static void shuffle(void)
{
        srandom((unsigned)time(NULL));
        for (size_t i = fault_count; i > 1; i--) {
                size_t j = (size_t)random() % i;
                struct fault f = faults[i - 1];

                faults[i - 1] = faults[j];
                faults[j] = f;
        }
}

static void prepare_allocations(void)
{
        static char preload[4096], number[32];
        int fd = memfd_create("alloc", 0);
        size_t count = 0;
        void *p;

        if (fd < 0 || ftruncate(fd, sizeof(*alloc_fault)) < 0)
                die("memfd");
        p = mmap(NULL, sizeof(*alloc_fault), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED)
                die("mmap");
        alloc_fault = p;
        snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", options.alloc);
        snprintf(number, sizeof(number), "FAULT_ALLOC=%d", fd);
        for (char **e = environ; *e && count < 500; e++)
                allocating[count++] = *e;
        allocating[count++] = preload;
        allocating[count++] = number;
}

/* The runs without a fault, with which all others are compared. */
static void measure(struct profile *profile)
{
        static struct result r;

        reset();
        if (options.before)
                tree_look(options.out, NULL, &before);
        if (options.before)
                tree_look(options.before, NULL, &mine);
        /* The mark is there to be removed. */
        for (size_t i = 0; i < mine.count; i++)
                if (strcmp(mine.list[i].path, "/" MARK) == 0) {
                        memmove(&mine.list[i], &mine.list[i + 1], (mine.count - i - 1) * sizeof(*mine.list));
                        mine.count--;
                }
        mounts_before = count_mounts();
        inject(options.argv, NULL, profile, NULL, &r);
        tree_look(options.out, NULL, &complete);
        if (!judge(&r, NULL, false) || !exists("shutdown") || has_staging() || exists(MARK) || !is_kept()) {
                printf("# %s: a run without a fault: status %#x: %s\n%s%s", options.name, (unsigned)r.status, verdict,
                       r.out, r.err);
                exit(1);
        }
        if (options.alloc) {
                prepare_allocations();
                reset();
                inject(options.argv, NULL, NULL, allocating, &r);
                if (!judge(&r, NULL, false)) {
                        printf("# %s: a run with %s: %s\n", options.name, options.alloc, verdict);
                        exit(1);
                }
        }
}

static void parse(int argc, char **argv)
{
        static const struct option known[] = {
                { "name", 1, NULL, 'n' },           { "out", 1, NULL, 'o' },   { "before", 1, NULL, 'b' },
                { "mount", 1, NULL, 'M' },          { "alloc", 1, NULL, 'a' }, { "seconds", 1, NULL, 's' },
                { "max-occurrence", 1, NULL, 'x' }, { NULL, 0, NULL, 0 },
        };
        int c;

        options.max_occurrence = 1 << 30;
        while ((c = getopt_long(argc, argv, "+", known, NULL)) >= 0)
                switch (c) {
                case 'n':
                        options.name = optarg;
                        break;
                case 'o':
                        options.out = optarg;
                        break;
                case 'b':
                        options.before = optarg;
                        break;
                case 'M':
                        options.mount = strsep(&optarg, ",");
                        options.mount_options = optarg ?: (char *)"";
                        break;
                case 'a':
                        options.alloc = optarg;
                        break;
                case 's':
                        options.seconds = atoi(optarg);
                        break;
                case 'x':
                        options.max_occurrence = atoi(optarg);
                        break;
                default:
                        exit(2);
                }
        options.argv = argv + optind;
        if (!options.name || !options.out || !*options.argv)
                exit(2);
}

int main(int argc, char **argv)
{
        static struct profile profile;
        double start;
        size_t i;

        setlocale(LC_CTYPE, "C.UTF-8");
        parse(argc, argv);
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                die("unshare");
        measure(&profile);
        list_faults(&profile);
        if (options.seconds > 0)
                shuffle();
        start = now();
        for (i = 0; i < fault_count && (options.seconds == 0 || now() - start < options.seconds); i++)
                try_fault(&faults[i]);
        reset();
        printf("%s: %zu of %zu faults: %lu failed calls, %lu calls that failed on, %lu kills, %lu failed allocations; "
               "%lu missed; %lu restored, %lu failed or killed; slowest %.2f s; %lu violations\n",
               options.name, i, fault_count, total.errors, total.lasting, total.kills, total.allocations, total.missed,
               total.restored, total.failed, total.slowest, total.violations);
        return total.violations > 0;
}
