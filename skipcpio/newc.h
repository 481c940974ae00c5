/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The header of a cpio entry in the "newc" format and its variant with checksums.
 *
 * Format: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 * After the 110 header bytes come the name with its terminating NUL, NULs up to
 * the next multiple of four, the file data, and NULs up to a multiple of four.
 */

#include <stdbool.h>
#include <stdint.h>

#define NEWC_HEADER_SIZE 110U
#define NEWC_ALIGNMENT 4U
#define NEWC_TRAILER "TRAILER!!!"

struct newc {
        uint32_t ino;
        uint32_t mode; /* type and permissions, as in st_mode */
        uint32_t uid;
        uint32_t gid;
        uint32_t nlink;
        uint32_t mtime;    /* seconds since 1970 */
        uint32_t filesize; /* bytes of data; for a symlink, of its target */
        uint32_t dev_major;
        uint32_t dev_minor;
        uint32_t rdev_major;
        uint32_t rdev_minor;
        uint32_t namesize; /* bytes of the name, its NUL included */
        uint32_t check;    /* sum of the data's bytes if @checksummed, else unused */
        bool checksummed;  /* magic 070702 */
};

/**
 * Parse a header. Each field has to be eight hexadecimal digits, without a sign, blank or 0x.
 *
 * @param bytes  NEWC_HEADER_SIZE bytes
 * @param ret    filled on success, undefined on failure
 * @return NULL on success, or what is wrong: a constant string
 */
const char *newc_parse(const uint8_t *bytes, struct newc *ret);

/** Bytes from the end of the header to the file data: the name and its padding. */
static inline uint64_t newc_name_room(const struct newc *h)
{
        return ((uint64_t)NEWC_HEADER_SIZE + h->namesize + NEWC_ALIGNMENT - 1) / NEWC_ALIGNMENT * NEWC_ALIGNMENT -
               NEWC_HEADER_SIZE;
}

/** Bytes of the file data with its padding. */
static inline uint64_t newc_data_room(const struct newc *h)
{
        return ((uint64_t)h->filesize + NEWC_ALIGNMENT - 1) / NEWC_ALIGNMENT * NEWC_ALIGNMENT;
}
