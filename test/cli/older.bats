#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Kernels and file systems that cannot do all that newer ones can.

load common

# without CALL ERROR ARGUMENT...: restore, every CALL failing
without() {
    status=0
    strace -f -qq -o /dev/null -e trace="$1" -e inject="$1":error="$2" "$RESTORE" "${@:3}" >"$T/said" 2>&1 || status=$?
    [[ $status == 0 && $(lines "$T/said") == 1 ]] || { cat "$T/said"; return 1; }
}

@test "without sendfile: read and write copy files of all sizes" {
    image "archive(*[entry('f%d' % n, data=bytes(range(256)) * n) for n in (0, 1, 255, 256, 300, 1000, 40000)])"
    restore -C "$T/expected" "$T/image"
    succeeded
    for error in EINVAL ENOSYS; do
        without sendfile $error -C "$T/out" "$T/image"
        diff -r "$T/expected" "$T/out"
        rm -r "$T/out"
    done
}

@test "without mount_setattr (before Linux 5.12): a nested root is unpacked by its tool and the shell is checked" {
    strace -qq -o /dev/null -e trace=mount_setattr true 2>/dev/null || skip "strace does not know this call"
    command -v mksquashfs unsquashfs >/dev/null || skip "needs squashfs-tools"
    exitrd_root
    mkdir "$T/inner"
    echo nested >"$T/inner/file"
    mksquashfs "$T/inner" "$T/squashfs-root.img" -no-xattrs -noappend -quiet -no-progress -comp lz4 >/dev/null
    (cd "$T" && cpio -o --quiet -H newc <<<squashfs-root.img) >>"$T/root/boot/initrd.img-1"
    # A shell that is carried over as a mount is the one that is checked.
    mkdir "$T/root/run/initramfs/bin"
    cp /bin/busybox "$T/root/run/initramfs/bin/sh"
    truncate -s 3M "$T/root/run/initramfs/bin/sh"
    # Nor are there loop devices, with which the kernel would unpack it.
    strace -f -qq -o /dev/null -e trace=mount_setattr,ioctl -e inject=mount_setattr:error=ENOSYS -e inject=ioctl:error=ENOTTY \
        "$RESTORE" -f -S "$T/root" -k 1
    [[ -x $T/root/run/initramfs/shutdown && $(<"$T/root/run/initramfs/file") == nested ]]
}
