/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Shared by the fuzzing targets: inputs as images, and a check that ends the run. */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/log.h"
#include "skipcpio/image.h"
#include "skipcpio/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/** What must hold, whatever the input. */
#define ALWAYS(condition)                                                                              \
        do {                                                                                           \
                if (!(condition)) {                                                                    \
                        fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                                       \
                }                                                                                      \
        } while (false)

/** A file with these bytes: the same one each time. */
static inline int fuzz_file(const uint8_t *data, size_t size)
{
        static int fd = -1;

        if (fd < 0)
                fd = memfd_create("fuzz", MFD_CLOEXEC);
        ALWAYS(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
        return fd;
}

/** How many descriptors are open: as many after an input as before it. */
static inline size_t fuzz_descriptors(void)
{
        size_t count = 0;

        for (int fd = 0; fd < 128; fd++)
                count += fcntl(fd, F_GETFD) >= 0;
        return count;
}

/** An image of these bytes in @regions files, or rather regions of one. */
static inline struct image fuzz_image(const uint8_t *data, size_t size, size_t regions)
{
        struct image image = IMAGE_INIT;
        int fd = fuzz_file(data, size);

        for (size_t i = 0, from = 0; i < regions; i++) {
                size_t part = i + 1 == regions ? size - from : size / regions;

                ALWAYS(image_add(&image, dup(fd), "fuzz", from, part) == 0);
                from += part;
        }
        return image;
}

/** Nothing is to be said: millions of lines help nobody. The level is below the first. */
static inline void fuzz_be_silent(void)
{
        log_setup(-1);
}
