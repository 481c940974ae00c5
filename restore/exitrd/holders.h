/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The devices below this machine's file systems, and the programs that stop them after systemd-shutdown has
 * unmounted the file systems and detached what it can: swap, loop devices, md and the device mapper.
 */

#include <stdbool.h>
#include <stddef.h>

/** A program that a kind of device needs. */
struct holder {
        const char *device;  /* the kind, for messages */
        const char *program; /* its name, or NULL: a shell is enough */
        const char *command; /* for a shell in the exitrd, or NULL: systemd-shutdown runs the program */
        bool first;          /* run before anything is unmounted, not after */
};

/**
 * Find the programs that this machine needs, in the order in which they run.
 *
 * All devices of the machine count, not only the root's: the root may be on a loop device, an overlay, or a file system
 * with a device number of its own, and /sys does not tell what those are on. An unneeded tool costs a few hundred KiB.
 *
 * @param root_fd  root of the running system, with its /sys
 * @param ret      filled; the strings are constant
 * @param max      of @ret; HOLDERS_MAX are enough
 * @return how many there are
 */
size_t holders_find(int root_fd, struct holder *ret, size_t max);

#define HOLDERS_MAX 8
