/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Nested roots. dracut's squash modules put the root file system into an image file inside the image:
 * squashfs-root.img, erofs-root.img, or squash-root.img before dracut 104. The rest of the image only mounts it at
 * boot.
 */

#include <sys/types.h>

#include "util/content.h"
#include "util/exclude.h"

/** What there can be. */
struct nested {
        const char *name;
        const char *type; /* of its file system, as the kernel calls it */
        const char *tool; /* which extracts it */
        off_t magic_at;   /* in the superblock */
        unsigned char magic[4];
};

#define NESTED_KINDS 3
extern const struct nested nested_kinds[NESTED_KINDS];

/**
 * Open the image file of a nested root at the top of a tree.
 *
 * @param tree_fd   the tree's root directory, readable
 * @param nested    one of nested_kinds
 * @param ret_size  set to its bytes
 * @return a descriptor, which the caller closes; -ENOENT, not logged, where there is none; or another negative errno,
 *         already logged: -EBADMSG where it is no such file system
 */
int nested_open(int tree_fd, const struct nested *nested, uint64_t *ret_size);

/**
 * Extract the nested roots at the top of a tree over that tree, and remove their image files. An extracted file
 * replaces a file of the same name; directories are merged.
 *
 * unsquashfs or fsck.erofs extracts into a new directory of the tree, and can write to that tree alone (run.h). If
 * the tool is missing or cannot be confined, the kernel mounts the image file, and the files are copied.
 *
 * @param tree_fd  the tree's root directory, readable
 * @param exclude  what to leave out
 * @param brought  what was extracted is added to it
 * @return 1 if one was extracted; 0 if there is none; -ENOSPC if there is no room, not logged; or another negative
 * errno, already logged: -EBADMSG if one is damaged, -EOPNOTSUPP if there is neither the tool nor the kernel's support
 */
int nested_extract(int tree_fd, const struct exclude *exclude, struct content *brought);
