/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Parsers for boot loader entries and for texts of assignments such as os-release. They trust none of their input.
 *
 * Sources: the UAPI group's "Boot Loader Specification"; os-release(5).
 */

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

/** The largest text (an entry, os-release, a command line) that is read, in bytes; larger ones are ignored. */
#define TEXT_SIZE_MAX 16384U

/**
 * Take the next line with a key off the front of an entry. A byte order mark, comments, blank
 * lines, CR and trailing blanks are skipped.
 *
 * @return false at the end
 */
bool bls_next(struct span *rest, struct span *key, struct span *value);

/** The value of @key, the last one if there are several; its size is 0 if there is none. */
struct span bls_get(struct span entry, const char *key);

/** All `options` values with a blank between them, to be freed; NULL if there is no memory. */
char *bls_options(struct span entry);

/**
 * The identifier that systemd-boot gives an entry: its file's name in lower case, without a boot
 * counter such as +2-1 before the suffix.
 *
 * @return to be freed; NULL if there is no memory
 */
char *bls_id(const char *file_name);

/** Take the boot counter out of a file's name. Returns whether there was one. */
bool bls_strip_counter(char *file_name);

/** The value of KEY=value in a text like os-release or a GRUB environment block, unquoted; size 0 if there is none.
 */
struct span env_get(struct span text, const char *key);
