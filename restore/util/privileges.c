/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "privileges.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include "skipcpio/util.h"

int privileges_keep(uint64_t kept)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
        int r = 0;

        /* exec() gives root all that is in the bounding set. */
        for (unsigned cap = 0; cap < 64; cap++) {
                if ((kept & PRIVILEGE(cap)) != 0 || prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
                        continue;
                if (errno != EINVAL) /* the kernel has no more of them */
                        r = -errno;
                break;
        }

        if (syscall(SYS_capget, &header, sets) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(sets); i++) {
                sets[i].permitted &= (uint32_t)(kept >> 32 * i);
                sets[i].effective &= sets[i].permitted;
                sets[i].inheritable &= sets[i].permitted;
        }
        return syscall(SYS_capset, &header, sets) < 0 ? -errno : r;
}
