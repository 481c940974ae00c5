/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The exitrd: a tmpfs of its own, which nobody else sees until one call puts it in its place.
 *
 * The image is unpacked into it while it is mounted nowhere. Then, in a mount namespace of its own,
 * the program mounts it on DIR, carries over what DIR holds, and clones the tmpfs with all that is
 * mounted below it. Back in the namespace that it came from, the commit moves the clone onto DIR
 * (move_mount(2)). Whatever ends the program before that call, the kernel frees all.
 *
 * What others make of a mount on /run/initramfs:
 * - systemd-shutdown unmounts nothing at or below it (src/shutdown/umount.c). Up to systemd 253
 *   it binds the directory onto itself without what is mounted below, which then stays below
 *   /oldroot; since 254 it takes a directory that is a mount as it is (src/shared/switch-root.c).
 * - PID 1 has a mount unit for it, and never stops that: it is below /run/initramfs
 *   (mount_is_extrinsic() in src/core/mount.c).
 * - A soft reboot takes /run along without what is mounted on it (src/shared/switch-root.c since
 *   254). .need_shutdown is visible again then, and the next shutdown restores again.
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

/** Whether @path holds the mark that asks for the pivot; true also where that cannot be told. */
bool exitrd_is_needed(const char *path);

/**
 * Make an empty tmpfs for DIR, which is made if it is missing. It may hold as much as memory can
 * spare, and is mounted nowhere.
 *
 * @param path  of DIR; must outlive @ret
 * @param ret   filled on success; exitrd_done() discards what was not committed
 * @return 0, or a negative errno, already logged: -EPERM without the right to mount
 */
int exitrd_open(const char *path, struct exitrd **ret);

/** Descriptor of the tree's root directory, readable; the exitrd owns it. */
int exitrd_tree(const struct exitrd *exitrd);

/** Bytes of memory that the tree takes, as its tmpfs counts them. */
uint64_t exitrd_used(const struct exitrd *exitrd);

/**
 * Fill the tree from the running system: systemd-shutdown as its `shutdown`, the hooks of
 * systemd-shutdown, and the tools for what this machine's storage is made of, each with what it
 * needs. Only files are taken that nobody but root can have written.
 *
 * @param sysroot  the system's root directory
 * @param ret      filled
 * @return 0; -ENOENT where there is no systemd-shutdown, not logged; or another negative errno, already logged:
 *         -EPERM where something of it is in a place that others can write to, -ENOPKG where a library
 *         is missing, -EBADMSG where one is damaged
 */
int exitrd_compose(struct exitrd *exitrd, const char *sysroot, struct content *ret);

/**
 * Make a tree usable that was unpacked from an image, once: extract nested roots, set labels, carry over
 * what DIR held, and check that its `shutdown` would run.
 *
 * @param image    name of the image, for messages
 * @param sysroot  directory that SELinux' files are below, "" for /
 * @param exclude  what is to be left out of nested roots
 * @param brought  filled: what the nested roots brought
 * @return 0, or a negative errno: -ENOSPC where the tmpfs is full, not logged; else already logged
 */
int exitrd_prepare(struct exitrd *exitrd, const char *image, const char *sysroot, const struct exclude *exclude,
                   struct content *brought);

/**
 * Move the tmpfs onto DIR, and unmount the mounts below it that were carried over and are covered now.
 *
 * @param pivot  PID 1 is to pivot into it: it is an error if PID 1 does not see it
 * @return 1; 0 where meanwhile somebody else has finished an exitrd there; or a negative errno, already
 *         logged: DIR is as it was
 */
int exitrd_commit(struct exitrd *exitrd, bool pivot);

/** Free all. Works as a cleanup function. */
void exitrd_done(struct exitrd **exitrd);
