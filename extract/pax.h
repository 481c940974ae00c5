/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A tar archive in the pax format. libarchive writes it, and is loaded when it is first needed.
 */

#include <stddef.h>

#include "skipcpio/newc.h"

struct pax;

/**
 * Begin an archive.
 *
 * @param fd   where to write, not owned
 * @param ret  to be freed by pax_end()
 * @return 0, or a negative errno, already logged: -ENOPKG if there is no libarchive
 */
int pax_begin(int fd, struct pax **ret);

/**
 * Add an entry. A regular file that is not a hard link must be followed by @header->filesize bytes (pax_data()).
 *
 * @param symlink   target of a symlink, or NULL
 * @param hardlink  for a hard link: the file's earlier name; or NULL
 * @return 0, or a negative errno, already logged
 */
int pax_add(struct pax *to, const struct newc *header, const char *name, const char *symlink, const char *hardlink);

/** Add bytes to the file that was added last. @return as pax_add() */
int pax_data(struct pax *to, const void *bytes, size_t size);

/** Finish the archive, unless @r is negative, and free all; NULL is fine. @return @r, or as pax_add() */
int pax_end(struct pax *to, int r);
