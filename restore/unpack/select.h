/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Which entries of an image are wanted, and what they are called then.
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
        uint64_t strip;         /* leading components of names to take away; names with no more of them are left out */
        const char *subdir;     /* put each part below a directory of this name and the part's number; or NULL */
};

/** Whether the part @number is wanted. */
bool select_part(const struct selection *selection, uint64_t number);

/**
 * Whether an entry is wanted.
 *
 * @param number  its part
 * @param name    as it is stored; on success, what it is called
 * @return 1; 0; or -ENAMETOOLONG
 */
int select_name(const struct selection *selection, uint64_t number, char name[static PATH_MAX]);

/** Whether a name has a component `..`. */
bool name_leads_out(const char *name);
