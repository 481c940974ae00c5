/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EFI variables, and the first bytes of a partition, which are as small. */
#include "locate/efivar.h"
#include "locate/partition.h"
#include "fuzz.h"

/* Shortest form, no surrogates, at most 0x10ffff: the sizes that mbrtowc() would return. */
static bool is_utf8(const char *string)
{
        const uint8_t *p = (const uint8_t *)string;

        while (*p) {
                int more = *p < 0x80                 ? 0
                           : *p >= 0xc2 && *p < 0xe0 ? 1
                           : *p >= 0xe0 && *p < 0xf0 ? 2
                           : *p >= 0xf0 && *p < 0xf5 ? 3
                                                     : -1;

                if (more < 0 || (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
                    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
                        return false;
                for (p++; more > 0; more--, p++)
                        if ((*p & 0xc0) != 0x80)
                                return false;
        }
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *string = NULL, *source = strndup((const char *)data, size);
        const struct filesystem *filesystem = partition_sniff(data, MIN(size, PARTITION_HEAD_SIZE));
        char path[64];
        int r = efivar_decode(data, size, &string);

        ALWAYS(r == 0 || r == -EBADMSG);
        if (r == 0)
                ALWAYS(string && *string && strlen(string) <= 3 * size && is_utf8(string));
        if (filesystem)
                ALWAYS(*filesystem->type);
        ALWAYS(source);
        for (size_t room = 1; room <= sizeof(path); room += 7)
                if (partition_path(source, path, room))
                        ALWAYS(strlen(path) < room);
        return 0;
}
