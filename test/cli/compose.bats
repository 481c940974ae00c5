#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# An exitrd made of the running system: what goes in, and what is refused.

load common
load fixture-compose

setup_file() {
    [[ $(id -u) == 0 ]] || skip "needs root"
    compgen -G "/lib*/systemd/systemd-shutdown" >/dev/null || skip "needs systemd-shutdown"
    FILES=$(mktemp -d) # for all tests of the file
    export FILES
    T=$FILES taken_system
}

teardown_file() {
    [[ -z ${FILES-} ]] || rm -rf --one-file-system "$FILES"
}

# system: make $T/root, a system that an exitrd can be composed from
system() {
    cp -a "$FILES/root" "$T/"
}

# own_loader: the loader of this machine's programs
own_loader() {
    ldd /bin/sh | grep -oE '^\s+/[^ ]*ld[^ ]*' | tr -d '[:space:]'
}

# composes [OPTION]...: the exitrd is made in $T/root/run/initramfs, where in_tree looks
composes() {
    # shellcheck disable=SC2016 # the inner shell expands it
    unshare -m --propagation private bash -euc '
        "$1" -S "$2/root" "${@:3}" >"$2/stdout" 2>"$2/stderr" || { cat "$2/stderr"; exit 1; }
        cp -a "$2/root/run/initramfs" "$2/tree"' - "$RESTORE" "$T" "$@"
    said=$(cat "$T/stdout" "$T/stderr")
}

# declines PATTERN: it prints one line, which matches, and makes no exitrd
declines() {
    restore -S "$T/root"
    [[ $status == 1 && ! -s $T/stdout && $(lines "$T/stderr") == 1 ]] || { echo "exit $status: $said"; return 1; }
    [[ $said == *"$1"* ]] || { echo "no '$1': $said"; return 1; }
    [[ $said != *'\x'* && $said != *"status 0"* ]] || { echo "untidy: $said"; return 1; }
    [[ $(ls -A "$T/root/run/initramfs") == .need_shutdown ]]
}

@test "of this machine: all that shutdown needs is there" {
    system
    composes
    [[ $said == *": No image found for kernel "*": composed an exitrd of the running system in "* ]]
    [[ -x $T/tree/shutdown && -d $T/tree/oldroot && ! -e $T/tree/.need_shutdown ]]
    cmp "$T/tree/etc/initrd-release" /etc/os-release
    chroot "$T/tree" "$(own_loader)" --list /shutdown >"$T/list"
    grep libsystemd-shared "$T/list"
    if grep "not found" "$T/list"; then return 1; fi
}

@test "--compose reads no image" {
    system
    mkdir "$T/root/boot"
    echo damaged >"$T/root/boot/initrd.img-$(uname -r)"
    composes --compose
    [[ $said == *": composed an exitrd of the running system in "* ]]
}

@test "--check reports on it" {
    system
    restore --check -S "$T/root"
    [[ $said == *"image     none (No image found for kernel "* && $said == *"shutdown  runs in the tree"* ]]
    [[ $said == *"mark      "*"/.need_shutdown is there"* ]]
    [[ $(ls -A "$T/root/run/initramfs") == .need_shutdown ]]
    rm "$T/root/run/initramfs/.need_shutdown"
    restore --check -S "$T/root"
    [[ $status == 1 && $said == *"mark      there is no "*"/.need_shutdown"* ]]
}

