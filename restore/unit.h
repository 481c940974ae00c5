/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The unit that runs the restore, as systemd's files have it (systemd.unit(5)): its drop-ins can
 * replace the program, or give it a mount namespace in which PID 1 does not see what it mounts.
 */

#include <stdbool.h>
#include <stddef.h>

#define UNIT_NAME "dracut-shutdown.service"

/**
 * Whether the unit is wanted, stops with a program called dracut-initramfs-restore, and runs in PID 1's mount
 * namespace.
 *
 * @param sysroot  directory that the files are below, "" for /
 * @param reason   filled where the result is negative: what is wrong, with the file's name
 * @param size     bytes at @reason
 * @return 0, or -ECANCELED
 */
int unit_check(const char *sysroot, char *reason, size_t size);

/** Whether the unit runs the program with --compose, in its ExecStop= or by $RESTORE_OPTIONS there. */
bool unit_composes(const char *sysroot);
