/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Find the image that the running system booted from. The search yields candidates, the most likely one first.
 */

#include <stdbool.h>
#include <stddef.h>

#include "skipcpio/image.h"

struct locate_options {
        const char *sysroot; /* directory below which everything is looked up */
        const char *kver;    /* version of the kernel whose image is wanted, or NULL for the running kernel's */
        char **images;       /* IMAGE arguments, read as one image, which is then the only candidate */
        size_t image_count;
};

/** An image that may be the one that booted. */
struct candidate {
        struct image image;
        const char *rule;   /* which rule found it; a constant string */
        char evidence[256]; /* what speaks for and against it; a line */
};

#define CANDIDATE_INIT ((struct candidate){ 0 })

/** A search under way. */
struct locate;

/**
 * Begin a search.
 *
 * @param options  copied, but not the strings that it points to
 * @param ret      filled on success; locate_done() ends the search
 * @return 0, or a negative errno, already logged
 */
int locate_begin(const struct locate_options *options, struct locate **ret);

/**
 * The next candidate, whose first part is readable. None is returned twice.
 *
 * @param ret  filled if the result is 1; candidate_done() frees it
 * @return 1; 0 if there are no more, not logged; or a negative errno, already logged
 */
int locate_next(struct locate *locate, struct candidate *ret);

/** The version of the kernel whose image is wanted; the search owns it. */
const char *locate_kver(const struct locate *locate);

/** End a search. Works as a cleanup function. */
void locate_done(struct locate **locate);

/**
 * Append a file to an image: all of it, or the initrd of a unified kernel image or an addon.
 *
 * @param fd       of the file; owned from now on, closed on failure too
 * @param name     of the file, for messages
 * @param profile  of a unified kernel image: a number or an ID; NULL for the first
 * @return 0, or a negative errno, already logged
 */
int file_append(struct image *image, int fd, const char *name, const char *profile);

/**
 * Remove U-Boot's wrapping and a boot configuration from an image. To be called once, after the last file_append().
 *
 * @param name  of the last file, for messages
 * @return 0, or a negative errno, already logged
 */
int file_last(struct image *image, const char *name);

/** A profile of a unified kernel image, or an addon. */
struct uki_row {
        bool addon;
        int profile;         /* its number, if it is a profile */
        const char *id;      /* from the profile's section; NULL without */
        const char *title;   /* likewise */
        const char *version; /* of the kernel in it or that it is for; NULL if unknown */
        const char *initrd;  /* the section with its initrd, as messages name it; NULL without */
};

/**
 * Describe a unified kernel image or an addon. Other files have no rows.
 *
 * @param row  called once for an addon, else for each profile; an image without `.profile` sections has one
 * @return 0, or a negative errno, not logged
 */
int uki_rows(int fd, void (*row)(void *argument, const struct uki_row *row), void *argument);

/** Close and free all. Works as a cleanup function. */
void candidate_done(struct candidate *candidate);
