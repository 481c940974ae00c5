/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include "util/compat.h"
#include "util/log.h"

int exec_allow(const char *dir, bool *ret_changed)
{
        _cleanup_close_ int mount_fd = -1;
        struct statvfs st;

        *ret_changed = false;
        if (statvfs(dir, &st) < 0)
                return log_error(-errno, "Cannot look at %s", dir);
        if (!(st.f_flag & ST_NOEXEC))
                return 0;

        mount_fd = open_tree(AT_FDCWD, dir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
        /* The copies leave their originals' peer groups: taking them away again must not reach those. */
        if (mount_fd < 0 ||
            mount_setattr(mount_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &(struct mount_attr){ .propagation = MS_PRIVATE },
                          sizeof(struct mount_attr)) < 0 ||
            mount_setattr(mount_fd, "", AT_EMPTY_PATH, &(struct mount_attr){ .attr_clr = MOUNT_ATTR_NOEXEC },
                          sizeof(struct mount_attr)) < 0 ||
            move_mount(mount_fd, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return log_error(-errno, "Cannot make %s executable, whose file system is mounted noexec", dir);
        *ret_changed = true;
        return 0;
}

void exec_undo(const char *dir)
{
        if (umount2(dir, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
                log_warning(-errno, "Cannot unmount %s", dir);
}
