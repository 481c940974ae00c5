/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Unified kernel images: which of their sections was the initrd. See pe.h for the format.
 */

#include "skipcpio/image.h"
#include "pe.h"

struct uki {
        struct pe pe;
        int profile; /* the one that was asked for */
};

/**
 * Read a unified kernel image's headers.
 *
 * @param fd       of the file
 * @param profile  what systemd calls the profile that booted, its number or its ID; NULL for the first
 * @param reason   why not, where the result is -EBADMSG; a constant string
 * @return 0; -EBADMSG where this is no UKI, or one without that profile; -ENOMEM; or the error from reading
 */
int uki_read(int fd, const char *profile, struct uki *ret, const char **reason);

/** Whether what uki_read() took for no UKI, its headers being right, is an addon with an initrd. */
bool uki_is_addon(const struct uki *uki);

/**
 * The text of a section, without blanks and NULs at its ends.
 *
 * @param ret  to be freed
 * @return 0; -ENOENT where there is no such section; -EFBIG where it is too long to be such a text; another negative
 * errno
 */
int uki_text(int fd, const struct uki *uki, const char *section, char **ret);

/**
 * The version of the kernel in it: what .uname says, or else the kernel itself. As uki_text(); -ENOENT where neither
 * does.
 */
int uki_version(int fd, const struct uki *uki, char **ret);

/**
 * Append the initrd to an image: a region of the UKI itself.
 *
 * @param fd    owned by the image from now on, closed on failure too
 * @param name  of the file; the region's gets the section's name added
 * @return 0, -ENOENT where the UKI has none, or -ENOMEM
 */
int uki_add_initrd(int fd, const struct uki *uki, const char *name, struct image *image);
