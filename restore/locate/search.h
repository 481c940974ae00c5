/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a search knows about the system below the sysroot. Each fact is looked up once, when it is
 * first needed.
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

/* A directory with a boot loader's files: a mount point, or a partition that we mounted privately. */
struct volume {
        const char *where; /* where it is or would be mounted; NULL if that is unknown */
        char *label;       /* prefix of its files' names in messages */
        int fd;            /* the partition's root directory, owned, or -1: it is @where below the sysroot */
        bool has_device;
        bool live; /* the medium of a live system */
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
        char *cmdline; /* of the running kernel; NULL: not read yet */
        char *variables[VARIABLE_COUNT];
        struct volume volumes[VOLUMES_MAX];
        size_t volume_count;
        struct bootoption firmware; /* what the firmware booted; its path is NULL if unknown */
        struct entry **entries;     /* those that were read */
        size_t entry_count;
        int64_t boot_time;  /* seconds since the epoch; 0: unknown */
        char *identifier;   /* of the image that booted; NULL if it has none */
        struct lead *leads; /* found, and not tried yet */
        size_t lead_count, serial;
        int root;          /* descriptor of the sysroot */
        int efivars;       /* descriptor of the directory; -1: not opened yet, or missing */
        bool other_kernel; /* @kver is not the running kernel's */
        bool efivars_opened;
        bool variables_read[VARIABLE_COUNT];
        bool volumes_known;
        bool firmware_known;
        bool entries_known; /* all entries were read */
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

/** The command line of the running kernel; empty if it cannot be read. */
struct span search_cmdline(struct search *search);

/** An EFI variable's value, or NULL; the search owns it. */
const char *search_variable(struct search *search, enum variable variable);

/** What the firmware booted, or NULL. */
const struct bootoption *search_firmware(struct search *search);

/** When the running kernel was booted, in seconds since the epoch; 0 if unknown. */
int64_t search_boot_time(struct search *search);

/** The identifier of the image that booted, or NULL; the search owns it. */
const char *search_identifier(struct search *search);

/** Fill @search->volumes. */
void search_volumes(struct search *search);

/**
 * The volume of the partition with PARTUUID @uuid. It is mounted privately if it is not mounted.
 *
 * @return NULL if the partition or its device cannot be found or mounted
 */
const struct volume *search_partition(struct search *search, const char *uuid);

/** The type of lookup_open(), lookup_directory() and lookup_node(). */
typedef int lookup(int root, const char *path);

/**
 * Open what is at @path, below a volume.
 *
 * @param how   lookup_open() or lookup_directory()
 * @param name  its name in messages, to be freed; set on failure, too (to NULL if memory is short)
 * @return a descriptor, or a negative errno
 */
int volume_open(const struct search *search, const struct volume *volume, const char *path, lookup *how, char **name);

/** Open what is at @path below the sysroot. If the partition for it is not mounted, look there. As volume_open(). */
int search_open(struct search *search, const char *path, lookup *how, char **name);

/** Read a small text, as lookup_read(). No failure is logged: -ENOENT may be fine. */
int volume_read(const struct search *search, const struct volume *volume, const char *path, char **ret,
                struct span *text);
int search_read(struct search *search, const char *path, char **ret, struct span *text);

/** Log why a place is skipped, for --verbose. Returns -ENOMEM if @error is that, else 0. */
int search_skip(const char *name, int error, const char *reason);
