/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The walk over an image's parts, headers and the boot configuration; the first byte says how many files the image is.
 */
#include "skipcpio/newc.h"
#include "skipcpio/parts.h"
#include "fuzz.h"

/* Each part lies behind the one before and inside the image; a walk that looks at less finds the same. */
static void walk(const struct image *image)
{
        uint64_t at = 0;

        for (;;) {
                struct image_error e = { 0 }, unused = { 0 };
                struct part part, quick;
                int r = part_next(image, at, true, &part, &e);

                ALWAYS(r == 1 || r == 0 || r == -EBADMSG);
                if (r == 0)
                        return;
                if (r < 0) {
                        ALWAYS(e.at >= at && e.at <= image->size);
                        at = MAX(e.at, at) + 1;
                        if (at >= image->size)
                                return;
                        continue;
                }
                ALWAYS(part.start >= at && part.start < image->size && part.format < FORMAT_COUNT);
                ALWAYS(image_region(image, part.start)->at <= part.start);
                ALWAYS(part_next(image, at, false, &quick, &unused) == 1);
                ALWAYS(quick.start == part.start && quick.format == part.format && quick.early == part.early);
                if (part.format == FORMAT_NEWC) {
                        ALWAYS(part.end > part.start && part.end <= image->size);
                        ALWAYS(quick.end == part.end || (quick.end == 0 && !part.early));
                } else {
                        ALWAYS(part.end == 0 && !part.early);
                }
                at = part.end > 0 ? part.end : part.start + 1;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(image_done) struct image image = IMAGE_INIT;
        struct newc header;
        uint64_t before;
        int r;

        if (size == 0)
                return 0;
        image = fuzz_image(data + 1, size - 1, 1 + data[0] % 4U);
        before = image.size;
        r = image_trim_bootconfig(&image);
        ALWAYS((r == 0 && image.size == before) || (r == 1 && image.size < before));
        walk(&image);
        if (size > NEWC_HEADER_SIZE && !newc_parse(data + 1, &header))
                ALWAYS(newc_name_room(&header) >= header.namesize && newc_data_room(&header) >= header.filesize &&
                       (NEWC_HEADER_SIZE + newc_name_room(&header)) % NEWC_ALIGNMENT == 0);
        return 0;
}
