/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is mounted where, and mounts by descriptors. @name is that of an entry in @dir, or "." for @dir itself; symbolic
 * links are not followed, and of several mounts on one name the topmost is meant.
 */

#include <sys/types.h>

/**
 * Find the first mount of a file system in a mount table (proc(5), mountinfo).
 *
 * @param table   "/proc/PID/mountinfo"
 * @param device  st_dev of a file on the file system
 * @return the ID of the mount that it is mounted on; -ENOENT where it is not mounted there, or a negative errno
 */
int mounts_parent(const char *table, dev_t device);

/** The ID of the mount that @fd was opened on, or a negative errno. */
int mounts_id(int fd);

/**
 * Copy the mount on @name with all below it; or, where nothing is mounted there, make one that shows what @name is.
 *
 * @return its descriptor, the caller's, which is the copy's only hold; or a negative errno
 */
int mounts_clone(int dir, const char *name);

/** Mount what mounts_clone() or fsmount(2) gave on @name. Returns 0 or a negative errno. */
int mounts_attach(int mount, int dir, const char *name);

/** Detach the mount whose root @fd is, with all that is mounted below it. @return 0 or a negative errno */
int mounts_detach_fd(int fd);

/** Unmount what is mounted on @name, with all below it. Returns 0 or a negative errno. */
int mounts_detach(int dir, const char *name);

/** Whether something is mounted on @name, which is not ".": 1, 0, or a negative errno. */
int mounts_is_mounted(int dir, const char *name);
