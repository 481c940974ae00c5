/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The exitrd: a tmpfs that nobody else sees until one call puts it in its place.
 *
 * The image is unpacked into it while it is mounted nowhere. Then, in a private mount namespace, the
 * program mounts it on DIR, carries over what DIR holds, and clones the tmpfs with all that is
 * mounted below it. Back in its original namespace, the commit moves the clone onto DIR
 * (move_mount(2)). If the program ends before that call, for whatever reason, the kernel frees everything.
 *
 * How others treat a mount on /run/initramfs:
 * - systemd-shutdown unmounts nothing at or below it (src/shutdown/umount.c). Up to systemd 253
 *   it binds the directory onto itself without what is mounted below, which then stays below
 *   /oldroot; since 254 it takes a directory that is a mount as it is (src/shared/switch-root.c).
 * - PID 1 has a mount unit for it, and never stops that: it is below /run/initramfs
 *   (mount_is_extrinsic() in src/core/mount.c).
 * - A soft reboot takes /run along without what is mounted on it (src/shared/switch-root.c since
 *   254). .need_shutdown is visible again then, and the next shutdown restores again.
 * - dracut-shutdown.service is started only if /run/initramfs/bin/sh does not exist
 *   (ConditionPathExists=). The tree is made when the unit stops, and a soft reboot discards it
 *   before the unit is started again.
 * - If the unit fails, dracut-shutdown-onfailure.service removes /run/initramfs/shutdown
 *   (OnFailure=). A failed restore has mounted nothing, so that is a file from before.
 * - plymouthd makes it its root (plymouth-switch-root-initramfs.service, which waits for the end of our unit): a mount
 *   there serves it as files do.
 */

#include <stdbool.h>
#include <stdint.h>

#include "util/content.h"
#include "util/exclude.h"

#define EXITRD_PATH "/run/initramfs"
#define EXITRD_NEED_SHUTDOWN ".need_shutdown"

/** An exitrd in the making. */
struct exitrd;

/** Whether @path holds a finished exitrd: `shutdown` there leads to a file that can be executed. */
bool exitrd_is_finished(const char *path);

/** Whether @path holds the mark that asks for the pivot; true also if that cannot be determined. */
bool exitrd_is_needed(const char *path);

/**
 * Make an empty tmpfs for DIR, mounted nowhere, as large as memory can spare. A missing DIR is made.
 *
 * @param path  of DIR; must outlive @ret
 * @param ret   filled on success; exitrd_done() discards what was not committed
 * @return 0, or a negative errno, already logged: -EPERM if the caller may not mount
 */
int exitrd_open(const char *path, struct exitrd **ret);

/** Descriptor of the tree's root directory, readable; the exitrd owns it. */
int exitrd_tree(const struct exitrd *exitrd);

/** Bytes of memory that the tree takes, as its tmpfs counts them. */
uint64_t exitrd_used(const struct exitrd *exitrd);

/**
 * Fill the tree from the running system: systemd-shutdown as `shutdown`, its hooks, and the tools for this
 * machine's storage, each with what it needs. Files that anyone but root can write to are refused.
 *
 * @param sysroot  the system's root directory
 * @param ret      filled
 * @return 0; -ENOENT if there is no systemd-shutdown, not logged; or another negative errno, already logged:
 *         -EPERM if others can write to a file or to a directory on the way, -ENOPKG if a library
 *         is missing, -EBADMSG if one is damaged
 */
int exitrd_compose(struct exitrd *exitrd, const char *sysroot, struct content *ret);

/**
 * Prepare an unpacked tree for the pivot: extract nested roots, set labels, carry over what DIR holds, and
 * check that `shutdown` would run. To be called once.
 *
 * @param image    name of the image, for messages
 * @param sysroot  directory below which SELinux's files are, "" for /
 * @param exclude  what to leave out of nested roots
 * @param brought  filled with the content of the nested roots
 * @return 0; -ENOSPC if the tmpfs is full, not logged; or another negative errno, already logged
 */
int exitrd_prepare(struct exitrd *exitrd, const char *image, const char *sysroot, const struct exclude *exclude,
                   struct content *brought);

/**
 * Move the tmpfs onto DIR, and unmount what was carried over and is now covered.
 *
 * @param pivot  for PID 1 to pivot into: fail if PID 1 would not see it
 * @return 1; 0 if another process has finished an exitrd there first; or a negative errno, already logged,
 *         with DIR unchanged
 */
int exitrd_commit(struct exitrd *exitrd, bool pivot);

/** Free all. Works as a cleanup function. */
void exitrd_done(struct exitrd **exitrd);
