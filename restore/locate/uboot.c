/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "uboot.h"

#include <string.h>

#include "skipcpio/newc.h"
#include "skipcpio/util.h"
#include "fit.h"

enum {
        HEADER_SIZE = 64,
        DATA_SIZE_AT = 12,
        TYPE_AT = 30,
        TYPE_KERNEL = 2,
        TYPE_MULTI = 4,
        INITRD = 1, /* its number among several files */
};

int uboot_parse(const uint8_t *head, size_t size, uint64_t total, uint64_t *from, uint64_t *bytes)
{
        uint64_t at, end, found = 0, found_size = 0;

        if (size < HEADER_SIZE || memcmp(head, "\x27\x05\x19\x56", 4) != 0)
                return 0;
        *from = HEADER_SIZE;
        *bytes = get_be32(head + DATA_SIZE_AT);
        if (*bytes > total - HEADER_SIZE || head[TYPE_AT] == TYPE_KERNEL)
                return -EBADMSG;
        if (head[TYPE_AT] != TYPE_MULTI)
                return 1;

        /* The sizes of the files and a 0, then the files, each filled up to a multiple of four. */
        end = HEADER_SIZE + *bytes;
        at = HEADER_SIZE;
        for (size_t count = 0;; count++) {
                size_t entry = HEADER_SIZE + 4 * count;
                uint32_t file;

                if (entry + 4 > size || entry + 4 > end)
                        return -EBADMSG;
                file = get_be32(head + entry);
                if (file == 0) {
                        if (count <= INITRD)
                                return -EBADMSG;
                        *from = found + 4 * (count + 1);
                        *bytes = found_size;
                        return *from + *bytes <= end ? 1 : -EBADMSG;
                }
                if (count == INITRD) {
                        found = at;
                        found_size = file;
                }
                at += align_up(file, 4);
        }
}

int uboot_unwrap(struct image *image, const char **reason)
{
        uint64_t at = 0;

        *reason = NULL;
        for (size_t i = 0; i < image->count; i++) {
                struct region *region = &image->regions[i];
                uint8_t head[UBOOT_HEAD_SIZE];
                uint64_t from, bytes;
                ssize_t n = pread(region->fd, head, MIN(sizeof(head), region->size), (off_t)region->from);
                int r;

                if (n < 0)
                        return -errno;
                r = uboot_parse(head, (size_t)n, region->size, &from, &bytes);
                if (r == 0)
                        r = fit_find_ramdisk(region->fd, region->from, region->size, &from, &bytes, reason);
                if (r < 0 && (r != -EBADMSG || *reason))
                        return r;
                if (r > 0) {
                        region->from += from;
                        region->size = bytes;
                }
                region->at = align_up(at, NEWC_ALIGNMENT);
                at = region->at + region->size;
        }
        image->size = at;
        return 0;
}
