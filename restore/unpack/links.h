/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The first name of each inode in an archive: further names become hard links to it.
 */

#include "skipcpio/newc.h"

struct links;

/**
 * Find the first name of the file that @header is for.
 *
 * Two headers are for the same file if device, inode number and type are equal (Linux init/initramfs.c). A new
 * file is remembered as @name until links_forget().
 *
 * @param links    *links is allocated when it is needed
 * @param ret_old  the first name, owned by the table and valid until the next call; NULL for a new file
 * @return 0, -ENOMEM, or -E2BIG beyond LINKS_MEMORY_MAX
 */
int links_find(struct links **links, const struct newc *header, const char *name, const char **ret_old);

/** The first name of the file that @header is for; NULL if there is none yet. @links may be NULL. */
const char *links_get(const struct links *links, const struct newc *header);

/** Forget all files, as at the trailer of an archive; also frees the table. */
void links_forget(struct links **links);

/** Bytes that the table may hold: hundreds of thousands of real files. */
#define LINKS_MEMORY_MAX (UINT64_C(32) << 20)
