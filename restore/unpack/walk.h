/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The walk over the entries of an image: it decodes the parts one after the other, reads the headers and names as
 * Linux's init/initramfs.c does, and shows a visitor each entry.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "skipcpio/newc.h"
#include "skipcpio/parts.h"
#include "select.h"
#include "source.h"

/** From an entry(): its data was not read. */
#define WALK_SKIP 1

/* How much of an image is shown. */
struct walk_options {
        uint64_t window;   /* bytes, see decoder_start() */
        bool early;        /* early parts too */
        bool go_on;        /* after a defect, where the next entry or the next file begins */
        const char *doing; /* what notify_progress() is told; NULL for "Unpacking" */
        struct selection select;
};

struct visitor {
        /**
         * An entry with a name, which is @walk->name. @walk->source is at its data.
         *
         * @param at  where the entry begins, for walk_wrong()
         * @return 0 where the data was read, WALK_SKIP where it was not, or a negative errno, already logged
         */
        int (*entry)(void *argument, const struct newc *header, uint64_t at);
        /** One that is not wanted, with the data of a file that has several names. As entry(); NULL is fine. */
        int (*other)(void *argument, const struct newc *header, uint64_t at);
        /** At an archive's trailer; NULL is fine. */
        void (*trailer)(void *argument);
        /** Before the first entry of a part. NULL is fine. */
        void (*begin)(void *argument, const struct part *part);
        /**
         * Behind a part, also one that failed. NULL is fine.
         *
         * @param end  the offset behind it in the image, where @r is not negative
         * @return @r, or another negative errno, already logged
         */
        int (*end)(void *argument, const struct part *part, uint64_t end, int r);
};

struct walk {
        const struct image *image;
        const struct walk_options *options;
        const struct visitor *visitor;
        void *argument;          /* of the visitor's functions */
        struct decoder *decoder; /* the walk's */
        struct source source;
        uint64_t number;   /* of the part */
        uint64_t defects;  /* that it went on after */
        bool found;        /* a cpio header in a main part, be it a trailer's */
        bool early;        /* the part is an early one */
        bool hidden;       /* the part is not among those wanted */
        bool lost;         /* behind a defect: the next header has to be looked for */
        bool header_found; /* by looking for it behind a defect: it is in @header, and the source behind it */
        uint8_t header[NEWC_HEADER_SIZE];
        char name[PATH_MAX];
};

/**
 * Show all entries of the parts that @walk->options wants. The caller fills the first four fields, and walk_done()
 * frees what the walk has.
 *
 * @return 1; 0 where no main part has a cpio header, which is for the caller to log; or a negative errno, already
 * logged
 */
int walk_image(struct walk *walk, uint64_t *ret_end);

void walk_done(struct walk *walk);

/** Log that something is wrong at offset @at of the image. @return @error */
int walk_image_wrong(const struct walk *walk, uint64_t at, int error, const char *reason);

/** The same for the byte @at of the part, as source.h counts them. @return -EBADMSG */
int walk_wrong(const struct walk *walk, uint64_t at, const char *reason);

/** Log why a source_…() call failed; @at is where the entry began, @inside what the source was in. @return @error */
int walk_source_wrong(const struct walk *walk, int error, uint64_t at, const char *inside);
