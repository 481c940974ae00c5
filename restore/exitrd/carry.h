/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What DIR held is in the exitrd, too: files are copied, an administrator's /etc/cmdline.d among
 * them, and mounts are cloned. Both win over what the tree has under their names.
 */

#include <stddef.h>

/** The mounts that were carried over: names below DIR, each with its NUL. Starts out as zeros. */
struct carried {
        char *mounts;
        size_t size;
};

/**
 * Carry over all that is in a directory of a private mount namespace. The mounts are taken out of it
 * on the way.
 *
 * @param from_fd  the directory
 * @param to_fd    root of a mounted file system
 * @param ret      to be given to carried_done(), also after a failure
 * @return 0 or a negative errno
 */
int carry_over(int from_fd, int to_fd, struct carried *ret);

/**
 * Unmount what was carried over where it was, now that something else covers it there: so that the
 * clones are the only ones, and what is mounted can be unmounted after the pivot.
 *
 * @param dir_fd  the directory that carry_over() found it in, in the namespace that is visible to others
 */
void carried_uncover(const struct carried *carried, int dir_fd);

/** Free all. */
void carried_done(struct carried *carried);
