/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Unified kernel images, and which of their sections is the initrd. See pe.h for the format.
 */

#include "skipcpio/image.h"
#include "pe.h"

struct uki {
        struct pe pe;
        int profile; /* the wanted one */
};

/**
 * Read a unified kernel image's headers.
 *
 * @param fd       of the file
 * @param profile  the profile that booted, by systemd's number or ID; NULL for the first
 * @param reason   filled if the result is -EBADMSG: why; a constant string
 * @return 0; -EBADMSG if this is not a UKI or lacks that profile; -ENOMEM; or the error from reading
 */
int uki_read(int fd, const char *profile, struct uki *ret, const char **reason);

/** After -EBADMSG from uki_read() for a valid PE file: whether it is an addon with an initrd. */
bool uki_is_addon(const struct uki *uki);

/**
 * The text of a section, without blanks and NULs at its ends.
 *
 * @param ret  to be freed
 * @return 0; -ENOENT if there is no such section; -EFBIG if it is too long for such a text; or another negative
 *         errno
 */
int uki_text(int fd, const struct uki *uki, const char *section, char **ret);

/**
 * The version of its kernel, from .uname or else from the kernel itself. As uki_text(); -ENOENT if neither has it.
 */
int uki_version(int fd, const struct uki *uki, char **ret);

/**
 * Append the initrd to an image: a region of the UKI itself.
 *
 * @param fd    owned by the image from now on, closed on failure too
 * @param name  of the file; the region's gets the section's name added
 * @return 0, -ENOENT if the UKI has none, or -ENOMEM
 */
int uki_add_initrd(int fd, const struct uki *uki, const char *name, struct image *image);
