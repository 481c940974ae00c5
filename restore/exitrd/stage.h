/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The staging directory and the commit: all of a tree appears in its place, or nothing does.
 *
 * DIR/.dracut-restore/tree is where the image is unpacked, on the same file system as DIR. The
 * commit renames its entries into DIR, whole directories where DIR has none of that name; a file
 * that DIR has already stays, and so does all below a mount. `shutdown` is renamed last: until
 * then systemd does not pivot. What is going to be renamed is written down first, in
 * DIR/.dracut-restore/plan, so that a run after one that was killed can take it back.
 */

#include <stdbool.h>

#define STAGE_NAME ".dracut-restore"
#define STAGE_SHUTDOWN "shutdown"
#define STAGE_NEED_SHUTDOWN ".need_shutdown"

struct stage {
        const char *path; /* of DIR, for messages; not owned */
        int below;        /* DIR as it was mounted before */
        int lock;         /* DIR/.dracut-restore, locked against a second run */
        int dir;          /* DIR as it is mounted now */
        int staging;      /* DIR/.dracut-restore there */
        int tree;         /* DIR/.dracut-restore/tree: unpack here */
        bool made_dir;    /* DIR was not there before */
        bool mounted;     /* DIR was mounted on itself to be executable */
        bool removed;     /* the staging directory was removed; another one there is another run's */
        bool kept;        /* the tree was committed: DIR stays */
        bool stays;       /* what is staged stays, for a run that can take back what was renamed */
        bool exitrd;      /* the tree is for the pivot */
        bool was_empty;   /* DIR had nothing of anybody else's: it gets the attributes of the tree's root */
};

#define STAGE_INIT ((struct stage){ .below = -1, .lock = -1, .dir = -1, .staging = -1, .tree = -1 })

/**
 * Whether there is a finished exitrd in @path: an executable regular file `shutdown`.
 * A mount without exec does not count.
 */
bool stage_is_finished(const char *path);

/** Remove what a run left behind in a finished exitrd: one that was killed after its commit, or before somebody else
 * finished its work. */
void stage_tidy(const char *path);

/**
 * Make DIR if it is missing, wait for another run in it to end, take back what a killed run left
 * behind, and make an empty staging tree.
 *
 * @param path    of DIR; must outlive @ret
 * @param exitrd  the tree is for the pivot: DIR is made executable where its mount is noexec
 * @param ret     to be given to stage_done(), also after a failure
 * @return 1; 0 where @exitrd is set and the other run has finished one; or a negative errno that has been told
 */
int stage_open(const char *path, bool exitrd, struct stage *ret);

/**
 * Move the tree into DIR, `shutdown` last, and remove the staging directory and .need_shutdown.
 * For the pivot, check_exitrd() has a look at DIR first, with what was there before and with the
 * rest of the tree.
 *
 * @param image  name of the image, for messages
 * @return 0, or a negative errno that has been told; DIR is then as it was
 */
int stage_commit(struct stage *stage, const char *image);

/**
 * Free all; without a commit, undo all that stage_open() did and give all memory back. Works as a
 * cleanup function.
 */
void stage_done(struct stage *stage);
