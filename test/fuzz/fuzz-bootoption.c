/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The firmware's boot entries, and U-Boot's header, which is as small. */
#include "locate/bootoption.h"
#include "locate/uboot.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct bootoption option;
        uint64_t from, bytes;
        int r = bootoption_parse(data, size, &option);

        ALWAYS(r == 0 || r == -EBADMSG);
        if (r == 0) {
                ALWAYS(option.path && *option.path && strlen(option.path) <= 3 * size && !strchr(option.path, '\\'));
                ALWAYS(strlen(option.partition) < sizeof(option.partition) && !strchr(option.partition, '/'));
                ALWAYS(!option.options || strlen(option.options) <= 3 * size);
                bootoption_done(&option);
        }
        r = uboot_parse(data, MIN(size, (size_t)UBOOT_HEAD_SIZE), size, &from, &bytes);
        ALWAYS(r == 0 || r == 1 || r == -EBADMSG);
        if (r == 1)
                ALWAYS(from <= size && bytes <= size - from && from >= 64);
        return 0;
}
