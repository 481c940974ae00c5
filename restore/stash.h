/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The stash: an initramfs that runs, written as an image, for a restore where no other image is to be had.
 */

/**
 * Write a tree as one zstd-compressed newc archive, without kernel modules, firmware, what is in an image for the
 * booting kernel alone, and without what is mounted in the tree. libarchive is loaded for it.
 *
 * @param directory  the tree's root directory; becomes the working directory. Nobody else may change the tree
 * @param out        file that gets the image; no more is written than half of the room on its file system
 * @return 0, or a negative errno, already logged: @out then has a part of the image. -ENOPKG where there is no
 *         libarchive that will do
 */
int stash(int directory, int out);
