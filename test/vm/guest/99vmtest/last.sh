#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The loop stack's lower file system is ours, so taking it away is, too.
if grep -q ' /[a-z/]*run/lower ' /proc/mounts; then
    # The image is a file there; what is mounted of it keeps the file system busy.
    while read -r _ _mount _; do
        case $_mount in */composefs) umount "$_mount" ;; esac
    done < /proc/mounts
    for _device in /sys/block/loop*/loop; do
        [ ! -d "$_device" ] || losetup -d "/dev/$(basename "${_device%/loop}")"
    done
    while read -r _ _mount _; do
        case $_mount in */lower) umount "$_mount" ;; esac
    done < /proc/mounts
fi

_left=
for _device in /sys/block/dm-* /sys/block/md* /sys/block/loop*/loop; do
    [ ! -e "$_device" ] || _left="$_left ${_device#/sys/block/}"
done
vmtest_say "last left=${_left# } mounts=$(grep -c -E ' (/oldroot|[^ ]*/lower)' /proc/mounts)"
