/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Giving up capabilities(7).
 */

#include <linux/capability.h>
#include <stdint.h>

#define PRIVILEGE(capability) (UINT64_C(1) << (capability))

/** What a restore needs: to set owners, modes and labels, to make nodes, to mount, and to give up the rest. */
#define PRIVILEGES_TO_RESTORE                                                                            \
        (PRIVILEGE(CAP_CHOWN) | PRIVILEGE(CAP_FOWNER) | PRIVILEGE(CAP_FSETID) | PRIVILEGE(CAP_SETFCAP) | \
         PRIVILEGE(CAP_DAC_OVERRIDE) | PRIVILEGE(CAP_DAC_READ_SEARCH) | PRIVILEGE(CAP_MKNOD) |           \
         PRIVILEGE(CAP_MAC_ADMIN) | PRIVILEGE(CAP_SYS_ADMIN) | PRIVILEGE(CAP_SYS_CHROOT) | PRIVILEGE(CAP_SETPCAP))

/**
 * Give up all capabilities but those in @kept, for this process and for the programs that it executes.
 *
 * @param kept  a set of PRIVILEGE()s. The process gains none that it does not have
 * @return 0; -EPERM if the bounding set cannot be changed: a program executed as root then gets all capabilities of
 *         that set again; or another negative errno
 */
int privileges_keep(uint64_t kept);
