/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Room on a tmpfs whose limits are too small.
 *
 * systemd mounts /run with a limit of a fifth of the memory (v249: 20 % and 800k inodes), so
 * a general image does not fit there on a small machine, though there is memory enough.
 */

#include <stdint.h>

/**
 * After ENOSPC: raise the limits of the tmpfs that @fd is on, the one of its size or the one
 * of its inodes, whichever ran out; by a step, no further than memory can spare. Nothing but
 * these two limits changes.
 *
 * @param fd    a directory on that file system
 * @param need  bytes that are wanted at once; 0 where it was not bytes, or nobody knows
 * @return 0 where it is worth trying again; -ENOSPC where it is no tmpfs, no limit was in the
 *         way, or memory is short; another negative errno where the kernel refused, as -EPERM
 */
int grow_tmpfs(int fd, uint64_t need);

/**
 * The same for one of several threads: -EALREADY where there is as much room already. Another
 * thread has just made it; or else no limit was in the way, and trying again would never end.
 */
int grow_shared_tmpfs(int fd, uint64_t need);

/**
 * Set the limits back to what they were before the first grow_tmpfs(), after what needed them
 * was removed. Does nothing where nothing was raised.
 *
 * @param fd  a directory on that file system
 * @return 0, or a negative errno: -EINVAL where more than the old limit is in use
 */
int grow_undo(int fd);
