/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Copying programs of the running system into a tree, with all that they need to start there:
 * the loader, libraries and, for a script, its interpreter.
 */

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/** Where programs are taken from and go to. */
struct programs {
        int root_fd; /* root of the running system */
        int tree_fd; /* root of the tree */
        char *cache; /* the loader's /etc/ld.so.cache; NULL if there is none */
        size_t cache_size;
        uint64_t entries; /* files taken so far, and bytes of them */
        uint64_t bytes;
};

/**
 * Begin, and read the loader's cache of library paths.
 *
 * @param ret  filled; to be given to programs_done(), also after a failure
 * @return 0 or a negative errno, already logged
 */
int programs_begin(int root_fd, int tree_fd, struct programs *ret);

/**
 * Take a program. It is copied only after all that it needs was found.
 *
 * @param path      with or without a leading slash
 * @param dlopened  libraries that it cannot do without, though it loads them with dlopen(); ended by NULL, or NULL.
 *                  Others, named in the program's own note, are taken if they are found
 * @param level     of messages about the program: LOG_ERR, or LOG_WARNING if it is optional
 * @param real      gets its name without a link in it, relative to the root
 * @return 0; -ENOENT if there is no such file, not logged; or another negative errno, already
 *         logged: -EPERM if others than root can write to a file or to a directory on the way, -ENOPKG if a
 *         library or an interpreter is missing, -EBADMSG if a file is damaged, -ENOEXEC if it is neither
 *         program nor script, -EIO if the tree cannot be written
 */
int programs_take(struct programs *programs, const char *path, const char *const *dlopened, int level,
                  char real[static PATH_MAX]);

/** The same, of a program that is called @name, wherever PATH has it. */
int programs_take_called(struct programs *programs, const char *name, int level, char real[static PATH_MAX]);

/**
 * Take a file as it is.
 *
 * @param name  in the tree; its directory must exist
 * @return 0 or a negative errno, already logged
 */
int programs_copy(struct programs *programs, int fd, const char *name);

/** Free all. */
void programs_done(struct programs *programs);
