/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The mount table, and mounts by descriptors. @name is an entry in @dir, or "." for @dir itself. Symbolic links are not
 * followed. If several mounts cover one name, the topmost is meant.
 */

#include <sys/types.h>

/**
 * Find the first mount of a file system in a mount table (proc(5), mountinfo).
 *
 * @param table   "/proc/PID/mountinfo"
 * @param device  st_dev of a file on the file system
 * @return the ID of the mount that it is mounted on; -ENOENT if the table does not have it, or another negative errno
 */
int mounts_parent(const char *table, dev_t device);

/** The ID of the mount that @fd was opened on, or a negative errno. */
int mounts_id(int fd);

/**
 * Clone the mount on @name with all mounts below it. If nothing is mounted there, make a bind mount of @name.
 *
 * @return a descriptor, owned by the caller: closing it frees the clone; or a negative errno
 */
int mounts_clone(int dir, const char *name);

/** Mount on @name what mounts_clone() or fsmount(2) returned. Returns 0 or a negative errno. */
int mounts_attach(int mount, int dir, const char *name);

/** Detach the mount whose root @fd is, with all that is mounted below it. @return 0 or a negative errno */
int mounts_detach_fd(int fd);

/** Move to a new mount namespace, whose mounts nobody else sees. @return 0 or a negative errno */
int mounts_leave(void);

/** Unmount what is mounted on @name, with all below it. Returns 0 or a negative errno. */
int mounts_detach(int dir, const char *name);

/** Whether something is mounted on @name, which is not ".": 1, 0, or a negative errno. */
int mounts_is_mounted(int dir, const char *name);
