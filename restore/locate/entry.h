/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Boot loader entries, and texts of assignments such as os-release. All work on memory and trust none of it.
 *
 * Sources: the UAPI group's "Boot Loader Specification"; os-release(5).
 */

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

/** Bytes that a text may have (an entry, os-release, a command line) before it is passed over. */
#define TEXT_SIZE_MAX 16384U

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

/** Take the boot counter out of a file's name. Returns whether there was one. */
bool bls_strip_counter(char *file_name);

/** The value of KEY=value in a text like os-release or a GRUB environment block, unquoted; size 0 where there is none.
 */
struct span env_get(struct span text, const char *key);
