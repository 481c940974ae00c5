/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The contents of a directory, to be compared.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct entry {
        char *path;    /* below the directory; "" for itself */
        uint64_t what; /* type, mode, owner, links, contents and, unless it is a directory, time */
        uint64_t when; /* a directory's time */
};

struct entries {
        struct entry *list; /* sorted by path */
        size_t count;
};

/** All that is at @path; nothing where it is missing. @skip: a name at the top to leave out, or NULL. */
void tree_look(const char *path, const char *skip, struct entries *ret);
void tree_forget(struct entries *entries);

/** The first path in which they differ, or NULL. With @times the times of directories count too. */
const char *tree_difference(const struct entries *a, const struct entries *b, bool times);

/** The first path of @part that is missing or another in @whole, or NULL. */
const char *tree_missing(const struct entries *part, const struct entries *whole);

void tree_copy(const char *from, const char *to);
void tree_remove(const char *path);
