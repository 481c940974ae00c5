/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The kernel command line, and whether an entry's or an image's options can have become it.
 *
 * Source for what GRUB adds (variables in entries, BOOT_IMAGE=): Fedora's blscfg module and GRUB's manual.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "span.h"

/** The value of the last word @name=… on a kernel command line. False where there is none. */
bool cmdline_get(struct span cmdline, const char *name, struct span *ret);

/** Whether ostree= and composefs=, where they are on the command line, are among the options. */
bool cmdline_same_deployment(struct span options, struct span cmdline);

/** Whether options and command line have the same root= and rootflags=, one of them at least, and the same deployment.
 */
bool cmdline_same_root(struct span options, struct span cmdline);

/**
 * Whether a kernel with @options can have got @cmdline: every word of the options is there, and
 * it is the same deployment. Words with a GRUB variable in them are not looked at; quotes and backslashes, which
 * loaders add and remove, and the boot version in ostree's path, which changes without a boot, do not count.
 *
 * @return how many words fit, or -1
 */
ssize_t cmdline_fits(struct span options, struct span cmdline);

/**
 * Whether BOOT_IMAGE= on the command line and an entry's kernel are the same file, as far as
 * they can be compared: one path, without GRUB's device, ends with the other.
 *
 * @return 1, 0, or -1 where BOOT_IMAGE= is no path
 */
int boot_image_fits(struct span boot_image, struct span kernel);
