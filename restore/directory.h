/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A directory to unpack an image into without a pivot: -C DIR IMAGE.
 *
 * The tree is made in a private directory beside DIR and then renamed to DIR. A mount point cannot
 * be replaced, so there the tree is made in DIR itself and removed after a failure. With --force,
 * DIR need not be empty, as with `cpio -u`. What was unpacked before a failure then stays.
 */

#include <stdbool.h>

struct directory {
        char *path;     /* of DIR, resolved */
        int parent;     /* DIR's parent directory */
        char stage[32]; /* name of the directory beside DIR; empty if the image is unpacked into DIR itself */
        int staging;    /* the directory beside DIR */
        int tree;       /* directory to unpack into */
        bool keep;      /* after a failure, keep what was unpacked */
};

#define DIRECTORY_INIT ((struct directory){ .parent = -1, .staging = -1, .tree = -1 })

/**
 * Make a directory to unpack into.
 *
 * @param path   of DIR: missing, or empty unless @force is set
 * @param ret    to be given to directory_done(), also after a failure
 * @return 0, or a negative errno, already logged
 */
int directory_open(const char *path, bool force, struct directory *ret);

/** Give the tree its name. Returns 0, or a negative errno, already logged. */
int directory_commit(struct directory *directory);

/** Free all, and remove what was not committed. Works as a cleanup function. */
void directory_done(struct directory *directory);
