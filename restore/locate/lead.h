/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Leads: images that may be the one that booted, each with the evidence for and against it. The
 * rows of the table in locate.c add them; lead_compare() alone says which is tried first.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "skipcpio/image.h"
#include "search.h"

/** How much a place says for an image found there, the surest first. */
enum grade {
        GRADE_KEPT,    /* the kernel kept it */
        GRADE_STASHED, /* our dracut module wrote it at boot */
        GRADE_STUB,    /* EFI variables of the stub, the boot loader and the firmware name it */
        GRADE_LOADER,
        GRADE_SELECTED_UKI,
        GRADE_SELECTED,
        GRADE_FIRMWARE,
        GRADE_CMDLINE,     /* initrd= on the kernel command line names it */
        GRADE_FITTING,     /* an entry whose options are on the kernel command line names it */
        GRADE_MEDIUM,      /* it is on the medium of a live system */
        GRADE_DEPLOYMENT,  /* it belongs to the ostree deployment that booted */
        GRADE_CONFIGURED,  /* its name is the one in dracut.conf */
        GRADE_VERSION,     /* its name has the kernel's version */
        GRADE_SIMILAR,     /* the same, among other words */
        GRADE_UKI,         /* it is in a unified kernel image of that version */
        GRADE_PACKAGE_DIR, /* its directory has the name of the kernel's package */
        GRADE_COMMON_NAME, /* its name is the one in dracut.conf, for every kernel */
        GRADE_BOOT_IMAGE,  /* its name is that of the kernel in BOOT_IMAGE= */
        GRADE_PACKAGE,     /* its name has that of the kernel's package */
        GRADE_BESIDE,      /* it is beside the kernel's file */
        GRADE_FLAVOUR,     /* its name has the end of the kernel's version */
        GRADE_DEFAULT,     /* it has a usual name */
        GRADE_ONLY,        /* it is the only one */
};

/** A row of the table of places. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order in which a row reads */
struct place {
        enum grade grade;
        const char *rule;
        /* Add what is there with lead_add(). Returns 0 or -ENOMEM. */
        int (*find)(struct search *search, const struct place *place);
        const char *argument; /* for @find */
        bool running;         /* applies to the running kernel only */
};

/** What speaks for and against an image. */
struct evidence {
        int version;   /* 1: of the wanted kernel; -1: of another one; 0: unknown */
        ssize_t words; /* how many options it has, all of them on the command line; -1 if some are not there */
        bool special;  /* its name says that it is not for a normal boot: rescue, kdump and so on */
        bool booted;   /* BOOT_IMAGE= names its kernel */
        /* The rest only decides between images that are equal in all of the above. */
        int identity; /* 1: its identifier is that of the boot; -1: it has another one; 0: one of the two is missing */
        int64_t time; /* higher: its time fits the boot better; 0: not looked at */
};

struct lead {
        const struct place *place;
        struct evidence evidence;
        char *name; /* in messages, owned */
        /* Make @image; NULL if it is there already. Returns 1, 0 or -ENOMEM. */
        int (*open)(struct search *search, struct lead *lead);
        const struct entry *entry; /* for @open; the search owns it */
        struct image image;
        size_t serial;
        bool examined; /* the last members of @evidence are set, as far as they can be */
};

/**
 * Which of two leads is tried first.
 *
 * @return less than 0 for @a, more than 0 for @b; never 0 for two different ones
 */
int lead_compare(const struct lead *a, const struct lead *b);

/**
 * Add a lead, whose name, image and place are set.
 *
 * @param lead  empty afterwards, on failure too
 * @return 0 or -ENOMEM
 */
int lead_add(struct search *search, struct lead *lead);

/** Add a file as a lead; @fd is closed. Returns 0 or -ENOMEM. */
int lead_add_file(struct search *search, const struct place *place, int fd, const char *name, struct evidence evidence);

/**
 * Take the best lead out of the list.
 *
 * @param next  the next row of the table, not looked at yet; or NULL
 * @return 1; 0 if there is none, or if @next may find a better one; or -ENOMEM
 */
int lead_take(struct search *search, const struct place *next, struct lead *ret);

/**
 * Open a lead's image and check that its first part can be read. U-Boot's headers and a boot
 * configuration at its end are cut off.
 *
 * @return 1, 0, or -ENOMEM
 */
int lead_settle(struct search *search, struct lead *lead);

/** Write what speaks for and against a lead. */
void lead_describe(const struct lead *lead, char *text, size_t size);

/** Free and close all. Works as a cleanup function. */
void lead_done(struct lead *lead);

/** Free and close the leads that were added after the first @count. */
void leads_drop(struct search *search, size_t count);

/** Free and close all leads of a search. */
void leads_done(struct search *search);
