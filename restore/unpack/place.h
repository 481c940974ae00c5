/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where the names of a tree are: looked up below its root, whatever the links in it say.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "skipcpio/util.h"

/** The kernel would have gone on without the entry. */
#define TREE_SKIPPED 1

struct tree {
        int root;   /* the tree's root directory; not owned */
        int parent; /* directory of the name before, or -1 */
        char parent_name[PATH_MAX];
        char *directories; /* mtimes to set at the end: the time, then the name, one after the other */
        size_t directories_used, directories_size;
        _Atomic bool full;        /* no space is left */
        _Atomic uint64_t missing; /* bytes of data that there was no room for, each file's in whole @unit */
        size_t unit;              /* bytes, a power of two: a tmpfs gives each file whole pages */
        bool no_owners;           /* files stay their maker's */
        bool no_parents;          /* those that are missing are not made */
        void (*settle)(void *);   /* called before a file that is there is changed: others may still write to it */
        void *settle_argument;
};

/* A call's result as 0 or -errno; with no space left, the tree is full. */
#define NOTE_FULL(tree, call)                          \
        ({                                             \
                int result_ = (call) < 0 ? -errno : 0; \
                                                       \
                if (result_ == -ENOSPC)                \
                        (tree)->full = true;           \
                result_;                               \
        })

/* Where a name's last component is. */
struct location {
        int dir;          /* the directory that it is in; or, without @base, the file itself */
        const char *base; /* NULL for names that end in /, . or .. */
        int owned;        /* to be closed, or -1 */
};

static inline void place_done(struct location *p)
{
        safe_close(p->owned);
}

#define _cleanup_place_ _cleanup_(place_done)

/** What the kernel's unpacker, which looks at few results, passes over. Anything else means that the tree would
 * not be whole. */
int skipped(int error);

/** A symlink that is the last component, be it with a slash behind it, is subject to fs.protected_symlinks; one on the
 * way is not, and the kernel's unpacker never is: hence the dot.
 * @return a descriptor, or a negative errno */
int open_in_root(const struct tree *tree, const char *name, int flags);

/**
 * Find out where @name's last component is. Parents that are missing are made, unless @tree->no_parents.
 *
 * @return 0, with @ret to be freed by place_done(); TREE_SKIPPED where there is no such place; or a negative errno
 */
int find_place(struct tree *tree, const char *name, struct location *ret);
