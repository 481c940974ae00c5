/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What DIR held is in the exitrd, too: files are copied, an administrator's /etc/cmdline.d among
 * them, and mounts are cloned. Both win over what the tree has under their names.
 */

/**
 * Carry over all that is in a directory of a private mount namespace. The mounts are taken out of it
 * on the way.
 *
 * @param from_fd  the directory
 * @param to_fd    root of a mounted file system
 * @return 0 or a negative errno
 */
int carry_over(int from_fd, int to_fd);

/**
 * Unmount all below a directory, now that the exitrd covers it: so that the clones are the only
 * ones, and what is mounted can be unmounted after the pivot.
 *
 * @param dir_fd  the directory that was carried over, in the namespace that is visible to others
 */
void carry_uncover(int dir_fd);
