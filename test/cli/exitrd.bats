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
        if getfattr -n security.selinux "$T/root/run/initramfs/$theirs"; then return 1; fi
    done
}

@test "a caller that ignores SIGCHLD" {
    exitrd_root
    env --ignore-signal=CHLD "$RESTORE" -f -S "$T/root" -k 1
    [[ -x $T/root/run/initramfs/shutdown ]]
}

# held NAME CALL ARGUMENT...: a restore in the background that is held for two seconds behind its first such system call
held() {
    strace -f -o "$T/$1.trace" -e trace=$2 -e inject=$2:delay_exit=2000000:when=1 "$RESTORE" "${@:3}" \
        >"$T/$1.out" 2>&1 3>&- &
    for _ in {1..500}; do
        if grep -qs $2 "$T/$1.trace"; then break; fi
        sleep 0.01
    done
}

@test "nobody looks into a tree that is not finished" {
    exitrd_root
    held only fchmod -f -S "$T/root" -k 1
    [[ $(stat -c '%a %u' "$T/root/run/initramfs/.dracut-restore") == "700 $UID" ]]
    wait
    [[ $(<"$T/only.out") == *": restored "* ]]
}

@test "two runs at once: the second waits for the first, and has nothing to do" {
    exitrd_root
    held first flock -f -S "$T/root" -k 1
    restore -f -S "$T/root" -k 1
    [[ $status == 0 && -z $said && -x $T/root/run/initramfs/shutdown ]]
    wait
    [[ $(<"$T/first.out") == *": restored "* && ! -e $T/root/run/initramfs/.dracut-restore ]]
}

@test "two runs at once: the first fails and takes its directory away, the second makes it anew" {
    image 'archive(entry("a", data="1"))'
    head -c 100 "$T/image" >"$T/damaged"
    held first flock -C "$T/out" "$T/damaged"
    restore -C "$T/out" "$T/image"
    succeeded
    tree 'a f 0644 0:0 0 "1"'
    wait
    [[ $(<"$T/first.out") == *"$T/damaged: offset "* ]]
}

@test "two runs at once that fail: the directory that was not there goes" {
    image 'archive(entry("a", data="1"))'
    head -c 100 "$T/image" >"$T/damaged"
    for _ in {1..5}; do
        held first flock -C "$T/out" "$T/damaged"
        restore -C "$T/out" "$T/damaged"
        [[ $status == 1 ]]
        wait
        [[ ! -e $T/out ]]
    done
}

@test "two runs at once, on a /run that is noexec: the first fails, and the second's is executable" {
    exitrd_root
    head -c 1000 "$T/root/boot/initrd.img-1" >"$T/root/boot/initrd.img-2"
    export T
    export -f held
    unshare -m --propagation private bash -euc '
        mount -t tmpfs -o noexec,mode=755 tmpfs "$T/root/run"
        mkdir "$T/root/run/initramfs"
        held first flock -f -S "$T/root" -k 2
        "$RESTORE" -f -S "$T/root" -k 1
        wait
        [[ $(<"$T/first.out") == *"initrd.img-2: offset "* && -x $T/root/run/initramfs/shutdown ]]
        "$T/root/run/initramfs/bin/sh" -c :'
}

# A kill between the last rename and the removal of the plan; then what runs after a failure removes `shutdown`.
@test "a tree without its shutdown is not taken for a finished one" {
    exitrd_root
    mkdir -p "$T/root/run/initramfs/.dracut-restore/tree"
    printf 'old\0shutdown\0' >"$T/root/run/initramfs/.dracut-restore/plan"
    touch "$T/root/run/initramfs/old"
    "$RESTORE" -f -S "$T/root" -k 1
    [[ -x $T/root/run/initramfs/shutdown && ! -e $T/root/run/initramfs/old ]]
}

