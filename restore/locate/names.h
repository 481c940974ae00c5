/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Lists of file names.
 */

#include <stdbool.h>
#include <stddef.h>

struct names {
        char **list;
        size_t count;
};

#define NAMES_INIT ((struct names){ 0 })

/** Add "DIRECTORY/NAME", or NAME where @directory is NULL. Returns 0 or -ENOMEM. */
int names_add(struct names *names, const char *directory, const char *name);

/**
 * Add the names in a directory as "DIRECTORY/NAME", the newest version in them first.
 *
 * @param fd         descriptor of the directory; closed
 * @param directory  its name
 * @param suffix     add only names with this suffix, in any case; NULL for all
 * @return 0 or a negative errno
 */
int names_read(struct names *names, int fd, const char *directory, const char *suffix);

/** Add the directories in a directory, symlinks not counted. As names_read(). */
int names_read_directories(struct names *names, int fd, const char *directory);

/** Whether @name ends with @suffix, in any case. */
bool name_ends(const char *name, const char *suffix);

/** Free the list. Works as a cleanup function. */
void names_done(struct names *names);
