/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "locate.h"

#include <fcntl.h>
#include <string.h>

#include "util/log.h"
#include "skipcpio/util.h"
#include "uboot.h"
#include "uki.h"

/* A unified kernel image stands for its initrd, and so does an addon. */
static int add_from_uki(int fd, const char *name, const char *profile, struct image *image)
{
        _cleanup_close_ int owned = fd;
        const char *reason = NULL;
        struct uki uki;
        int r = uki_read(fd, profile, &uki, &reason);

        if (r == -EBADMSG && uki_is_addon(&uki)) {
                uki.profile = PE_PROFILE_BASE;
                r = 0;
        }
        if (r == -EBADMSG)
                return log_error(0, "Cannot use %s: %s", name, reason), r;
        if (r >= 0)
                r = uki_add_initrd(TAKE_FD(owned), &uki, name, image);
        return r == -ENOENT ? log_error(0, "Cannot use %s: it has no initrd", name), r : r;
}

int file_append(struct image *image, int fd, const char *name, const char *profile)
{
        _cleanup_close_ int owned = fd;
        char magic[2];
        int r;

        if (pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && memcmp(magic, "MZ", sizeof(magic)) == 0) {
                r = add_from_uki(TAKE_FD(owned), name, profile, image);
                if (r == -EBADMSG || r == -ENOENT)
                        return r;
        } else {
                r = image_add_file(image, TAKE_FD(owned), name);
        }
        if (r == -EINVAL)
                return log_error(0, "Cannot use %s as an image: it is not a regular file", name), r;
        return r < 0 ? log_error(r, "Cannot use %s as an image", name) : 0;
}

int file_last(struct image *image, const char *name)
{
        const char *reason;
        int r = uboot_unwrap(image, &reason);

        if (r == -EBADMSG)
                return log_error(0, "Cannot use %s: %s", name, reason), r;
        if (r >= 0)
                r = image_trim_bootconfig(image);
        return r < 0 ? log_error(r, "Cannot read %s", name) : 0;
}
