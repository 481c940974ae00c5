#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# For images that are restored at shutdown: they need dracut's `shutdown`, and, on systems where no
# other module asks for the restore, the mark that asks for it.

# called by dracut
check() {
    return 255 # only where dracut.conf names it
}

# called by dracut
depends() {
    echo shutdown
}

# called by dracut
install() {
    # set in dracut.conf, which dracut has read into this shell
    # shellcheck disable=SC2154
    if [[ $restore_need_shutdown == yes ]]; then
        # shellcheck disable=SC2154
        inst_hook cleanup 50 "$moddir/need-shutdown.sh"
    fi
    # shellcheck disable=SC2154
    if [[ $restore_stash == yes ]]; then
        inst_multiple chroot
        inst_hook cleanup 52 "$moddir/stash.sh"
    fi
    # shellcheck disable=SC2154
    inst_hook shutdown 40 "$moddir/unmount.sh"
    # An identifier, which tells this image from others of the same kernel. It goes into the early part, which is plain and
    # comes first, so that it is read at once.
    # shellcheck disable=SC2154
    if [[ -d ${early_cpio_dir-} && $reproducible != yes ]]; then
        mkdir -p "$early_cpio_dir/d/kernel/restore"
        cat /proc/sys/kernel/random/uuid >"$early_cpio_dir/d/kernel/restore/id"
        # shellcheck disable=SC2034
        create_early_cpio=yes # dracut reads it
        inst_hook cleanup 51 "$moddir/image-id.sh"
    fi
}
