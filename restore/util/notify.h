/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How far the program is: to systemd as the unit's status line (sd_notify(3)'s protocol: one
 * datagram to the socket in $NOTIFY_SOCKET), and to a person as a bar on the terminal.
 */

#include <stdbool.h>
#include <stdint.h>

/** Find out who wants to know. A bar is shown where standard error is a terminal and @bar is set. */
void notify_setup(bool bar);

/**
 * Tell how far a step is. Cheap enough for every block: it goes out at most ten times a
 * second, and when a step begins or ends. Does nothing where nobody wants to know.
 *
 * @param what   the step, as "Unpacking"; another string at the next step
 * @param done   bytes done
 * @param total  bytes in all, or 0 where nobody knows
 */
void notify_progress(const char *what, uint64_t done, uint64_t total);

/** Send a status line, as the last one that a failed unit shows. */
void notify_status(const char *status);

/** Take the bar off the terminal, for another line; the next notify_progress() draws it again. */
void notify_clear(void);
