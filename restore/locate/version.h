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
