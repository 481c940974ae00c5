/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a search for the image knows of the system below the sysroot. Each fact is looked up when
 * it is first asked for, and once.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bootoption.h"
#include "names.h"
#include "span.h"

/* The EFI variables of the boot loader interface that matter here. */
enum variable {
        STUB_IMAGE,
        STUB_PARTITION,
        STUB_PROFILE,
        LOADER_IMAGE,
        LOADER_PARTITION,
        LOADER_ENTRY,
        VARIABLE_COUNT
};

/* A directory with what a boot loader reads: a mount point, or a partition mounted for us alone. */
struct volume {
        const char *where; /* where it is mounted, or NULL for a partition that belongs nowhere */
        char *label;       /* what its files' names start with in messages */
        int fd;            /* the partition's root directory, owned, or -1: it is @where below the sysroot */
        bool has_device;
        bool live; /* it is the medium of a live system */
        dev_t device;
        struct names entries; /* its boot loader entries' names, below it */
        bool entries_listed;
};

#define VOLUMES_MAX 10U

struct entry;
struct lead;

struct search {
        char *sysroot; /* its name, without a slash at the end */
        char *kver;    /* the kernel whose image is wanted */
        char *cmdline; /* of the kernel that runs; NULL: not yet read */
        char *variables[VARIABLE_COUNT];
        struct volume volumes[VOLUMES_MAX];
        size_t volume_count;
        struct bootoption firmware; /* what the firmware booted; its path is NULL where that is not known */
        struct entry **entries;     /* that were read */
        size_t entry_count;
        int64_t boot_time;  /* seconds since the epoch; 0: not known */
        char *identifier;   /* of the image that booted; NULL where it has none */
        struct lead *leads; /* what was found and not yet tried */
        size_t lead_count, serial;
        int root;          /* descriptor of the sysroot */
        int efivars;       /* descriptor of the directory; -1: not yet opened, or it is not there */
        bool other_kernel; /* which is not the one that runs */
        bool efivars_opened;
        bool variables_read[VARIABLE_COUNT];
        bool volumes_known;
        bool firmware_known;
        bool entries_known; /* all of them */
        bool boot_time_known;
        bool identifier_known;
};

/**
 * Start a search.
 *
 * @param sysroot  directory that everything is looked up below
 * @param kver     version of the kernel whose image is wanted, or NULL for the running kernel's
 * @return 0, or a negative errno, already logged
 */
int search_begin(struct search *search, const char *sysroot, const char *kver);

/** Free and close all but entries and leads. Works as a cleanup function. */
void search_done(struct search *search);

/** The command line of the running kernel; empty where it cannot be read. */
struct span search_cmdline(struct search *search);

/** An EFI variable's value, or NULL; the search owns it. */
const char *search_variable(struct search *search, enum variable variable);

/** What the firmware booted, or NULL. */
const struct bootoption *search_firmware(struct search *search);

/** When the running kernel was booted, in seconds since the epoch; 0 where that cannot be told. */
int64_t search_boot_time(struct search *search);

/** The identifier of the image that booted, or NULL; the search owns it. */
const char *search_identifier(struct search *search);

/** Fill @search->volumes. */
void search_volumes(struct search *search);

/**
 * The volume that is the partition called @uuid, mounted for us where it is not mounted.
 *
 * @return NULL where the partition or its device cannot be found or mounted
 */
const struct volume *search_partition(struct search *search, const char *uuid);

/** The kinds of lookup_open() and its sisters. */
typedef int lookup(int root, const char *path);

/**
 * Open what is at @path, below a volume.
 *
 * @param how   lookup_open() or lookup_directory()
 * @param name  the name to call it in messages, to be freed; set on failure too (to NULL where memory is short)
 * @return a descriptor, or a negative errno
 */
int volume_open(const struct search *search, const struct volume *volume, const char *path, lookup *how, char **name);

/** Open what is at @path, below the sysroot, or in the partition that would be mounted there. As volume_open(). */
int search_open(struct search *search, const char *path, lookup *how, char **name);

/** Read a small text; -ENOENT and so on are the caller's to judge. The rest as lookup_read(). */
int volume_read(const struct search *search, const struct volume *volume, const char *path, char **ret,
                struct span *text);
int search_read(struct search *search, const char *path, char **ret, struct span *text);

/** Say with --verbose why a place is passed over. Returns -ENOMEM where @error is that, else 0. */
int search_skip(const char *name, int error, const char *reason);
