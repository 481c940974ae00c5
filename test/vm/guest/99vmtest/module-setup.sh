#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A dracut module whose hooks tell the host, from inside the restored image, that they run and what is left.

check() {
    return 255
}

depends() {
    echo shutdown
}

install() {
    inst_multiple cat grep ls mount sha256sum umount
    # shellcheck disable=SC2154 # set by dracut
    inst_hook pre-shutdown 00 "$moddir/pivoted.sh"
    inst_hook pre-pivot 50 "$moddir/composefs.sh"
    # Under this name it is the last: the device-mapper and md hooks were before it.
    inst_hook shutdown 99 "$moddir/last.sh"
}
