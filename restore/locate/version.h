/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Kernel versions in the names of files.
 */

#include <stdbool.h>

#include "span.h"

/**
 * Whether a file's name has exactly @version: only suffixes such as .img, .conf, .efi or .gz follow it, and before
 * it is nothing, `-`, `_`, or a `.` that follows no digit.
 */
bool name_has_version(struct span name, const char *version);

/** Whether name_has_version() holds for one of a path's components, between slashes or backslashes. */
bool path_has_version(struct span path, const char *version);

/** Whether a file's name says that it is not for a normal boot: kdump, rescue, fallback, .old or .bak. */
bool name_is_special(struct span name);

/** Whether a file's name looks like that of a FIT, which may have an image in it (fit.h): it begins with "fitImage", in
 * any case, or ends with .itb or .fit. U-Boot itself is a FIT, too, and has none. */
bool name_is_fit(struct span name);

/** Whether a file's name looks like an image's: it contains "initr" or "ramdisk", in any case,
 * begins with "dracut", or is that of a FIT. */
bool name_is_image(struct span name);

/** An image's name without "initrd", suffixes and the like: linux-lts in initramfs-linux-lts.img. */
struct span name_core(struct span name);

/** A file's name without suffixes such as .img at its end. */
struct span name_without_suffixes(struct span name);

/**
 * Find @version in a file's name, followed only by words (-dracut.img, .hostonly) and suffixes, and not preceded by a
 * digit. The caller has to check that @version with such a word is not another kernel's version.
 *
 * @return a pointer into @name, or NULL
 */
const char *name_find_version(struct span name, const char *version);

/** Whether a file's name has a number with a point in it, as versions have. */
bool name_has_number(struct span name);

/** Whether a file's name, without suffixes, ends with the last word of @version: lts in 6.6.8-0-lts. */
bool name_has_flavour(struct span name, const char *version);
