/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The ways to find images, as rows of the table in locate.c name them, and what they share. Each adds what it finds
 * with lead_add(), and returns 0 or -ENOMEM.
 */

#include "lead.h"

/** The unified kernel image that an EFI variable names: StubImageIdentifier, LoaderImageIdentifier. */
int find_stub_uki(struct search *search, const struct place *place);
int find_loader_uki(struct search *search, const struct place *place);

/** The unified kernel image or the .conf file that LoaderEntrySelected names. */
int find_selected_uki(struct search *search, const struct place *place);
int find_selected_entry(struct search *search, const struct place *place);

/** The unified kernel image that the firmware's own boot entry names. */
int find_firmware_uki(struct search *search, const struct place *place);

/** The files in initrd= on the command line, by the rules of the kernel's EFI stub: systemd-boot puts them there. */
int find_cmdline_initrd(struct search *search, const struct place *place);

/** The boot loader entries that fit the command line. */
int find_fitting_entry(struct search *search, const struct place *place);

/** The image on a live system's medium. */
int find_on_medium(struct search *search, const struct place *place);

/** Unified kernel images in EFI/Linux that hold this kernel. */
int find_uki_by_version(struct search *search, const struct place *place);

/** TOKEN/VERSION/@argument on a volume, as kernel-install lays it out. */
int find_layout(struct search *search, const struct place *place);

/** Images in TOKEN/PACKAGE on a volume, as Limine's tools lay them out. */
int find_package_dir(struct search *search, const struct place *place);

/**
 * The file called @argument, in which %v stands for the kernel's version (and so on, see find-file.c). Without a
 * leading slash it is in the root of a volume: /boot's, or else another's.
 */
int find_file(struct search *search, const struct place *place);

/** The images in the directory @argument of a volume, filled in as for find_file(), but those of other kernels. */
int find_in_directory(struct search *search, const struct place *place);

/** The images that are called as the kernel in BOOT_IMAGE=, in its directory. */
int find_booted(struct search *search, const struct place *place);

/** The file that initrdname= in dracut.conf names. */
int find_configured(struct search *search, const struct place *place);

/** Files on a volume whose names have this kernel's version in them. */
int find_similar(struct search *search, const struct place *place);

/** Files in a volume's directories where the file's or the directory's name has this kernel's version. */
int find_deep(struct search *search, const struct place *place);

/** Files on a volume and in its directories that have this kernel's file beside them. */
int find_beside(struct search *search, const struct place *place);

/** Files on a volume whose names have the end of this kernel's version: lts of 6.6.8-0-lts. */
int find_flavour(struct search *search, const struct place *place);

/** Files on a volume that are called initrd, initramfs and so on, with suffixes. */
int find_plain(struct search *search, const struct place *place);

/** The only image on a volume. */
int find_only(struct search *search, const struct place *place);

/* --- What they share. --- */

/** A boot loader entry that was read. */
struct entry {
        struct volume *volume;
        char *file; /* below the volume */
        char *name; /* in messages */
        char *text;
        struct span span; /* @text */
        int version;      /* as in struct evidence */
        bool special;
};

/** Free the entries of a search. */
void entries_done(struct search *search);

/**
 * Read an entry, or take it from those that were read.
 *
 * @param ret  the search owns it
 * @return 1, 0 if it cannot be read, or -ENOMEM
 */
int entry_load(struct search *search, struct volume *volume, const char *file, struct entry **ret);

/** The path of an entry's unified kernel image; empty if it has none. */
struct span entry_uki(struct span entry);

/** List a volume's entries. Returns 0 or -ENOMEM. */
int entries_list(struct search *search, struct volume *volume);

/** Read all entries of all volumes. Returns 0 or -ENOMEM. */
int entries_load(struct search *search);

/**
 * An EFI path with slashes instead of backslashes, without a leading slash, double slashes and `.` components.
 *
 * @return to be freed; NULL if memory is short
 */
char *plain_path(struct span value);

/**
 * Open a file that an entry or the command line names. The path is relative to the root of the partition. /boot
 * need not be a partition: it may be a directory of the root file system, or of a subvolume with which the
 * path then begins.
 *
 * @param how, name  as for volume_open()
 */
int open_named(struct search *search, const struct volume *volume, struct span path, lookup *how, char **name);

/** Whether a path seems to name another kernel: vmlinuz-VERSION, or VERSION/linux in kernel-install's layout. */
bool path_is_anothers(struct span path, const char *kver);

/** The version of the kernel's file beside an image, as in struct evidence. @volume may be NULL. */
int version_beside(struct search *search, const struct volume *volume, const char *path);

/**
 * The version of an image whose own name has none: from the file that the name, a symlink, leads to, or else from the
 * kernel's file beside it.
 *
 * @param volume  or NULL: @path is below the sysroot
 * @param fd      of the image
 * @return as in struct evidence
 */
int version_of_image(struct search *search, const struct volume *volume, const char *path, int fd);

/** Add the version of an open kernel file, as in struct evidence; @fd is closed. */
int version_of_kernel(const struct search *search, int fd);

/** The names that kernel-install may have given this system's directory (kernel-install(8)). Returns 0 or -ENOMEM. */
int tokens_read(struct search *search, struct names *ret);

/** The name of the kernel's package. Arch and some others name images after it. */
struct span search_package(struct search *search, char **text);

/** Whether an image is in the directory of the kernel in BOOT_IMAGE= and is called as it. @path is below a volume. */
bool path_is_booted(struct search *search, const char *path);

/** scan() of the directory of the kernel in BOOT_IMAGE=, where that is not the root. */
int scan_booted(struct search *search, const struct place *place, const struct volume *volume);

/** Add the image whose name is all of the kernel's in BOOT_IMAGE= and a suffix: gentoo.igz. Returns 0 or -ENOMEM. */
int add_called_as_kernel(struct search *search, const struct place *place, const struct volume *volume);

/** How scan() recognizes an image. */
enum naming {
        NAMING_VERSION,   /* its name has the kernel's version */
        NAMING_DIRECTORY, /* the same, or it has a plain name and its directory has the version */
        NAMING_BESIDE,    /* the kernel's file is beside it */
        NAMING_FLAVOUR,   /* its name has the end of the version */
        NAMING_ANY,       /* its name has no other version */
        NAMING_BOOTED,    /* path_is_booted() */
        NAMING_PLAIN,     /* its name is initrd or the like, and no more */
        NAMING_ONLY,      /* it is the only image */
};

/**
 * Add the images in a directory: files that name_is_image() knows, none for special boots but the one that booted.
 *
 * @param directory  below the volume, or NULL for its root
 * @return 0 or -ENOMEM
 */
int scan(struct search *search, const struct place *place, const struct volume *volume, const char *directory,
         enum naming naming);

/** scan() on each volume but live media. */
int scan_volumes(struct search *search, const struct place *place, const char *directory, enum naming naming);

/** What add_uki() adds a lead for. */
struct uki_source {
        const struct volume *volume;
        const char *path;          /* below the volume */
        const char *profile;       /* or NULL */
        const struct entry *entry; /* that names it, or NULL */
        bool must_fit;             /* leave it out if its options are not on the command line */
};

/**
 * Add an open unified kernel image with its addons as a lead.
 *
 * @param fd  closed
 * @return 0 or -ENOMEM
 */
int add_uki(struct search *search, const struct place *place, int fd, const char *name,
            const struct uki_source *source);
