/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "newc.h"

#include <stddef.h>
#include <string.h>

#define FIELDS 13U
#define FIELD_DIGITS 8U

static int hex_digit(uint8_t c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

const char *newc_parse(const uint8_t *bytes, struct newc *ret)
{
        uint32_t fields[FIELDS];
        bool checksummed = false;

        if (memcmp(bytes, "070702", 6) == 0)
                checksummed = true;
        else if (memcmp(bytes, "070707", 6) == 0)
                return "a cpio header of the old portable format (070707), not newc";
        else if (memcmp(bytes, "070701", 6) != 0)
                return "no newc magic where a cpio header should be";

        for (size_t i = 0; i < FIELDS; i++) {
                const uint8_t *digits = bytes + 6 + i * FIELD_DIGITS;

                fields[i] = 0;
                for (size_t j = 0; j < FIELD_DIGITS; j++) {
                        int digit = hex_digit(digits[j]);

                        if (digit < 0)
                                return "a field of the cpio header is not eight hexadecimal digits";
                        fields[i] = fields[i] << 4 | (uint32_t)digit;
                }
        }

        *ret = (struct newc){
                .ino = fields[0],
                .mode = fields[1],
                .uid = fields[2],
                .gid = fields[3],
                .nlink = fields[4],
                .mtime = fields[5],
                .filesize = fields[6],
                .dev_major = fields[7],
                .dev_minor = fields[8],
                .rdev_major = fields[9],
                .rdev_minor = fields[10],
                .namesize = fields[11],
                .check = fields[12],
                .checksummed = checksummed,
        };
        return NULL;
}
