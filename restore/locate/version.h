/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Kernel versions in the names of files.
 */

#include <stdbool.h>

#include "span.h"

/**
 * Whether @version stands in a file's name as a whole: nothing behind it but suffixes such as
 * .img, .conf, .efi or .gz, and in front of it the start, `-`, `_`, or a `.` not after a digit.
 */
bool name_has_version(struct span name, const char *version);

/** Whether one of a path's components, between slashes or backslashes, is or has @version in the sense of
 * name_has_version(). */
bool path_has_version(struct span path, const char *version);

/** Whether a file's name says that it is not for a normal boot: kdump, rescue, fallback, .old or .bak. */
bool name_is_special(struct span name);

/** Whether a file's name is one of a FIT, which may have an image in it (fit.h): it begins with "fitImage", in any
 * case, or ends with .itb or .fit. U-Boot itself is one, too, and has none. */
bool name_is_fit(struct span name);

/** Whether a file's name is one of an image: it has "initr" or "ramdisk" in it, in any case,
 * begins with "dracut", or is one of a FIT. */
bool name_is_image(struct span name);

/** What an image's name has besides "initrd", suffixes and the like: linux-lts of initramfs-linux-lts.img. */
struct span name_core(struct span name);

/** A file's name without suffixes such as .img at its end. */
struct span name_without_suffixes(struct span name);

/**
 * Where @version stands in a file's name, with nothing behind it but words (-dracut.img, .hostonly) and suffixes, and
 * with no digit in front of it. Whether another kernel's version is the same with such a word is the caller's to see.
 *
 * @return a pointer into @name, or NULL
 */
const char *name_find_version(struct span name, const char *version);

/** Whether a file's name has a number with a point in it, as versions have. */
bool name_has_number(struct span name);

/** Whether a file's name ends, but for suffixes, with the last word of @version: lts of 6.6.8-0-lts. */
bool name_has_flavour(struct span name, const char *version);
