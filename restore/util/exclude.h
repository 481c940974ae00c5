/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * --exclude: names to leave out, and all below them.
 */

#include <stdbool.h>
#include <stddef.h>

struct exclude {
        char **globs; /* as for fnmatch(3), from the tree's root, with or without a slash in front; not owned */
        size_t count;
};

/** Whether a name in an image, or a directory that it is below, is to be left out. */
bool exclude_matches(const struct exclude *exclude, const char *name);

/**
 * Remove what is to be left out from a tree.
 *
 * @param tree_fd  of its root
 * @return 0, or a negative errno: some of it may still be there, which does no harm
 */
int exclude_remove(const struct exclude *exclude, int tree_fd);
