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
        bool go_on;        /* continue after a defect, at the next entry or the next file */
        const char *doing; /* for notify_progress(); NULL for "Unpacking" */
        struct selection select;
};

struct visitor {
        /**
         * Called for an entry. @walk->name is its name; @walk->source is at its data.
         *
         * @param at  where the entry begins, for walk_wrong()
         * @return 0 if the data was read, WALK_SKIP if it was not, or a negative errno, already logged
         */
        int (*entry)(void *argument, const struct newc *header, uint64_t at);
        /** Called for an entry that is not wanted but has the data of a file with several names. As entry(); or NULL.
         */
        int (*other)(void *argument, const struct newc *header, uint64_t at);
        /** Called at an archive's trailer; or NULL. */
        void (*trailer)(void *argument);
        /** Called before the first entry of a part; or NULL. */
        void (*begin)(void *argument, const struct part *part);
        /**
         * Called after a part, also one that failed; or NULL.
         *
         * @param end  offset in the image of the first byte after the part, unless @r is negative
         * @param r    the result of the part
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
        uint64_t defects;  /* with go_on: how many there were */
        bool found;        /* a main part has a cpio header, or at least a trailer */
        bool early;        /* the part is an early one */
        bool hidden;       /* the part is not wanted */
        bool lost;         /* after a defect: the next header has to be searched for */
        bool header_found; /* the search found one: it is in @header, and the source is after it */
        uint8_t header[NEWC_HEADER_SIZE];
        char name[PATH_MAX];
};

/**
 * Show all entries of the parts that @walk->options selects.
 *
 * @param walk     the caller sets the first four fields; walk_done() frees the rest
 * @param ret_end  gets the offset in the image of the first byte after the last part
 * @return 1; 0 if no main part has a cpio header, not logged; or a negative errno, already logged
 */
int walk_image(struct walk *walk, uint64_t *ret_end);

void walk_done(struct walk *walk);

/** Log that something is wrong at offset @at of the image. @return @error */
int walk_image_wrong(const struct walk *walk, uint64_t at, int error, const char *reason);

/** The same for the byte @at of the part, as source.h counts them. @return -EBADMSG */
int walk_wrong(const struct walk *walk, uint64_t at, const char *reason);

/** Log why a source_…() call failed: @at is where the entry begins, @inside names what was being read. @return @error
 */
int walk_source_wrong(const struct walk *walk, int error, uint64_t at, const char *inside);
