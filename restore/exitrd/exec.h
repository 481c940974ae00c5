/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A directory that programs can be run from, on a file system that is mounted noexec.
 *
 * systemd-shutdown asks access("/run/initramfs/shutdown", X_OK) and pivots into a plain bind
 * mount of /run/initramfs, which has the flags of the mount that it is made from. So where
 * /run is mounted noexec, /run/initramfs has to be a mount of its own. systemd leaves mounts
 * at and below that path alone until the pivot.
 */

#include <stdbool.h>

/**
 * Where the mount that @dir is on is noexec: mount @dir on itself, with the mounts below it,
 * executable. All other flags, the mounts below and whatever else is on the same file system
 * stay as they are. Descriptors of @dir from before still point to the noexec mount.
 *
 * @param dir          path of an existing directory
 * @param ret_changed  whether a mount was made, for exec_undo()
 * @return 0, or a negative errno that has been told
 */
int exec_allow(const char *dir, bool *ret_changed);

/** Take away the mount that exec_allow() made. */
void exec_undo(const char *dir);
