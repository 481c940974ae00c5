/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "library.h"

#include <dlfcn.h>

#include "log.h"

int library_load(const char *soname, const struct symbol *symbols)
{
        void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

        if (!library) {
                log_debug("%s", dlerror());
                return -ENOPKG;
        }
        for (; symbols->name; symbols++) {
                *symbols->address = dlsym(library, symbols->name);
                if (!*symbols->address)
                        return -ENOPKG;
        }
        return 0; /* stays loaded until the process ends */
}
