/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "newmount.h"

#include "skipcpio/util.h"
#include "compat.h"

int mount_new(const char *type, unsigned int attributes, const struct mount_setting *settings, size_t count)
{
        _cleanup_close_ int context = fsopen(type, FSOPEN_CLOEXEC);
        int fd;

        if (context < 0)
                return -errno;
        for (const struct mount_setting *s = settings; s < settings + count; s++)
                if (fsconfig(context, s->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, s->key, s->value, 0) < 0 &&
                    !s->optional)
                        return -errno;
        if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        fd = fsmount(context, FSMOUNT_CLOEXEC, attributes);
        return fd < 0 ? -errno : fd;
}
