/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which entries of an image are wanted, and under which names.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/exclude.h"

/* All fields zero: everything, under its own name. */
struct selection {
        uint64_t first, last;   /* parts, from 1; 0 for all */
        char *const *patterns;  /* of fnmatch(3), for whole names as they are stored; not owned */
        size_t pattern_count;   /* 0 for all names */
        struct exclude exclude; /* names as they are stored */
        uint64_t strip;         /* leading components to remove from names; names without further ones are left out */
        const char *subdir;     /* put each part into a directory called this plus the part's number; or NULL */
};

/** Whether the part @number is wanted. */
bool select_part(const struct selection *selection, uint64_t number);

/**
 * Whether an entry is wanted.
 *
 * @param number  its part
 * @param name    as stored in the image; changed to the wanted name on success
 * @return 1; 0; or -ENAMETOOLONG
 */
int select_name(const struct selection *selection, uint64_t number, char name[static PATH_MAX]);

/** Whether a name has a component `..`. */
bool name_leads_out(const char *name);
