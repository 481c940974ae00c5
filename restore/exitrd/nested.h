/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The root file system that dracut's squash modules put into an image file inside the image:
 * squashfs-root.img, erofs-root.img, or before dracut 104 squash-root.img. What booted is the
 * tree in it; around it lies only what it took to mount it.
 */

#include "util/exclude.h"

/**
 * Extract such an image file at the top of @tree_fd over the tree, and remove it. What is in
 * it replaces what is in its way; directories that are on both sides become one. The tool that
 * dracut uses does the work, in a new directory below @tree_fd: links that the tree has lead
 * nowhere, and it can write to the tree alone (run.h). Where that tool is not installed or
 * cannot be kept to the tree, the kernel's own mount of it is copied.
 *
 * @param tree_fd  directory, readable
 * @param exclude  what is to be left out of what is extracted
 * @return 1 where one was extracted, 0 where there is none, or a negative errno: -ENOSPC where
 *         there is no room for it, not logged; else already logged: -EBADMSG for a damaged one,
 *         -EOPNOTSUPP without tool and kernel support
 */
int nested_extract(int tree_fd, const struct exclude *exclude);
