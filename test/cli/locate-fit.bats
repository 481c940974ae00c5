#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# U-Boot's FIT: the ramdisk of the booted configuration, or a line if there is none. Needs mkimage and dtc.

load common
load fixture-locate
load fixture-extract

setup() {
    T=$(mktemp -d -p /dev/shm restore-test.XXXXXX)
    new_system
    BOTH='c1 { kernel = "kernel"; ramdisk = "a"; }; c2 { kernel = "kernel"; ramdisk = "b"; };'
}

# refuses REASON: named as an argument, the image is refused with one line; as a candidate, the next one is taken.
refuses() {
    restore -C "$T/tree" "$S/boot/x.itb"
    [[ $status == 1 && $said == *"Cannot use $S/boot/x.itb: $1" && $(lines "$T/stderr") == 1 ]] || { echo "$status: $said"; return 1; }
    restore --locate -v -S "$S"
    [[ $status == 1 && $(<"$T/stdout") == *"$S/boot/x.itb: skipped: $1"* ]]
}

@test "FIT: the ramdisk is found byte for byte, inside the tree and behind it, at an offset and at a position" {
    exitrd "$T/a" a
    exitrd "$T/b" b
    fit boot/initrd.img "default = \"c2\"; $BOTH"
    finds 'default name' /boot/initrd.img
    restores_exitrd b
    fit boot/initrd.img "default = \"c1\"; $BOTH" -E
    restores_exitrd a
    fit boot/initrd.img "default = \"c2\"; $BOTH" -E -p 0x1000
    restores_exitrd b
    # After an early part, as an argument.
    newc image 'early()' >"$T/early"
    restore -C "$T/tree" "$T/early" "$S/boot/initrd.img"
    succeeded
    cmp "$T/random.b" "$T/tree/b"
}

@test "FIT: without a default, what all configurations agree on" {
    fit boot/x.itb 'c1 { kernel = "kernel"; ramdisk = "b"; }; c2 { kernel = "kernel"; }; c3 { kernel = "kernel"; ramdisk = "b"; };'
    finds 'the only image' /boot/x.itb
    restore -C "$T/tree" "$S/boot/x.itb"
    [[ $status == 0 && -e $T/tree/b ]]
}

@test "FIT: no ramdisk, several, a missing one, a damaged device tree" {
    fit boot/x.itb "$BOTH"
    refuses 'its configurations have several ramdisks, and none is the default'
    fit boot/x.itb 'default = "c1"; c1 { kernel = "kernel"; }; c2 { kernel = "kernel"; ramdisk = "a"; };'
    refuses 'its default configuration has no ramdisk'
    fit boot/x.itb 'c1 { kernel = "kernel"; };'
    refuses 'none of its configurations has a ramdisk'
    fit boot/x.itb 'default = "c1"; c1 { kernel = "kernel"; ramdisk = "c"; };' -E # what it does not check then
    refuses "its ramdisk's data is not in it"
    fit boot/x.itb "default = \"c2\"; $BOTH" -E
    truncate -s -4 "$S/boot/x.itb"
    refuses "its ramdisk's data is not in it"
    truncate -s 500 "$S/boot/x.itb"
    refuses 'its device tree is damaged'
    truncate -s 16 "$S/boot/x.itb"
    refuses 'its device tree is damaged'
}

@test "FIT: names with the version, and without; not U-Boot itself" {
    local name

    for name in fitImage-$K $K.itb image-$K.itb linux-$K.fit fitImage-$K-dracut dtb/fitImage-$K.bin efi/a/fitimage-$K.itb; do
        new_system
        fit boot/$name "default = \"c1\"; $BOTH"
        fit boot/fitImage-6.1.0-56 "default = \"c1\"; $BOTH"
        finds 'kernel version' /boot/$name
    done
    for name in fitImage fitImage.itb fitImage-initramfs; do
        new_system
        fit boot/u-boot.itb 'c1 { kernel = "kernel"; };'
        fit boot/firmware/$name "default = \"c1\"; $BOTH"
        finds '' /boot/firmware/$name
    done
    rm "$S"/boot/firmware/*
    fit boot/u-boot-dtb.itb "default = \"c1\"; $BOTH"
    finds_nothing
}

@test "FIT: an entry's kernel with the ramdisk in it, and one with its initrd beside it" {
    fit boot/vendor/$K/kernel.itb "default = \"c1\"; $BOTH"
    put boot/vendor/initrd
    entry boot/loader/entries/a.conf "version $K" 'linux /vendor/6.1.0-5/kernel.itb' 'options ro'
    finds 'fits the kernel command line' /boot/vendor/$K/kernel.itb
    entry boot/loader/entries/a.conf "version $K" 'linux /vendor/6.1.0-5/kernel.itb' 'initrd /vendor/initrd' 'options ro'
    finds 'fits the kernel command line' /boot/vendor/initrd
}

@test "FIT: its content is listed" {
    fit boot/x.itb "default = \"c2\"; $BOTH"
    extract --list "$S/boot/x.itb"
    prints b
}
