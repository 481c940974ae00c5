/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nested-part.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "nested/nested.h"
#include "skipcpio/util.h"
#include "unpack/unpack.h"
#include "util/compat.h"
#include "util/log.h"
#include "util/newmount.h"
#include "util/run.h"
#include "cpio.h"
#include "pseudo.h"

static int write_text(const char *path, const char *text)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

        return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* As who we are. @return 1 in a user namespace, 0 if there is no need of one */
static int enter_namespaces(void)
{
        char users[64], groups[64];
        int r;

        if (unshare(CLONE_NEWNS) == 0)
                return 0;
        if (errno != EPERM)
                return -errno;
        snprintf(users, sizeof(users), "%u %u 1", geteuid(), geteuid());
        snprintf(groups, sizeof(groups), "%u %u 1", getegid(), getegid());
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                return -errno;
        r = write_text("/proc/self/setgroups", "deny");
        if (r == 0)
                r = write_text("/proc/self/uid_map", users);
        if (r == 0)
                r = write_text("/proc/self/gid_map", groups);
        return r < 0 ? r : 1;
}

/* A tmpfs over the current directory of a mount namespace of our own: it goes away with us. */
static int make_scratch(void)
{
        const struct mount_setting private = { "mode", "700", false };
        _cleanup_close_ int tmpfs = -1;

        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return -errno;
        tmpfs = mount_new("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, &private, 1);
        if (tmpfs < 0 || move_mount(tmpfs, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return tmpfs < 0 ? tmpfs : -errno;
        return openat(tmpfs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int run_tool(int scratch, const struct nested *nested, const char *const *argv)
{
        const struct run run = { .argv = argv, .dir_fd = scratch };
        char said[256];
        int r = run_program(&run, said, sizeof(said));

        if (r < 0)
                return log_error(r, "Cannot read the image's %s: %s cannot be run", nested->name, nested->tool);
        if (r > 0)
                return log_error(0, "Cannot read the image's %s: %s%s%s (status %d)", nested->name, nested->tool,
                                 *said ? ": " : " failed", said, r),
                       -EBADMSG;
        return 0;
}

/* Without root's rights, nobody mounts it, and no files have owners. */
static int write_squashfs(int scratch, const struct nested *nested, FILE *to)
{
        /* unsquashfs takes two queues of 256 MB unless told otherwise. */
        const char *argv[] = { nested->tool, "-no-xattrs", "-no-progress", "-data-queue", "16",        "-frag-queue",
                               "16",         "-pf",        "pseudo",       nested->name,  (char *)NULL };
        _cleanup_close_ int pseudo = -1;
        int r = run_tool(scratch, nested, argv);

        if (r < 0)
                return r;
        pseudo = openat(scratch, "pseudo", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (pseudo < 0)
                return log_error(-errno, "Cannot read the image's %s", nested->name);
        return pseudo_write(pseudo, to, nested->name);
}

static int write_erofs(int scratch, const struct nested *nested, FILE *to)
{
        const char *argv[] = { nested->tool, "--preserve-perms", "--extract=tree", nested->name, NULL };
        _cleanup_close_ int tree = -1;
        int r = run_tool(scratch, nested, argv);

        if (r < 0)
                return r;
        log_warning(0, "%s: the owners of files and device nodes are left out, which only root gets from fsck.erofs",
                    nested->name);
        tree = openat(scratch, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return tree < 0 ? log_error(-errno, "Cannot read the image's %s", nested->name) : cpio_write(tree, to, false);
}

static int write_as_user(int scratch, FILE *to)
{
        for (size_t i = 0; i < NESTED_KINDS; i++) {
                const struct nested *nested = &nested_kinds[i];
                uint64_t size;
                _cleanup_close_ int fd = nested_open(scratch, nested, &size);
                int r;

                if (fd == -ENOENT)
                        continue;
                if (fd < 0)
                        return fd;
                r = strcmp(nested->type, "erofs") == 0 ? write_erofs(scratch, nested, to)
                                                       : write_squashfs(scratch, nested, to);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int write_as_root(int scratch, FILE *to)
{
        const struct exclude none = { 0 };
        struct content content = { 0 };
        int r = nested_extract(scratch, &none, &content);

        return r > 0 ? cpio_write(scratch, to, true) : r;
}

/* In a process of its own. */
static int extract_nested(const struct image *image, const struct options *options, FILE *memory)
{
        char *names[NESTED_KINDS];
        const struct walk_options only = {
                .window = options->only.window,
                .select = { .first = options->only.select.first,
                            .last = options->only.select.last,
                            .patterns = names,
                            .pattern_count = NESTED_KINDS },
        };
        const struct unpack_options unpack = { .window = options->only.window, .only = &only, .polite = true };
        struct unpacked unpacked;
        int user = enter_namespaces(), r;
        _cleanup_close_ int scratch = user < 0 ? user : make_scratch();

        if (scratch < 0)
                return log_error(scratch, "Nested roots cannot be read%s",
                                 user < 0 ? ", which takes root's rights or user namespaces" : "");
        umask(0); /* modes are the image's */
        for (size_t i = 0; i < NESTED_KINDS; i++)
                names[i] = (char *)nested_kinds[i].name;
        r = unpack_image(image, scratch, &unpack, &unpacked);
        if (r == 0)
                r = user ? write_as_user(scratch, memory) : write_as_root(scratch, memory);
        return r == -ENOSPC ? log_error(r, "Nested roots cannot be read into memory") : r;
}

int nested_part_add(struct image *image, const struct options *options)
{
        _cleanup_close_ int memory = memfd_create("nested", MFD_CLOEXEC);
        int copy = memory < 0 ? -1 : fcntl(memory, F_DUPFD_CLOEXEC, 0);
        _cleanup_fclose_ FILE *file = copy < 0 ? NULL : fdopen(copy, "w");
        pid_t pid = !file ? -1 : fork();
        struct stat st;
        int status;

        if (pid < 0)
                return log_error(-errno, "Nested roots cannot be read");
        if (pid == 0)
                _exit(extract_nested(image, options, file) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return log_error(-errno, "Nested roots cannot be read");
        if (!WIFEXITED(status))
                return log_error(0, "Nested roots cannot be read: the process was killed"), -ECHILD;
        if (WEXITSTATUS(status) != 0)
                return -EBADMSG; /* already logged */
        if (fstat(memory, &st) < 0)
                return log_error(-errno, "Nested roots cannot be read");
        if (st.st_size == 0)
                return 0;
        return image_add(image, TAKE_FD(memory), "nested roots", 0, (uint64_t)st.st_size) < 0 ? log_oom() : 0;
}