@test "--check reports on it where the unit has --compose" {
    system
    local units=$T/root/usr/lib/systemd/system
    mkdir -p "$units/dracut-shutdown.service.d" "$T/root/boot" "$T/root/etc/systemd/system/dracut-shutdown.service.d"
    mkdir -p "$units/sysinit.target.wants"
    printf '[Service]\nExecStop=/usr/lib/dracut/dracut-initramfs-restore\n' >"$units/dracut-shutdown.service"
    ln -s ../dracut-shutdown.service "$units/sysinit.target.wants/"
    sed 's|@programdir@|/usr/libexec|' "$tests/../modules.d/dracut-shutdown.service.d/50-restore.conf.in" \
        >"$units/dracut-shutdown.service.d/50-restore.conf"
    image 'archive(entry("shutdown", mode=0o100755, data="text"))'
    mv "$T/image" "$T/root/boot/initrd.img-$(uname -r)"
    restore --check -S "$T/root"
    [[ $status == 1 && $said == *"initrd.img-"*": its /shutdown is neither a program nor a script"* ]] || { echo "$said"; return 1; }

    printf '[Service]\nEnvironment=RESTORE_OPTIONS=--compose\n' \
        >"$T/root/etc/systemd/system/dracut-shutdown.service.d/60-compose.conf"
    restore --check -S "$T/root"
    [[ $status == 0 && $said == *"image     none (No image wanted by dracut-shutdown.service)"* ]]
    [[ $said == *"verdict   the next shutdown pivots"* ]]
    printf '[Service]\nEnvironment=\n' >"$T/root/etc/systemd/system/dracut-shutdown.service.d/70-not.conf"
    restore --check -S "$T/root"
    [[ $status == 1 ]]
    rm "$T/root/etc/systemd/system/dracut-shutdown.service.d/"*
    printf '[Service]\nExecStop=\nExecStop=/usr/libexec/dracut-initramfs-restore --compose\n' \
        >"$T/root/etc/systemd/system/dracut-shutdown.service.d/60-compose.conf"
    restore --check -S "$T/root"
    [[ $status == 0 && $said == *"image     none (No image wanted by dracut-shutdown.service)"* ]]
}

@test "a library is missing" {
    system
    find "$T/root" -name 'libmount.so.1*' -delete
    declines "libmount.so.1 is missing, which $systemd/systemd-shutdown needs"
}

@test "no cache of the loader: its own directories" {
    system
    rm "$T/root/etc/ld.so.cache"
    composes
    chroot "$T/tree" "$(own_loader)" --list /shutdown >"$T/list"
    if grep "not found" "$T/list"; then return 1; fi
}

@test "a library is cut off" {
    system
    truncate -s 100000 "$T/root$(realpath "$libmount")"
    declines "libmount.so.1: it is damaged"
}

@test "a library is not a library" {
    system
    echo text >"$T/root$(realpath "$libmount")"
    declines "libmount.so.1: it is damaged"
}

@test "the loader is missing" {
    system
    find "$T/root" -name 'ld-linux*' -delete
    declines "is missing, which $systemd/systemd-shutdown needs"
}

@test "the loader is another program" {
    system
    local loader
    loader=$(own_loader)
    cp /bin/true "$T/root$(realpath "$loader")"
    declines "$loader, the loader of /shutdown, ends with status"
    echo "int main(void) { return 0; }" | gcc -static -o "$T/root$(realpath "$loader")" -x c -
    declines "$loader, which /shutdown needs, is not a loader"
}

# shared_library: systemd's own in the system
shared_library() {
    find "$T/root" -name 'libsystemd-shared-*.so' -type f
}

@test "a library is of another version" {
    system
    sed -i 's/SD_SHARED/SD_SHAPED/g' "$(shared_library)"
    declines "version \`SD_SHARED' not found (required by /shutdown)"
}

@test "a library lacks a function" {
    system
    local name
    for name in $(readelf -W --dyn-syms /lib/systemd/systemd-shutdown | sed -n 's/.* UND \([^@]*\)@SD_SHARED.*/\1/p'); do
        ! LC_ALL=C grep -qaP "\x00$name\x00" "$(shared_library)" || break # not the end of another one's name
    done
    sed -i "s/\x00$name\x00/\x00${name/?/_}\x00/" "$(shared_library)"
    declines "undefined symbol: $name, version SD_SHARED"
}

@test "a directory on the way that others can write to" {
    system
    chmod o+w "$T/root$systemd"
    declines "others than root can write to it"
    chmod o-w "$T/root$systemd"
    chown 1000 "$T/root$(realpath "$libmount")"
    declines "others than root can write to it"
}

