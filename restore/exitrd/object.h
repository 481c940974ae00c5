/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a program or a library declares that it needs: elf(5), ld.so(8), and the note for libraries opened
 * by dlopen (systemd's ELF_DLOPEN_METADATA). Only files for this machine are read.
 */

#include <stddef.h>

struct object {
        char *interpreter; /* PT_INTERP, or NULL */
        char *rpath;       /* DT_RPATH where there is no DT_RUNPATH, or NULL */
        char *runpath;     /* DT_RUNPATH, or NULL */
        char *needed;      /* DT_NEEDED: names, each with its NUL, then an empty one; or NULL */
        char *dlopened;    /* names in the note, in the same form; or NULL */
};

#define OBJECT_INIT ((struct object){ NULL, NULL, NULL, NULL, NULL })

/**
 * Read what an object needs.
 *
 * @param fd   file
 * @param ret  starts as OBJECT_INIT; to be given to object_done(), also after a failure
 * @return 0; -ENOEXEC if it is not an ELF file; -EMEDIUMTYPE if it is one for another machine;
 *         -EBADMSG if it is damaged; or another negative errno
 */
int object_read(int fd, struct object *ret);

/**
 * The names of libraries in a note's text: [{"feature":"…","soname":["…","…"]},…].
 *
 * @param text  as long as @size; need not end with a NUL
 * @return names, each with its NUL, then an empty one, to be freed; or NULL if memory is short
 */
char *object_sonames(const char *text, size_t size);

/** Free all. */
void object_done(struct object *object);
