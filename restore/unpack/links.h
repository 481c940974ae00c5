/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which name an inode of the archive was first given, so that further names become hard links.
 */

#include "skipcpio/newc.h"

struct links;

/**
 * The name under which the file of @header came first.
 *
 * Files are the same if device, inode number and type are (Linux init/initramfs.c). A file that is
 * new gets @name and is remembered until links_forget().
 *
 * @param links    *links is allocated when it is needed
 * @param ret_old  the earlier name, owned by the table and valid until the next call; NULL for a new file
 * @return 0, -ENOMEM, or -E2BIG beyond LINKS_MEMORY_MAX
 */
int links_find(struct links **links, const struct newc *header, const char *name, const char **ret_old);

/** The name under which the file of @header came first, as above; NULL where it did not. @links may be NULL. */
const char *links_get(const struct links *links, const struct newc *header);

/** Forget all files, as at the trailer of an archive; also frees the table. */
void links_forget(struct links **links);

/** Bytes that the table may hold: hundreds of thousands of real files. */
#define LINKS_MEMORY_MAX (UINT64_C(32) << 20)
