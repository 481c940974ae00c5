/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reading partitions that are not mounted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * The path of the device that fstab(5) calls @source: udev's link for tags, such as /dev/disk/by-partuuid/… for
 * PARTUUID=…; a path is returned as it is.
 *
 * @param path  filled, with a NUL
 * @param size  bytes at @path
 * @return false if @source is not a device (but "tmpfs" or "host:/path"), or too long
 */
bool partition_path(const char *source, char *path, size_t size);

/** What a file system is mounted with. */
struct filesystem {
        const char *type; /* the kernel's name */
        const char *flag; /* the option without which even a read-only mount writes to the device, or NULL */
};

/** Bytes of a device's start that partition_sniff() looks at. */
#define PARTITION_HEAD_SIZE 2048U

/**
 * Recognize the file systems of boot partitions, FAT, ext2/3/4 and XFS, by a device's first bytes.
 *
 * @return a constant, or NULL
 */
const struct filesystem *partition_sniff(const uint8_t *head, size_t size);

/**
 * Mount a block device read-only and detached: the mount is in no mount table, and ends when the last
 * descriptor in it is closed (fsopen(2), fsmount(2); Linux 5.2).
 *
 * @param device  descriptor of the device's node; O_PATH will do
 * @return a descriptor of the file system's root directory, or a negative errno: -EPERM without
 *         privilege, -ENOSYS on an old kernel, -EMEDIUMTYPE for a file system that partition_sniff() does not know
 */
int partition_mount(int device);
