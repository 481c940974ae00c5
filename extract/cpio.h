/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A cpio archive (newc) of a tree.
 */

/**
 * Write one, and remove the tree's large files on the way: both are in memory.
 *
 * @param tree_fd  directory; what is below it gets into the archive, sorted by name
 * @param to       regular file, empty
 * @return 0; -ENOSPC, not logged; or another negative errno, already logged
 */
int cpio_write(int tree_fd, int to);
