#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A restore for the pivot, below a sysroot of its own.

load common

@test "with the standard streams closed" {
    exitrd_root
    "$RESTORE" -f -S "$T/root" -k 1 <&- >&- 2>&-
    [[ -x $T/root/run/initramfs/shutdown ]]
}

@test "directories that were there before get the labels that the image's have" {
    command -v getfattr >/dev/null || skip "needs getfattr"
    exitrd_root
    mkdir -p "$T/root/sys/fs/selinux" "$T/root/etc/selinux/small/contexts/files" "$T/root/run/initramfs/bin/more"
    : >"$T/root/sys/fs/selinux/enforce"
    printf 'SELINUX=enforcing\nSELINUXTYPE=small\n' >"$T/root/etc/selinux/config"
    printf '%s\n' '/.* u:o:default_t:s0' '/ -d u:o:root_t:s0' '/bin -d u:o:bin_t:s0' '/bin/.* -- u:o:exec_t:s0' \
        >"$T/root/etc/selinux/small/contexts/files/file_contexts"
    echo mine >"$T/root/run/initramfs/bin/mine"
    "$RESTORE" -f -S "$T/root" -k 1
    for label in .:root_t bin:bin_t bin/sh:exec_t shutdown:default_t; do
        [[ $(getfattr --only-values -n security.selinux "$T/root/run/initramfs/${label%:*}" | tr -d '\0') == "u:o:${label#*:}:s0" ]]
    done
    for theirs in bin/mine bin/more; do
        ! getfattr -n security.selinux "$T/root/run/initramfs/$theirs"
    done
}
