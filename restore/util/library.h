/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Libraries that not every restore needs: loaded when an image asks for one, not linked.
 */

#include <stdbool.h>
#include <stddef.h>

/** A function's name and where to store its address. */
struct symbol {
        const char *name;
        void **address;
        bool optional; /* newer than the oldest library that will do; its address is NULL where it is missing */
};

/** The row for a function that is stored in the field of its name in a variable @library. */
#define SYMBOL(library, function)                              \
        {                                                      \
#function, (void **)&(library).function, false \
        }

/**
 * Load a library and look up its functions. It stays loaded until the process ends.
 *
 * A library can be there and not load: one with text relocations does not where memory must not be
 * both writable and executable (MemoryDenyWriteExecute= of systemd.exec(5)).
 *
 * @param sonames  as for dlopen(), ended by NULL; the first that loads is taken. Distributions differ in them
 * @param symbols  ended by one whose name is NULL
 * @return 0, or -ENOPKG where no library can be loaded or a function is missing
 */
int library_load(const char *const *sonames, const struct symbol *symbols);
