/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The ways to find an image, as rows of the table in locate.c name them. Each returns 1 where
 * the image was found, 0 where it was not, or -ENOMEM; @argument is the row's.
 */

#include "search.h"

/** Argument of what the boot loader or the command line tells: be content with what is of another kernel's version. */
#define ANOTHERS_TOO "another's"

/** The unified kernel image that StubImageIdentifier or LoaderImageIdentifier names. */
int find_stub_uki(struct search *search, const char *argument, struct image *ret);
int find_loader_uki(struct search *search, const char *argument, struct image *ret);

/** The unified kernel image or the .conf file that LoaderEntrySelected names. */
int find_selected_uki(struct search *search, const char *argument, struct image *ret);
int find_selected_entry(struct search *search, const char *argument, struct image *ret);

/** The files in initrd= on the command line: systemd-boot puts them there, for the kernel's EFI stub. */
int find_cmdline_initrd(struct search *search, const char *argument, struct image *ret);

/** The boot loader entry that fits the command line best. */
int find_fitting_entry(struct search *search, const char *argument, struct image *ret);

/** A unified kernel image in EFI/Linux that holds this kernel. */
int find_uki_by_version(struct search *search, const char *argument, struct image *ret);

/** TOKEN/VERSION/@argument on a volume, as kernel-install lays it out. */
int find_layout(struct search *search, const char *argument, struct image *ret);

/** The file called @argument, with %v for the kernel's version and the like: see find-file.c. */
int find_file(struct search *search, const char *argument, struct image *ret);

/** The same, in each of the directories that a slash, an asterisk and a slash stand for. */
int find_in_each(struct search *search, const char *argument, struct image *ret);

/** A file whose name starts with @argument and has this kernel's version in it. */
int find_similar(struct search *search, const char *argument, struct image *ret);

/**
 * Take the initrd of an open unified kernel image, if that holds the kernel that is wanted, or @anothers is set.
 *
 * @param fd  closed, or owned by @ret
 */
int try_uki(struct search *search, int fd, const char *name, const char *profile, bool anothers, struct image *ret);
