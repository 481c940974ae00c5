/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is mounted where: mountinfo (proc(5)), and mounts by descriptors.
 */

#include <stdbool.h>
#include <sys/types.h>

struct mount_entry {
        int id, parent; /* mount IDs */
};

/**
 * Find the first mount of a file system in a mount table.
 *
 * @param table   "/proc/PID/mountinfo"
 * @param device  st_dev of a file on the file system
 * @param ret     filled on success
 * @return 0, -ENOENT where it is not mounted there, or a negative errno
 */
int mounts_find(const char *table, dev_t device, struct mount_entry *ret);

/** The ID of the mount that @fd was opened on, or a negative errno. */
int mounts_id(int fd);

/** Unmount the mount that @fd is the root of, with all below it. Returns 0 or a negative errno. */
int mounts_detach(int fd);

/**
 * Whether something is mounted on @name in @dir; symbolic links are not followed.
 *
 * @return 1, 0, or a negative errno
 */
int mounts_is_mounted(int dir, const char *name);
