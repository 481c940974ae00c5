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

@test "without mount_setattr (before Linux 5.12, in a container): the shell is checked all the same" {
    strace -qq -o /dev/null -e trace=mount_setattr true 2>/dev/null || skip "strace does not know this call"
    exitrd_root
    for error in ENOSYS EPERM; do
        without mount_setattr $error -f -S "$T/root" -k 1
        [[ -x $T/root/run/initramfs/shutdown ]]
        unmount_all
    done
}
