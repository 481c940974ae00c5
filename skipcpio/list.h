/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * skipcpio --list: what an image is made of.
 */

#include "parts.h"

/**
 * Find out where a compressed part ends. Only a decoder can tell, and those are no business of
 * this library: whoever links list_parts() brings this function along.
 *
 * @param ret_end  the first offset in the image behind the part
 * @param e        filled where the result is -EBADMSG; its reason is valid until the next call
 * @return 0 or a negative errno
 */
int part_measure(const struct image *image, const struct part *part, uint64_t *ret_end, struct image_error *e);

/**
 * Print a line a part: its number from 1, the offsets of its first byte and of the one behind its
 * last, its format, and `early` or `main`; separated by blanks.
 *
 * @param file  name for complaints, which go to standard error
 * @return 0, or a negative errno after a complaint: the lines of the parts before are printed
 */
int list_parts(struct image *image, const char *file);