# A tool that finds no room starts anew with more; so often that the time is that of the last try, not many times that.
@test "a nested root many times as large as its image and as /run" {
    command -v mksquashfs unsquashfs >/dev/null || skip "needs squashfs-tools"
    exitrd_root
    mkdir "$T/inner"
    yes | head -c 400M >"$T/inner/big" || :
    mksquashfs "$T/inner" "$T/squashfs-root.img" -no-xattrs -noappend -quiet -no-progress >/dev/null
    (cd "$T" && cpio -o --quiet -H newc <<<squashfs-root.img) >>"$T/root/boot/initrd.img-1"
    export T
    unshare -m --propagation private bash -euc '
        mount -t tmpfs -o size=16m,mode=755 tmpfs "$T/root/run"
        mkdir "$T/root/run/initramfs"
        "$RESTORE" -v -f -S "$T/root" -k 1 >"$T/stdout"
        [[ $(stat -c %s "$T/root/run/initramfs/big") == $((400 << 20)) ]]'
    (($(grep -c "Limit of the tmpfs raised" "$T/stdout") <= 14))
}

# Anybody can open /run/initramfs, and so lock it.
@test "somebody else's lock on the directory holds nothing up" {
    exitrd_root
    flock -s "$T/root/run/initramfs" sleep 60 3>&- &
    holder=$!
    while flock -n "$T/root/run/initramfs" true; do sleep 0.01; done
    timeout 20 "$RESTORE" -q -f -S "$T/root" -k 1 && status=0 || status=$?
    kill "$holder"
    [[ $status == 0 && -x $T/root/run/initramfs/shutdown ]]
}

# A kill between two renames; then dracut's own script, or the administrator, does the rest.
@test "a tree that somebody else has finished stays whole" {
    exitrd_root
    mkdir -p "$T/root/run/initramfs"/{bin,.dracut-restore/tree}
    printf 'bin\0shutdown\0' >"$T/root/run/initramfs/.dracut-restore/plan"
    cp /bin/true "$T/root/run/initramfs/.dracut-restore/tree/shutdown"
    cp /bin/true "$T/root/run/initramfs/shutdown"
    restore -f -S "$T/root" -k 1
    [[ $status == 0 && -z $said && $(ls -A "$T/root/run/initramfs") == $'bin\nshutdown' ]]
}

# Here a mount is in the way.
@test "what cannot be taken back from a killed run is left for the next one" {
    exitrd_root
    mkdir -p "$T/root/run/initramfs"/{old,.dracut-restore/tree}
    printf 'old\0' >"$T/root/run/initramfs/.dracut-restore/plan"
    export T
    unshare -m --propagation private bash -euc '
        mount -t tmpfs tmpfs "$T/root/run/initramfs/old"
        "$RESTORE" -f -S "$T/root" -k 1' >"$T/stdout" 2>"$T/stderr" && false
    [[ ! -s $T/stdout && $(<"$T/stderr") == *"cannot remove what an earlier run left"* ]]
    [[ -e $T/root/run/initramfs/.dracut-restore/plan && -d $T/root/run/initramfs/.dracut-restore/tree ]]
    restore -f -S "$T/root" -k 1
    succeeded
    [[ $(ls -A "$T/root/run/initramfs") == $'bin\nshutdown' ]]
}

# The staging directory takes one itself.
@test "a tmpfs without a free inode: raised for the restore, and set back when that fails" {
    exitrd_root
    head -c 1000 "$T/root/boot/initrd.img-1" >"$T/root/boot/initrd.img-2"
    export T
    unshare -m --propagation private bash -euc '
        mount -t tmpfs -o mode=755,nr_inodes=20 tmpfs "$T/root/run"
        mkdir "$T/root/run/initramfs"
        i=0
        while : >"$T/root/run/$((i++))"; do :; done 2>/dev/null
        "$RESTORE" -f -S "$T/root" -k 2 2>"$T/stderr" && exit 9
        df --output=itotal "$T/root/run" >"$T/after"
        "$RESTORE" -f -S "$T/root" -k 1'
    [[ $(<"$T/stderr") == *"initrd.img-2: offset "* ]]
    [[ $(tail -n 1 "$T/after") -eq 20 ]]
}

@test "a mere unpacking leaves .need_shutdown" {
    image 'archive(entry("a", data="1"))'
    mkdir "$T/out"
    touch "$T/out/.need_shutdown"
    restore -C "$T/out" "$T/image"
    succeeded
    [[ -e $T/out/.need_shutdown && -e $T/out/a ]]
}
