/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Find the image that the running system booted from: candidates, the most likely one first.
 */

#include <stdbool.h>
#include <stddef.h>

#include "skipcpio/image.h"

struct locate_options {
        const char *sysroot; /* directory below which everything is looked up */
        const char *kver;    /* version of the kernel whose image is wanted, or NULL for the running kernel's */
        char **images;       /* IMAGE arguments, read as one image: the only candidate then */
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
 * @param ret  filled where the result is 1; candidate_done() when it is no longer needed
 * @return 1; 0 where there are no more, not logged; or a negative errno, already logged
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
 * Leave out what is around an image that all files were appended to: U-Boot's wrapping and a boot configuration.
 *
 * @param name  of the last file, for messages
 * @return 0, or a negative errno, already logged
 */
int file_last(struct image *image, const char *name);

/** A profile of a unified kernel image, or an addon. */
struct uki_row {
        bool addon;
        int profile;    /* its number, where it is a profile */
        const char *id; /* these two from the profile's own section; NULL without */
        const char *title;
        const char *version; /* of the kernel that it has or is for; NULL where that is not known */
        const char *initrd;  /* the section that is its initrd, as messages call it; NULL without */
};

/**
 * Tell what a unified kernel image or an addon has. The other files have nothing.
 *
 * @param row  called for each profile, of which an image without `.profile` sections has one, or for the addon
 * @return 0, or a negative errno, not logged
 */
int uki_rows(int fd, void (*row)(void *argument, const struct uki_row *row), void *argument);

/** Close and free all. Works as a cleanup function. */
void candidate_done(struct candidate *candidate);
