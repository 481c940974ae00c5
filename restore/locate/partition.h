/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reading a partition that is not mounted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * Where udev links the device that fstab(5) calls @source: /dev/disk/by-partuuid/… for PARTUUID=…,
 * and so on; a path as it is.
 *
 * @param path  filled, with a NUL
 * @param size  bytes at @path
 * @return false where @source is no device (a file system's or a host's name), or too long
 */
bool partition_path(const char *source, char *path, size_t size);

/** What a file system is mounted with. */
struct filesystem {
        const char *type; /* the kernel's name */
        const char *flag; /* what keeps a read-only mount from writing to the device, or NULL */
};

/** Bytes of a device's start that partition_sniff() looks at. */
#define PARTITION_HEAD_SIZE 2048U

/**
 * Tell the file system from a device's first bytes: of those that boot partitions have, FAT,
 * ext2/3/4 and XFS.
 *
 * @return a constant, or NULL
 */
const struct filesystem *partition_sniff(const uint8_t *head, size_t size);

/**
 * Mount a block device read-only and detached: in no mount table, gone when the last
 * descriptor of it and of its files is closed (fsopen(2), fsmount(2); Linux 5.2).
 *
 * @param device  descriptor of the device's node; O_PATH will do
 * @return a descriptor of the file system's root directory, or a negative errno: -EPERM without
 *         privilege, -ENOSYS on an old kernel, -EMEDIUMTYPE where partition_sniff() knows nothing
 */
int partition_mount(int device);