@test "no systemd-shutdown" {
    system
    rm "$T/root$systemd/systemd-shutdown"
    declines "No image found for kernel $(uname -r) (--locate -v says where it was looked for), and no systemd-shutdown"
}

@test "hooks come with their interpreters, and one that cannot is left out" {
    system
    mkdir "$T/root$systemd/system-shutdown"
    cd "$T/root$systemd/system-shutdown"
    printf '#!/bin/sh\nexit 0\n' >script
    printf '#!/usr/bin/missing\n' >broken
    cp /bin/true program
    printf '#!/bin/sh\n# /usr/bin/commented\nif [ -x /usr/bin/tool ]; then "/usr/bin/tool" /etc/passwd --to=/sbin/other; fi\n' >names
    mkdir -p "$T/root/usr/bin"
    printf '#!/usr/bin/env shell\nexit 0\n' >found
    printf '#! /usr/bin/env  lost\n' >lost
    cp /usr/bin/env "$T/root/usr/bin/"
    cp -L /bin/sh "$T/root/usr/bin/shell"
    for name in commented tool unnamed; do cp /bin/true "$T/root/usr/bin/$name"; done
    echo text >data
    chmod +x script broken program names found lost
    composes
    [[ -x $T/tree$systemd/system-shutdown/script && -x $T/tree$systemd/system-shutdown/program ]]
    [[ ! -e $T/tree$systemd/system-shutdown/broken && ! -e $T/tree$systemd/system-shutdown/data ]]
    chroot "$T/tree" "$systemd/system-shutdown/script"
    chroot "$T/tree" "$systemd/system-shutdown/names"
    chroot "$T/tree" "$systemd/system-shutdown/found"
    [[ -x $T/tree/usr/bin/tool && ! -e $T/tree/usr/bin/unnamed && ! -e $T/tree/usr/bin/commented && ! -e $T/tree/etc/passwd ]]
    [[ $said == *"broken: its interpreter /usr/bin/missing is missing"* && $said == *"lost: its interpreter lost is missing"* ]]
}

# device FILE CONTENT: below /sys/class
device() {
    mkdir -p "$(dirname "$T/root/sys/class/$1")"
    echo "$2" >"$T/root/sys/class/$1"
}

