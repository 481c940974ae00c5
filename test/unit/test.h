/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every unit test wants: cmocka with the headers it needs, and images made of bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "skipcpio/image.h"
#include "skipcpio/newc.h"
#include "skipcpio/util.h"

/** A file of @size bytes. */
static inline int test_file(const void *bytes, size_t size)
{
        int fd = memfd_create("test", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, size), size);
        return fd;
}

/** Bytes that grow at the end. */
struct bytes {
        uint8_t at[65536];
        size_t size;
};

static inline void add(struct bytes *b, const void *bytes, size_t size)
{
        assert_true(b->size + size <= sizeof(b->at));
        memcpy(b->at + b->size, bytes, size);
        b->size += size;
}

static inline void add_nuls(struct bytes *b, size_t size)
{
        assert_true(b->size + size <= sizeof(b->at));
        memset(b->at + b->size, 0, size);
        b->size += size;
}

/** An entry named @name, whose header says @namesize for it, with @filesize bytes of data. */
static inline void add_entry_sized(struct bytes *b, const char *name, uint32_t namesize, uint32_t filesize)
{
        char header[NEWC_HEADER_SIZE + 1];

        snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1, 0100644, 0, 0,
                 1, 0, filesize, 0, 0, 0, 0, namesize, 0);
        add(b, header, NEWC_HEADER_SIZE);
        add(b, name, strlen(name) + 1);
        add_nuls(b, align_up(b->size, NEWC_ALIGNMENT) - b->size);
        for (uint32_t i = 0; i < filesize; i++)
                add(b, "d", 1);
        add_nuls(b, align_up(b->size, NEWC_ALIGNMENT) - b->size);
}

static inline void add_entry(struct bytes *b, const char *name, uint32_t filesize)
{
        add_entry_sized(b, name, (uint32_t)strlen(name) + 1, filesize);
}

/** An image of one file. */
static inline struct image test_image(const struct bytes *b)
{
        struct image image = IMAGE_INIT;

        assert_int_equal(image_add_file(&image, test_file(b->at, b->size), "test"), 0);
        return image;
}
