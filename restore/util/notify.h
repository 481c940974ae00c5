/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Progress: for systemd as the unit's status line (the protocol of sd_notify(3): one datagram to the socket in
 * $NOTIFY_SOCKET), and for people as a bar on the terminal.
 */

#include <stdbool.h>
#include <stdint.h>

/**
 * Find out where progress goes, and become the log's sink: the bar is cleared before a line is logged, and errors are
 * sent as the unit's status.
 *
 * @param bar    draw a bar where standard error is a terminal
 * @param delay  milliseconds until the first report
 */
void notify_setup(bool bar, unsigned delay);

/**
 * Report the progress of a step. Cheap enough to call for every block: a report goes out when a step begins or ends,
 * and at most ten times a second. Does nothing without a bar and a socket.
 *
 * @param what   the step's name, such as "Unpacking"; kept until the next call
 * @param done   bytes done
 * @param total  bytes in all, or 0 if that is unknown
 */
void notify_progress(const char *what, uint64_t done, uint64_t total);

/** Clear the bar. */
void notify_clear(void);

/** Send a status line to systemd. The last one stays with the unit after the program ends. Escaped here. */
void notify_status(const char *status);
