/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Libraries for formats that are rarely met: loaded when a magic number asks for them.
 */

#include <stddef.h>

/** A function's name and where to store its address. */
struct symbol {
        const char *name;
        void **address;
};

/**
 * Load a library and look up its functions.
 *
 * @param soname   as for dlopen()
 * @param symbols  ended by one whose name is NULL
 * @return 0, or -ENOPKG where the library or a function is missing
 */
int library_load(const char *soname, const struct symbol *symbols);
