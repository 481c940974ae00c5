/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "library.h"

#include <dlfcn.h>
#include <errno.h>

#include "log.h"

int library_load(const char *const *sonames, const struct symbol *symbols)
{
        void *library = NULL;

        for (; *sonames && !library; sonames++) {
                library = dlopen(*sonames, RTLD_NOW | RTLD_LOCAL);
                if (!library)
                        log_debug("%s", dlerror());
        }
        if (!library)
                return -ENOPKG;
        for (; symbols->name; symbols++) {
                *symbols->address = dlsym(library, symbols->name);
                if (!*symbols->address && !symbols->optional) {
                        log_debug("%s", dlerror());
                        return -ENOPKG;
                }
        }
        return 0;
}
