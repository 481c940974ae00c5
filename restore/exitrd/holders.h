/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What holds the file systems of this machine, and which programs take it apart after systemd-shutdown
 * has unmounted them and detached what it can: swap, loop devices, md and the device mapper.
 */

#include <stdbool.h>
#include <stddef.h>

/** A program that is needed if the machine has a device of a kind. */
struct holder {
        const char *device;  /* the kind, for messages */
        const char *program; /* its name, or NULL: a shell is enough */
        const char *command; /* for a shell in the exitrd, or NULL: systemd-shutdown runs the program */
        bool first;          /* to be run before anything is unmounted, not after that */
};

/**
 * The programs that this machine needs, in the order in which they are run.
 *
 * The whole machine counts, not the root alone: the root may be a loop device or an overlay, or on a file system with
 * a device number of its own, none of which /sys connects to what it is on. A tool too many costs a few hundred KiB.
 *
 * @param root_fd  root of the running system, with its /sys
 * @param ret      filled; the strings are constant
 * @param max      of @ret; HOLDERS_MAX are enough
 * @return how many there are
 */
size_t holders_find(int root_fd, struct holder *ret, size_t max);

#define HOLDERS_MAX 8
