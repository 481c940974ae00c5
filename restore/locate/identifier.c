/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "identifier.h"

#include <string.h>

#include "skipcpio/newc.h"
#include "skipcpio/util.h"
#include "span.h"

#define ENTRIES_MAX 64 /* an early part has about a dozen */

static int read_file(const struct image *image, uint64_t at, uint64_t size, char ret[static IDENTIFIER_SIZE])
{
        char text[IDENTIFIER_SIZE];
        struct span id;
        ssize_t n;

        if (size >= sizeof(text))
                return 0;
        n = image_read(image, text, size, at);
        if (n < 0)
                return 0;
        id = span_strip((struct span){ text, (size_t)n });
        memcpy(ret, id.at, id.size);
        ret[id.size] = '\0';
        return id.size > 0;
}

int identifier_read(const struct image *image, char ret[static IDENTIFIER_SIZE])
{
        uint64_t at = 0;

        for (int i = 0; i < ENTRIES_MAX; i++) {
                uint8_t buffer[NEWC_HEADER_SIZE + sizeof("./" IDENTIFIER_IN_IMAGE)];
                const char *name = (const char *)buffer + NEWC_HEADER_SIZE;
                ssize_t n = image_read(image, buffer, sizeof(buffer), at);
                struct newc header;
                size_t size;

                if (n < (ssize_t)NEWC_HEADER_SIZE || newc_parse(buffer, &header))
                        return 0;
                size = MIN((size_t)n - NEWC_HEADER_SIZE, (size_t)header.namesize);
                if (size >= 2 && memcmp(name, "./", 2) == 0) {
                        name += 2;
                        size -= 2;
                }
                at += NEWC_HEADER_SIZE + newc_name_room(&header);
                if (size == sizeof(IDENTIFIER_IN_IMAGE) && memcmp(name, IDENTIFIER_IN_IMAGE, size) == 0)
                        return read_file(image, at, header.filesize, ret);
                at += newc_data_room(&header);
        }
        return 0;
}
