/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The unit that runs the restore, read from systemd's files (systemd.unit(5)). Its drop-ins can replace
 * the program, or run it where it cannot mount or PID 1 does not see what it mounts.
 */

#include <stdbool.h>
#include <stddef.h>

#define UNIT_NAME "dracut-shutdown.service"

/**
 * Check that the unit is enabled and, if that can be told, active, that its ExecStop= runs a program called
 * dracut-initramfs-restore, and that it runs in PID 1's mount namespace.
 *
 * @param sysroot  directory that the files are below, "" for /
 * @param reason   filled on failure: what is wrong, with the file's name
 * @param size     bytes at @reason
 * @return 0, or -ECANCELED
 */
int unit_check(const char *sysroot, char *reason, size_t size);

/** Whether the unit passes --compose to the program, directly in ExecStop= or in $RESTORE_OPTIONS. */
bool unit_composes(const char *sysroot);
