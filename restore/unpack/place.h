/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Lookups of names in a tree. No link in it leads out of it.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "skipcpio/util.h"

/** The kernel would continue without the entry. */
#define TREE_SKIPPED 1

struct tree {
        int root;   /* the tree's root directory; not owned */
        int parent; /* directory of the name before, or -1 */
        char parent_name[PATH_MAX];
        char *directories; /* mtimes to set at the end: the time, then the name, one after the other */
        size_t directories_used, directories_size;
        _Atomic bool full;        /* no space is left */
        _Atomic uint64_t missing; /* bytes of data that did not fit, each file's rounded up to @unit */
        size_t unit;              /* bytes, a power of two: a tmpfs gives each file whole pages */
        bool no_owners;           /* do not change owners */
        bool no_parents;          /* do not make missing parents */
        void (*settle)(void *);   /* called before an existing file is changed: a writer may still be at it */
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
        int dir;          /* the directory that it is in; if @base is NULL, the file itself */
        const char *base; /* NULL for names that end in /, . or .. */
        int owned;        /* to be closed, or -1 */
};

static inline void place_done(struct location *p)
{
        safe_close(p->owned);
}

#define _cleanup_place_ _cleanup_(place_done)

/** Whether the kernel's unpacker, which checks few results, would ignore @error. After any other error the tree is
 * not complete. */
int skipped(int error);

/** Open a name in the tree. A symlink as the last component, even with a slash after it, is subject to
 * fs.protected_symlinks. The kernel's unpacker is not, nor are symlinks before the last component: so `.` is appended.
 * @return a descriptor, or a negative errno */
int open_in_root(const struct tree *tree, const char *name, int flags);

/**
 * Find the directory of @name's last component. Missing parents are made, unless @tree->no_parents.
 *
 * @return 0, with @ret to be freed by place_done(); TREE_SKIPPED if there can be no such directory; or a negative errno
 */
int find_place(struct tree *tree, const char *name, struct location *ret);
