/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Carrying over what DIR holds into the exitrd: files, such as an administrator's etc/cmdline.d, are
 * copied, and mounts are cloned. They replace what the image has under their names.
 */

/**
 * Carry over all that is in a directory of a private mount namespace. Its mounts are moved, so none is left
 * below it.
 *
 * @param from_fd  the directory
 * @param to_fd    root of a mounted file system
 * @return 0 or a negative errno
 */
int carry_over(int from_fd, int to_fd);

/**
 * Unmount all below a directory that the exitrd now covers. The clones are then the only mounts of these
 * file systems, so they can be unmounted after the pivot.
 *
 * @param dir_fd  the directory that was carried over, in the namespace that is visible to others
 */
void carry_uncover(int dir_fd);
