/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The kernel command line, and whether it can come from the options of an entry or an image.
 *
 * Source for what GRUB adds (variables in entries, BOOT_IMAGE=): Fedora's blscfg module and GRUB's manual.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "span.h"

/** The value of the last word @name=… on a kernel command line. False if there is none. */
bool cmdline_get(struct span cmdline, const char *name, struct span *ret);

/** Whether the options have the same ostree= and composefs= as the command line, as far as it has them. */
bool cmdline_same_deployment(struct span options, struct span cmdline);

/** Whether both are of the same deployment and have the same root= and rootflags=, and at least one of those. */
bool cmdline_same_root(struct span options, struct span cmdline);

/**
 * Whether @cmdline can come from @options: it has every word of them, and the deployment is the same. Words with a GRUB
 * variable are ignored. So are quotes and backslashes, which loaders add and remove, and the boot version in ostree's
 * path, which changes without a boot.
 *
 * @return the number of words that match, or -1
 */
ssize_t cmdline_fits(struct span options, struct span cmdline);

/**
 * Whether BOOT_IMAGE= on the command line and an entry's kernel may be the same file: one path, without
 * GRUB's device, ends with the other.
 *
 * @return 1, 0, or -1 if BOOT_IMAGE= is not a path
 */
int boot_image_fits(struct span boot_image, struct span kernel);
