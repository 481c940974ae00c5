/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Mounts of new file systems, attached nowhere: nobody sees them, and they end with their last descriptor.
 */

#include <stdbool.h>
#include <stddef.h>

/** An option of a file system. */
struct mount_setting {
        const char *key, *value; /* value: NULL for a flag */
        bool optional;           /* kernels may refuse it */
};

/**
 * Make a file system and a mount of it.
 *
 * @param type        of the file system, as in /proc/filesystems
 * @param attributes  MOUNT_ATTR_…
 * @param settings    @count of them
 * @return a descriptor, owned by the caller; or a negative errno
 */
int mount_new(const char *type, unsigned int attributes, const struct mount_setting *settings, size_t count);
