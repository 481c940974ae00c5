/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Cpio archives (newc) of what nested roots hold.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

/**
 * Write the header of an entry.
 *
 * @param st    its inode, mode, owner, links, time and rdev
 * @param name  without a leading slash
 * @param size  bytes that are to follow, and then cpio_pad()
 * @return 0; -ENOSPC, not logged; or another negative errno, already logged
 */
int cpio_header(FILE *to, const struct stat *st, const char *name, uint32_t size);

/** Write what follows on @size bytes. @return as cpio_header() */
int cpio_pad(FILE *to, uint64_t size);

/** Write the trailer, and flush. @return as cpio_header() */
int cpio_end(FILE *to);

/**
 * Write an archive of a tree, and remove the tree's large files on the way: both are in memory.
 *
 * @param tree_fd  directory; what is below it gets into the archive, sorted by name
 * @param to       regular file, at whose end the archive begins
 * @param owners   false: all is root's
 * @return 0; -ENOSPC, not logged; or another negative errno, already logged
 */
int cpio_write(int tree_fd, FILE *to, bool owners);
