/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The stash: the running initramfs, written as an image, for systems whose image cannot be read at shutdown.
 */

/**
 * Write a tree as one zstd-compressed newc archive. Kernel modules, firmware, early files (microcode) and file systems
 * mounted in the tree are left out. libarchive is loaded for this.
 *
 * @param directory  the tree's root directory; becomes the working directory. Nobody else may change the tree
 * @param out        file to write to; the image takes at most half of the free space on its file system
 * @return 0, or a negative errno, already logged; @out may then hold part of the image. -ENOPKG if no usable
 *         libarchive is installed
 */
int stash(int directory, int out);
