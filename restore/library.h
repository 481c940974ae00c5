/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Libraries for formats that are rarely met: loaded when a magic number asks for them.
 */

#include <stddef.h>

/**
 * Load a library and look up its functions.
 *
 * @param soname   as for dlopen()
 * @param symbols  pairs of a name and where to store its address, ended by a NULL name
 * @return 0, or -ENOPKG where the library or a function is missing
 */
struct symbol {
        const char *name;
        void **address;
};

int library_load(const char *soname, const struct symbol *symbols);
