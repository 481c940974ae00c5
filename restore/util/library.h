/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Libraries that are loaded when an image needs them, not linked.
 */

#include <stdbool.h>
#include <stddef.h>

/** A function's name and where to store its address. */
struct symbol {
        const char *name;
        void **address;
        bool optional; /* missing in the oldest supported library; its address is then NULL */
};

/** The row of a function whose address goes into the field of the same name in `lib`. */
#define LIBRARY_ROW(function) { #function, (void **)&lib.function, false },
#define LIBRARY_FIELD(function) __typeof__(function) *(function);

/**
 * Declare a library's functions, once for a file: `lib` has a pointer to each, `lib_symbols` is the table for
 * library_load().
 *
 * @param FUNCTIONS  a macro that calls its argument with the name of each function
 */
#define LIBRARY(FUNCTIONS)               \
        static struct {                  \
                FUNCTIONS(LIBRARY_FIELD) \
        } lib;                           \
        static const struct symbol lib_symbols[] = { FUNCTIONS(LIBRARY_ROW){ 0 } }

/**
 * Load a library and look up its functions. It stays loaded until the process ends.
 *
 * An installed library may fail to load: one with text relocations cannot be loaded under
 * MemoryDenyWriteExecute= (systemd.exec(5)).
 *
 * @param sonames  as for dlopen(), ended by NULL; the first that loads is used. The names differ between distributions
 * @param symbols  ended by one whose name is NULL
 * @return 0, or -ENOPKG where no library can be loaded or a function is missing
 */
int library_load(const char *const *sonames, const struct symbol *symbols);
