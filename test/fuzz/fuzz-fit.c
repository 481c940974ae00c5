/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* U-Boot's FIT: somewhere in a file. */
#include "locate/fit.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        int fd = fuzz_file(data, size);
        uint64_t start = size > 0 && data[0] != 0xd0 ? 1 : 0, from, bytes;
        const char *reason = NULL;
        int r = fit_find_ramdisk(fd, start, size - start, &from, &bytes, &reason);

        ALWAYS(r == 0 || r == 1 || r == -EBADMSG);
        ALWAYS((r == -EBADMSG) == (reason != NULL) || r == 1);
        if (r == 1)
                ALWAYS(from <= size - start && bytes <= size - start - from);
        return 0;
}
