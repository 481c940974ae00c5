/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What root's rights are cut down to: capabilities(7).
 */

#include <linux/capability.h>
#include <stdint.h>

#define PRIVILEGE(capability) (UINT64_C(1) << (capability))

/** What a restore takes: owners, modes, nodes and labels of any kind; mounts; and giving up the rest. */
#define PRIVILEGES_TO_RESTORE                                                                            \
        (PRIVILEGE(CAP_CHOWN) | PRIVILEGE(CAP_FOWNER) | PRIVILEGE(CAP_FSETID) | PRIVILEGE(CAP_SETFCAP) | \
         PRIVILEGE(CAP_DAC_OVERRIDE) | PRIVILEGE(CAP_DAC_READ_SEARCH) | PRIVILEGE(CAP_MKNOD) |           \
         PRIVILEGE(CAP_MAC_ADMIN) | PRIVILEGE(CAP_SYS_ADMIN) | PRIVILEGE(CAP_SYS_CHROOT) | PRIVILEGE(CAP_SETPCAP))

/**
 * Give up, for good, all capabilities but those of the set @kept; and for programs that are started from here, too.
 *
 * @param kept  PRIVILEGE()s; those that the process does not have it does not get
 * @return 0; -EPERM where programs that root starts from here will have others again; or another negative errno
 */
int privileges_keep(uint64_t kept);
