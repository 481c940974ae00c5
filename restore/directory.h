/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A directory to unpack an image into, for whoever wants no pivot: -C DIR IMAGE.
 *
 * The tree is made in a directory beside DIR that nobody else can enter, and gets its name by one
 * rename. Where DIR cannot be replaced, as it is a mount point, the tree is made in it and removed
 * again after a failure. With force, a directory that has something in it is unpacked into, as by
 * `cpio -u`: what is there by a failure stays.
 */

#include <stdbool.h>

struct directory {
        char *path;     /* of DIR, resolved */
        int parent;     /* directory that DIR is in, or is to be */
        char stage[32]; /* name of the directory beside DIR; empty where it is DIR itself that is unpacked into */
        int staging;    /* that directory */
        int tree;       /* directory to unpack into */
        bool keep;      /* leave what is there by a failure */
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
