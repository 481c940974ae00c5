/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The texts that say what was booted: boot loader entries, os-release and its like, the kernel
 * command line, names with a kernel version in them. All work on memory and trust none of it.
 *
 * Sources: the UAPI group's "Boot Loader Specification"; os-release(5); for what GRUB adds
 * (variables in entries, BOOT_IMAGE=), Fedora's blscfg module and GRUB's manual.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "span.h"

/** Bytes that an entry, os-release or command line may have before it is passed over. */
#define BLS_SIZE_MAX 16384U

/**
 * Take the next line with a key off the front of an entry. A byte order mark, comments, blank
 * lines, CR and trailing blanks are passed over.
 *
 * @return false at the end
 */
bool bls_next(struct span *rest, struct span *key, struct span *value);

/** The value of @key, of several the last one; of size 0 where there is none. */
struct span bls_get(struct span entry, const char *key);

/** All `options` values with a blank between them, to be freed; NULL where there is no memory. */
char *bls_options(struct span entry);

/**
 * The identifier that systemd-boot gives an entry: its file's name in lower case, without a boot
 * counter such as +2-1 before the suffix.
 *
 * @return to be freed; NULL where there is no memory
 */
char *bls_id(const char *file_name);

/** The value of KEY=value in a text like os-release or a GRUB environment block, unquoted; size 0 where there is none.
 */
struct span env_get(struct span text, const char *key);

/** The value of the last word @name=… on a kernel command line. False where there is none. */
bool cmdline_get(struct span cmdline, const char *name, struct span *ret);

/** Whether ostree= and composefs=, where they are on the command line, are among the options. */
bool cmdline_same_deployment(struct span options, struct span cmdline);

/** Whether options and command line have the same root= and rootflags=, one of them at least, and the same deployment.
 */
bool cmdline_same_root(struct span options, struct span cmdline);

/**
 * Whether a kernel with @options can have got @cmdline: every word of the options is there, and
 * it is the same deployment. Words with a GRUB variable in them are not looked at; quotes and backslashes, which
 * loaders add and remove, and the boot version in ostree's path, which changes without a boot, do not count.
 *
 * @return how many words fit, or -1
 */
ssize_t cmdline_fits(struct span options, struct span cmdline);

/**
 * Whether BOOT_IMAGE= on the command line and an entry's kernel are the same file, as far as
 * they can be compared: one path, without GRUB's device, ends with the other.
 *
 * @return 1, 0, or -1 where BOOT_IMAGE= is no path
 */
int boot_image_fits(struct span boot_image, struct span kernel);

/**
 * Whether @version stands in a file's name as a whole: nothing behind it but suffixes such as
 * .img, .conf, .efi or .gz, and in front of it the start, `-`, `_`, or a `.` not after a digit.
 */
bool name_has_version(struct span name, const char *version);

/** Whether one of a path's components, between slashes or backslashes, is or has @version in the sense of
 * name_has_version(). */
bool path_has_version(struct span path, const char *version);

/** Whether a file's name says that it is not for a normal boot: kdump, rescue, fallback, .old or .bak. */
bool name_is_special(struct span name);