# hook LINE...: the hook that runs after systemd-shutdown has these lines; without LINE there is no hook
hook() {
    if [[ $# == 0 ]]; then
        [[ ! -e $T/tree$systemd/system-shutdown/dracut-restore ]]
        return
    fi
    diff <(printf '%s\n' "$@") <(tail -n +4 "$T/tree$systemd/system-shutdown/dracut-restore")
}

# tools NAME...: of all tools, the tree has these
tools() {
    diff <(printf '%s\n' "$@") <(ls "$T/tree/usr/sbin" 2>/dev/null)
    rm -r "$T/tree" "$T/root/sys"
}

@test "tools for what /sys has" {
    system
    mkdir -p "$T/root/usr/sbin"
    for tool in mdadm dmsetup multipath zpool kexec mdmon iscsiadm; do
        printf '#!/bin/sh\necho "%s $*" >>/calls\n' "$tool" >"$T/root/usr/sbin/$tool"
    done
    chmod 755 "$T/root/usr/sbin"/*

    device block/sda/size 1
    composes
    hook
    [[ ! -e $T/tree/usr/sbin || -z $(ls "$T/tree/usr/sbin") ]]
    rm -r "$T/tree"

    device block/md0/md/metadata_version 1.2
    device block/dm-0/dm/uuid LVM-0
    composes
    hook 'dmsetup remove_all' 'mdadm --wait-clean --scan' 'mdadm --stop --scan'
    chroot "$T/tree" "$systemd/system-shutdown/dracut-restore"
    [[ $(<"$T/tree/calls") == $'dmsetup remove_all\nmdadm --wait-clean --scan\nmdadm --stop --scan' ]]
    [[ -L $T/tree/shutdown ]]
    tools dmsetup mdadm

    device block/dm-0/dm/uuid mpath-3600
    composes
    hook 'dmsetup remove_all'
    printf '#!/bin/sh\necho "dmsetup $*" >>/calls\n[ "$1" != ls ] || printf "mpatha\\t(254:0)\\nmpath b\\t(254:1)\\n"\n' \
        >"$T/tree/usr/sbin/dmsetup"
    # systemd-shutdown flushes a map that it is to remove, so it cannot wait until then.
    printf '#!/bin/sh\necho "systemd-shutdown $*" >>/calls\n' >"$T/tree$systemd/systemd-shutdown"
    chroot "$T/tree" /shutdown poweroff
    [[ $(<"$T/tree/calls") == 'dmsetup ls --target multipath
dmsetup message mpatha 0 fail_if_no_path
dmsetup message mpath 0 fail_if_no_path
systemd-shutdown poweroff' ]]
    tools dmsetup

    mkdir -p "$T/root/sys/module/zfs"
    echo live >"$T/root/sys/module/zfs/initstate"
    composes
    hook 'zpool export -a'
    tools zpool

    mkdir -p "$T/root/sys/kernel"
    echo 1 >"$T/root/sys/kernel/kexec_loaded"
    composes
    hook
    tools kexec

    device iscsi_session/session1/state LOGGED_IN
    composes
    mkdir -p "$T/tree/sys/class/iscsi_session/session1/device/target2:0:0"/{2:0:0:1,2:0:0:2}
    : >"$T/tree/sys/class/iscsi_session/session1/device/target2:0:0/2:0:0:1/delete"
    : >"$T/tree/sys/class/iscsi_session/session1/device/target2:0:0/2:0:0:2/delete"
    chroot "$T/tree" "$systemd/system-shutdown/dracut-restore"
    [[ $(cat "$T"/tree/sys/class/iscsi_session/session1/device/*/*/delete) == $'1\n1' ]]
}

@test "mdmon moves over before anything is unmounted" {
    system
    mkdir -p "$T/root/usr/sbin"
    printf '#!/bin/sh\necho "%s $*" >>/calls\n' mdmon >"$T/root/usr/sbin/mdmon"
    sed s/mdmon/mdadm/ "$T/root/usr/sbin/mdmon" >"$T/root/usr/sbin/mdadm"
    chmod 755 "$T/root/usr/sbin"/*
    device block/md127/md/metadata_version external:imsm
    composes
    [[ ! -L $T/tree/shutdown && $(tail -n 1 "$T/tree/shutdown") == 'exec '"$systemd"'/systemd-shutdown "$@"' ]]
    printf '#!/bin/sh\necho "%s $*" >>/calls\n' systemd-shutdown >"$T/tree$systemd/systemd-shutdown"
    chroot "$T/tree" /shutdown poweroff --log-level 6
    [[ $(<"$T/tree/calls") == $'mdadm --wait-clean --scan\nmdmon --offroot --takeover --all\nsystemd-shutdown poweroff --log-level 6' ]]

    # The old one is on the old root, so it has to be gone; but nobody waits for ever.
    mkdir -p "$T/tree/run/mdadm" "$T/tree/proc/42"
    echo 42 >"$T/tree/run/mdadm/md127.pid"
    for now in 5.00 40.00; do
        : >"$T/tree/proc/42/exe"
        echo 5.00 >"$T/tree/proc/uptime"
        rm "$T/tree/calls"
        (sleep 1 && echo waited >>"$T/tree/calls" && echo $now >"$T/tree/proc/uptime.new" &&
            mv "$T/tree/proc/uptime.new" "$T/tree/proc/uptime" && { [[ $now != 5.00 ]] || rm "$T/tree/proc/42/exe"; }) &
        timeout 60 chroot "$T/tree" /shutdown poweroff
        wait
        [[ $(sed -n '3,$p' "$T/tree/calls") == $'waited\nsystemd-shutdown poweroff' ]]
    done
    hook 'mdadm --wait-clean --scan' 'mdadm --stop --scan'
}
