/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Actions that make no files: lists, contents and tests.
 */

#include <stdio.h>

#include "options.h"

/**
 * Do @options->action: a list, contents or a test.
 *
 * @param to  where lists and contents go
 * @return 0, or a negative errno, already logged
 */
int show_image(const struct image *image, const struct options *options, FILE *to);

/** Print an entry as `cpio -tv` does. @target is that of a symlink, else NULL. */
void show_long(FILE *to, const struct newc *header, const char *name, const char *target);
