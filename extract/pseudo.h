/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What `unsquashfs -pf FILE` writes of a squashfs: a line an entry, and the files' data. No rights are needed for that,
 * and owners, device nodes and hard links are in it.
 */

#include <stdio.h>

/**
 * Write a cpio archive of one.
 *
 * @param fd    regular file, readable
 * @param to    regular file, at whose end the archive begins
 * @param name  of the image, for messages
 * @return 0; -ENOSPC, not logged; or another negative errno, already logged: -EBADMSG where it is no such file
 */
int pseudo_write(int fd, FILE *to, const char *name);
