#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The initramfs that keeps itself: what is written, what our dracut module does at boot, and that it is what is restored.

load common

setup_file() {
    [[ $(id -u) == 0 ]] || skip "needs root"
}

# initramfs: one in $T/initramfs, as it is right before it hands over
initramfs() {
    mkdir -p "$T/initramfs"/{bin,dev,etc,kernel/x86/microcode,proc,usr/lib/firmware/a,usr/lib/modules/6.1/kernel/fs}
    cd "$T/initramfs"
    printf '#!/bin/sh\n' >shutdown
    head -c 300000 /dev/urandom >bin/sh
    chmod 755 shutdown bin/sh
    ln bin/sh bin/ash
    ln bin/sh etc/sh
    ln bin/sh "$T/elsewhere" # not all names of a file need be in the tree
    printf two >etc/two
    ln etc/two etc/zwei
    : >etc/empty
    : >$'etc/\xc3\xa9 \xff' # as bytes, whatever the locale
    chown 12:34 etc/empty
    chmod 4711 etc/empty
    ln -s /bin/sh init
    mknod dev/null c 1 3
    mkfifo -m 600 etc/fifo
    echo m >usr/lib/modules/6.1/modules.dep
    echo k >usr/lib/modules/6.1/kernel/fs/ext4.ko
    echo f >usr/lib/firmware/a/b
    echo u >kernel/x86/microcode/GenuineIntel.bin
    mount -t tmpfs -o mode=755 tmpfs proc
    : >proc/mounted
    cd "$T"
}

# stash [NAME=VALUE]...: the program writes $T/image
stash() {
    status=0
    env "$@" "$RESTORE" --stash <"$T/initramfs" >"$T/image" 2>"$T/stderr" || status=$?
    said=$(<"$T/stderr")
}

@test "the tree comes back, without modules and firmware" {
    initramfs
    stash
    [[ $status == 0 && $(lines "$T/stderr") == 1 ]]
    [[ $said =~ ^dracut-initramfs-restore:\ stashed\ the\ initramfs:\ 21\ entries,\ 292\ KiB,\ as\ an\ image\ of\ 29[0-9]\ KiB\ in\ [0-9.]+\ s$ ]] ||
        { echo "$said"; return 1; }
    [[ $(head -c 4 "$T/image" | od -An -tx1) == " 28 b5 2f fd" ]]
    umount "$T/initramfs/proc"
    rm -r "$T/initramfs/usr/lib/firmware" "$T/initramfs/usr/lib/modules/6.1/kernel" "$T/initramfs/kernel" "$T/elsewhere"
    find "$T/initramfs" -depth -exec touch -h -d @1000 {} +
    restore -C "$T/out" "$T/image"
    succeeded
    find "$T/out" -depth -exec touch -h -d @1000 {} +
    diff <(newc manifest "$T/initramfs") <(newc manifest "$T/out")
}

@test "times come back" {
    initramfs
    find "$T/initramfs" -depth -exec touch -h -d @1000 {} +
    stash
    restore -C "$T/out" "$T/image"
    [[ $(find "$T/out" ! -newermt @1000 ! -newermt @999 | wc -l) == 0 ]]
    [[ $(find "$T/out" -newermt @1000 | wc -l) == 0 ]]
}

@test "at most half of the free space is used" {
    initramfs
    mkdir "$T/small"
    mount -t tmpfs -o size=600k tmpfs "$T/small"
    status=0
    "$RESTORE" --stash <"$T/initramfs" >"$T/small/image" 2>"$T/stderr" || status=$?
    said=$(<"$T/stderr")
    [[ $status == 0 ]] # 292 of 600
    mount -o remount,size=560k "$T/small"
    rm "$T/small/image"
    "$RESTORE" --stash <"$T/initramfs" >"$T/small/image" 2>"$T/stderr" || status=$?
    said=$(<"$T/stderr")
    [[ $status == 1 && $(lines "$T/stderr") == 1 && $said == *": it would take more than half of the free space there" ]]
}

@test "no libarchive, no room, no output" {
    initramfs
    local library
    for library in $(ldconfig -p | sed -n 's/.*libarchive\.so\.13.* => //p'); do mount --bind /dev/null "$library"; done
    stash
    for library in $(ldconfig -p | sed -n 's/.*libarchive\.so\.13.* => //p'); do umount "$library"; done
    [[ $status == 1 && $said == "dracut-initramfs-restore: There is no libarchive (libarchive.so.13), which writes the image" ]]
    "$RESTORE" --stash <"$T/initramfs" >/dev/full 2>"$T/stderr" && return 1
    [[ $(lines "$T/stderr") == 1 ]]
    "$RESTORE" --stash </dev/null >"$T/image" 2>"$T/stderr" && return 1
    grep "Standard input is not the root directory" "$T/stderr"
}

# at_boot PROGRAM COMMAND: in an initramfs that has mounted this system's root, our hook runs, and COMMAND after it
at_boot() {
    local name
    [[ -x /bin/busybox ]] || skip "needs a shell without libraries"
    rm -f "$T/initramfs/bin/sh"
    mkdir -p "$T/initramfs"/{run,sysroot}
    cp /bin/busybox "$T/initramfs/bin/"
    for name in sh cat chroot ls mkdir mv rm stat; do ln -sf busybox "$T/initramfs/bin/$name"; done
    cp "$tests/../modules.d/50restore/stash.sh" "$T/initramfs/"
    mkdir "$T/path"
    ln -s "$1" "$T/path/dracut-initramfs-restore"
    # shellcheck disable=SC2016 # the inner shells expand it
    unshare -m --propagation private bash -euc '
        mount -t tmpfs -o mode=755 tmpfs "$1/initramfs/run"
        mount --rbind / "$1/initramfs/sysroot"
        chroot "$1/initramfs" /bin/busybox sh -c "
            export NEWROOT=/sysroot PATH=/bin:\$1/path
            . /stash.sh
            $2" sh "$1"' - "$T" "$2"
    rm -r "$T/path"
}

@test "our module's hook writes it readable by root alone, or leaves nothing" {
    initramfs
    at_boot "$RESTORE" 'stat -c "%A %u %n" /run/dracut-restore /run/dracut-restore/*; cat /run/dracut-restore/initrd >/image' >"$T/said" 2>&1
    grep "stashed the initramfs: " "$T/said"
    grep -x "drwx------ 0 /run/dracut-restore" "$T/said"
    grep -x -- "-rw------- 0 /run/dracut-restore/initrd" "$T/said"
    [[ $(grep -c " /run/dracut-restore/" "$T/said") == 1 ]]
    restore -C "$T/out" "$T/initramfs/image"
    succeeded
    [[ -x $T/out/shutdown && -d $T/out/sysroot && -z $(find "$T/out/sysroot" "$T/out/run" -mindepth 1) ]]
    at_boot /bin/false 'ls -A /run' >"$T/said" 2>&1
    [[ ! -s $T/said ]]
}

@test "our module installs the hook if dracut.conf asks for it" {
    local module=$tests/../modules.d/50restore stash
    for stash in yes no ''; do
        restore_stash=$stash restore_need_shutdown=no moddir=$module bash -euc '
            inst_hook() { [ -f "$3" ] && echo "$1" "$2" "${3##*/}"; }
            inst_multiple() { echo "programs $*"; }
            . "$moddir/module-setup.sh"
            install' >"$T/installed"
        [[ $(grep -cx -e 'cleanup 52 stash.sh' -e 'programs chroot' "$T/installed") == "$([[ $stash == yes ]] && echo 2 || echo 0)" ]]
    done
}
