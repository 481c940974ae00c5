/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The identifier in an image of one or two files. */
#include "locate/identifier.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(image_done) struct image image = fuzz_image(data, size, 1 + size % 2);
        char id[IDENTIFIER_SIZE];

        if (identifier_read(&image, id))
                ALWAYS(*id && strlen(id) < sizeof(id));
        return 0;
}
