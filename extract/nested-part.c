/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nested-part.h"

#include <fcntl.h>
#include <sched.h>
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
#include "cpio.h"

/* A tmpfs over the current directory of a mount namespace of our own: it goes away with us. */
static int make_scratch(void)
{
        _cleanup_close_ int context = -1, tmpfs = -1;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return -errno;
        context = fsopen("tmpfs", FSOPEN_CLOEXEC);
        if (context < 0 || fsconfig(context, FSCONFIG_SET_STRING, "mode", "700", 0) < 0 ||
            fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        tmpfs = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        if (tmpfs < 0 || move_mount(tmpfs, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return -errno;
        return openat(tmpfs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* In a process of its own. */
static int extract_nested(const struct image *image, const struct options *options, int memory)
{
        static char *const names[] = { "squashfs-root.img", "squash-root.img", "erofs-root.img" };
        const struct walk_options only = {
                .window = options->only.window,
                .select = { .first = options->only.select.first,
                            .last = options->only.select.last,
                            .patterns = names,
                            .pattern_count = ELEMENTSOF(names) },
        };
        const struct unpack_options unpack = { .window = options->only.window, .only = &only, .polite = true };
        const struct exclude none = { 0 };
        _cleanup_close_ int scratch = make_scratch();
        struct unpacked unpacked;
        struct content content = { 0 };
        int r;

        if (scratch < 0)
                return log_error(scratch, "Nested roots cannot be read%s",
                                 scratch == -EPERM ? ", which takes root's rights" : "");
        r = unpack_image(image, scratch, &unpack, &unpacked);
        if (r == 0)
                r = nested_extract(scratch, &none, &content);
        if (r > 0)
                r = cpio_write(scratch, memory);
        return r == -ENOSPC ? log_error(r, "Nested roots cannot be read into memory") : r;
}

int nested_part_add(struct image *image, const struct options *options)
{
        _cleanup_close_ int memory = memfd_create("nested", MFD_CLOEXEC);
        pid_t pid = memory < 0 ? -1 : fork();
        struct stat st;
        int status;

        if (pid < 0)
                return log_error(-errno, "Nested roots cannot be read");
        if (pid == 0)
                _exit(extract_nested(image, options, memory) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
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
