#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A restore for the pivot, below a sysroot: the tmpfs, and the one call that moves it into place.

load common

setup() {
    T=$(mktemp -d -p /dev/shm restore-test.XXXXXX)
    R=$T/root/run/initramfs
    export T R
}

# private COMMAND [ARGUMENT]...: in a mount namespace of its own
private() {
    unshare --mount --propagation private bash -euc "$1" private "${@:2}"
}

# What is mounted at and below /run/initramfs, and what is below it.
state() {
    awk -v top="$R" 'index($5, top) == 1 { print $3, $4, $5 }' /proc/self/mountinfo
    find "$R" -printf '%P %y %m %U %G %s %T@ %l\n' | sort
}
export -f state

@test "with the standard streams closed" {
    exitrd_root
    "$RESTORE" -f -S "$T/root" -k 1 <&- >&- 2>&-
    [[ -x $R/shutdown ]]
}

@test "a file system of its own: executable, as large as memory allows, and /run is as it was" {
    exitrd_root
    private '
        mount -t tmpfs -o mode=755,size=4m,nr_inodes=20,noexec tmpfs "$T/root/run"
        mkdir "$R"
        touch "$R/.need_shutdown"
        df --output=used,iused,itotal "$T/root/run" >"$T/before"
        "$RESTORE" -S "$T/root" -k 1
        df --output=used,iused,itotal "$T/root/run" | diff "$T/before" -
        "$R/bin/sh" -c :
        (($(df --output=size -k "$R" | tail -n 1) > 4096))
        [[ ! -e $R/.need_shutdown && -x $R/shutdown && $(stat -c %a "$R") == 755 ]]
        umount "$R"
        [[ -e $R/.need_shutdown && ! -e $R/shutdown ]]'
}

@test "existing directories get the labels of the image's" {
    command -v getfattr >/dev/null || skip "needs getfattr"
    exitrd_root
    mkdir -p "$T/root/sys/fs/selinux" "$T/root/etc/selinux/small/contexts/files" "$R/bin/more"
    : >"$T/root/sys/fs/selinux/enforce"
    printf 'SELINUX=enforcing\nSELINUXTYPE=small\n' >"$T/root/etc/selinux/config"
    printf '%s\n' '/.* u:o:default_t:s0' '/ -d u:o:root_t:s0' '/bin -d u:o:bin_t:s0' '/bin/.* -- u:o:exec_t:s0' \
        >"$T/root/etc/selinux/small/contexts/files/file_contexts"
    echo mine >"$R/bin/mine"
    echo labelled >"$R/bin/labelled"
    setfattr -n security.selinux -v u:o:run_t:s0 "$R/bin/labelled"
    "$RESTORE" -f -S "$T/root" -k 1
    for label in .:root_t bin:bin_t bin/sh:exec_t shutdown:default_t bin/labelled:run_t; do
        [[ $(getfattr --only-values -n security.selinux "$R/${label%:*}" | tr -d '\0') == "u:o:${label#*:}:s0" ]]
    done
    for theirs in bin/mine bin/more; do
        if getfattr -n security.selinux "$R/$theirs"; then return 1; fi
    done
}

@test "a caller that ignores SIGCHLD" {
    exitrd_root
    env --ignore-signal=CHLD "$RESTORE" -f -S "$T/root" -k 1
    [[ -x $R/shutdown ]]
}

@test "existing files are carried over, and replace the image's" {
    exitrd_root
    mkdir -p "$R/etc/cmdline.d" "$R/bin" "$R/shutdown.d"
    echo rd.break >"$R/etc/cmdline.d/debug.conf"
    chmod 600 "$R/etc/cmdline.d/debug.conf"
    chown 3:4 "$R/etc/cmdline.d/debug.conf"
    ln "$R/etc/cmdline.d/debug.conf" "$R/etc/second"
    ln -s nowhere "$R/etc/link"
    mkfifo -m 622 "$R/etc/pipe"
    cp /bin/busybox "$R/bin/sh"
    touch -hd @1000 "$R"/etc/{cmdline.d/debug.conf,link,pipe} "$R/etc" "$R/bin/sh"
    "$RESTORE" -f -S "$T/root" -k 1
    [[ $(stat -c '%F %a %u:%g %Y %h' "$R/etc/cmdline.d/debug.conf") == "regular file 600 3:4 1000 2" ]]
    [[ $R/etc/second -ef $R/etc/cmdline.d/debug.conf && $(<"$R/etc/second") == rd.break ]]
    [[ $(readlink "$R/etc/link") == nowhere && $(stat -c '%F %a' "$R/etc/pipe") == "fifo 622" ]]
    [[ $(stat -c '%Y' "$R/bin/sh") == 1000 && -d $R/shutdown.d && -x $R/shutdown ]]
}

@test "a large program is carried over as a mount, and is the one that is checked" {
    exitrd_root
    mkdir "$R/bin"
    head -c 2M /dev/zero >"$R/bin/sh"
    chmod 755 "$R/bin/sh"
    private '
        restored=0
        "$RESTORE" -f -S "$T/root" -k 1 2>"$T/said" || restored=$?
        [[ $restored == 1 && $(<"$T/said") == *"shutdown would not run: /bin/sh cannot be started"* && ! -e $R/shutdown ]]
        cp /bin/busybox "$R/bin/sh"
        truncate -s 3M "$R/bin/sh"
        "$RESTORE" -f -S "$T/root" -k 1
        [[ -x $R/shutdown && $(findmnt -rno TARGET "$R/bin/sh") == "$R/bin/sh" ]]'
}

@test "mounts below are carried over, stacked and nested ones too, and none is left behind" {
    exitrd_root
    private '
        mkdir -p "$R"/{live,etc}
        : >"$R/etc/file"
        mount -t tmpfs -o ro one "$R/live"
        mount -t tmpfs two "$R/live"
        mkdir "$R/live/sub"
        mount -t tmpfs three "$R/live/sub"
        echo 3 >"$R/live/sub/x"
        mount --bind /etc/hostname "$R/etc/file"
        head -c 2M /dev/zero >"$R/large"
        inode=$(stat -c %i "$R/large")
        "$RESTORE" -f -S "$T/root" -k 1
        [[ $(<"$R/live/sub/x") == 3 && $R/etc/file -ef /etc/hostname && -x $R/shutdown ]]
        [[ $(stat -c %i "$R/large") == "$inode" ]] # not copied
        umount "$R/live/sub" "$R/live" # the upper one
        [[ -z $(ls -A "$R/live") && $(findmnt -no SOURCE,OPTIONS "$R/live") == "one "*ro* ]]
        umount "$R/live" "$R/etc/file" "$R/large"
        umount "$R"
        ! grep " $R" /proc/self/mountinfo'
}

@test "a second run has nothing to do, and mounts nothing" {
    exitrd_root
    "$RESTORE" -f -S "$T/root" -k 1
    state >"$T/before"
    restore -f -S "$T/root" -k 1
    [[ $status == 0 && -z $said ]]
    state | diff "$T/before" -
}

export -f hold release

@test "nobody sees an unfinished tree" {
    exitrd_root
    state >"$T/before"
    hold move_mount 2 "$RESTORE" -f -S "$T/root" -k 1 >"$T/said" 2>&1
    state | diff "$T/before" -
    [[ ! -s $T/said ]]
    release
    [[ $(<"$T/said") == *": restored "* && -x $R/shutdown ]]
}

@test "two runs at once: one exitrd" {
    exitrd_root
    hold move_mount 2 "$RESTORE" -f -S "$T/root" -k 1 >"$T/first" 2>&1
    restore -f -S "$T/root" -k 1
    succeeded
    grep -q '^State:.*tracing stop' "/proc/$held/status" # the first one is at its commit all the time
    release
    [[ ! -s $T/first ]] # it found one, and had nothing to do
    [[ $(grep -c " $R " /proc/self/mountinfo) == 1 && -x $R/shutdown ]]
}

@test "something else is mounted there meanwhile" {
    exitrd_root
    private '
        hold move_mount 2 "$RESTORE" -f -S "$T/root" -k 1 >"$T/said" 2>&1
        mount -t tmpfs other "$R"
        touch "$R/theirs"
        status=0
        release || status=$?
        [[ $status == 1 && $(<"$T/said") == *"/run/initramfs: something else has been mounted there meanwhile: "* ]]
        [[ $(grep -c " $R " /proc/self/mountinfo) == 1 && $(ls -A "$R") == theirs ]]'
}

@test "SIGKILL at each call: all is as before, or all is done" {
    exitrd_root
    private 'python3 "$1/cli/kill-calls.py" "$T/root"' "$tests" >"$T/stdout"
    echo "# $(<"$T/stdout")" >&3
}

@test "a candidate that is damaged, empty or has no shutdown is not the end" {
    exitrd_root
    mv "$T/root/boot/initrd.img-1" "$T/root/boot/initrd-1"
    image 'archive(entry("init", REG | 0o755, b"x"))'
    head -c 100000 "$T/root/boot/initrd-1" >"$T/root/boot/initramfs-1.img"
    cp "$T/image" "$T/root/boot/initrd.img-1"
    restore -f -S "$T/root" -k 1
    [[ $status == 0 && $(lines "$T/stderr") == 2 && $(<"$T/stdout") == *": restored $T/root/boot/initrd-1 "* ]]
    [[ $(sed -n 1p "$T/stderr") == *"$T/root/boot/initramfs-1.img: offset "* ]]
    [[ $(sed -n 2p "$T/stderr") == *"$T/root/boot/initrd.img-1: it has no shutdown to run"* ]]
    [[ -x $R/shutdown && ! -e $R/init ]]
}

@test "no candidate is usable: one line for each" {
    exitrd_root
    head -c 1000 "$T/root/boot/initrd.img-1" >"$T/root/boot/initramfs-1.img"
    head -c 1001 "$T/root/boot/initramfs-1.img" >"$T/root/boot/initrd.img-1"
    state >"$T/before"
    restore -f -S "$T/root" -k 1
    [[ $status == 1 && ! -s $T/stdout && $(lines "$T/stderr") == 2 ]]
    state | diff "$T/before" -
}

@test "an IMAGE that is named is the only one" {
    exitrd_root
    head -c 1000 "$T/root/boot/initrd.img-1" >"$T/image"
    restore -f -S "$T/root" "$T/image"
    failed 'ends inside a file'
    [[ ! -e $R/shutdown ]]
}

@test "memory is short: kernel modules and firmware are left out" {
    exitrd_root
    python3 - "$tests/lib" "$T/root/boot/initrd.img-1" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from newc import *
with open(sys.argv[2], "ab") as f:
    f.write(archive(*[entry(n, DIR | 0o755) for n in ("usr", "usr/lib", "usr/lib/firmware", "usr/lib/modules",
                    "usr/lib/modules/1", "usr/lib/modules/1/kernel")],
                    entry("usr/lib/modules/1/kernel/big.ko", data=b"x" * (40 << 20)),
                    entry("usr/lib/firmware/big", data=b"y" * (10 << 20)), entry("usr/lib/modules/1/modules.dep", data="1")))
END
    printf 'MemTotal: 1048576 kB\nMemAvailable: 90000 kB\n' >"$T/meminfo"
    private '
        mount --bind "$T/meminfo" /proc/meminfo
        "$RESTORE" -f -S "$T/root" -k 1 >"$T/stdout" 2>"$T/stderr"'
    [[ ! -s $T/stderr && $(<"$T/stdout") == *" s, without kernel modules and firmware: memory is short" ]]
    private '
        mount --bind "$T/meminfo" /proc/meminfo
        "$RESTORE" -f -S "$T/root" -k 1
        [[ ! -e $R/usr/lib/modules/1/kernel && ! -e $R/usr/lib/firmware && -e $R/usr/lib/modules/1/modules.dep && -x $R/shutdown ]]'
}

@test "--check says what a restore would do, and changes nothing" {
    exitrd_root
    touch "$R/.need_shutdown"
    system=$T/root/usr/lib/systemd/system
    mkdir -p "$system/sysinit.target.wants" "$system/dracut-shutdown.service.d"
    printf '[Service]\nExecStop=/usr/lib/dracut/dracut-initramfs-restore\n' >"$system/dracut-shutdown.service"
    ln -s ../dracut-shutdown.service "$system/sysinit.target.wants/"
    state >"$T/before"
    restore --check -S "$T/root" -k 1
    [[ $status == 0 && ! -s $T/stderr ]]
    grep -q "^image .*/boot/initrd.img-1 (kernel version)$" "$T/stdout"
    grep -q "^content .*newc: 4 entries, " "$T/stdout"
    [[ $(tail -n 1 "$T/stdout") == "verdict   the next shutdown pivots" ]]
    state | diff "$T/before" -

    echo '[Service]
        PrivateTmp=yes' >"$system/dracut-shutdown.service.d/10-tmp.conf"
    restore --check -S "$T/root" -k 1
    [[ $status == 1 && $(tail -n 1 "$T/stdout") == "verdict   the next shutdown does not pivot: PrivateTmp= in "*10-tmp.conf* ]]
    printf '[Service]\nPrivateTmp=no\n' >"$system/dracut-shutdown.service.d/20-tmp.conf"
    restore --check -S "$T/root" -k 1
    [[ $status == 0 ]]
    for setting in PrivateNetwork=yes NetworkNamespacePath=/run/netns/a IPCNamespacePath=/run/ipc PrivateBPF=yes BindLogSockets=yes \
        PrivateUsers=self User=nobody; do
        printf '[Service]\n%s\n' "$setting" >"$system/dracut-shutdown.service.d/30-new.conf"
        restore --check -S "$T/root" -k 1
        [[ $status == 1 && $(tail -n 1 "$T/stdout") == *"does not pivot: ${setting%%=*}= in "* ]]
    done
    printf '[Service]\nUser=root\n' >"$system/dracut-shutdown.service.d/30-new.conf"
    restore --check -S "$T/root" -k 1
    [[ $status == 0 ]]
    rm "$system/dracut-shutdown.service.d/30-new.conf"
    mkdir -p "$T/root/etc/systemd/system"
    ln -s /dev/null "$T/root/etc/systemd/system/dracut-shutdown.service" # with a drop-in that stops with the program
    printf '[Service]\nExecStop=/usr/lib/dracut/dracut-initramfs-restore\n' >"$system/dracut-shutdown.service.d/50-restore.conf"
    restore --check -S "$T/root" -k 1
    [[ $status == 1 && $(tail -n 1 "$T/stdout") == *"does not pivot: dracut-shutdown.service is masked" ]]
    rm "$T/root/etc/systemd/system/dracut-shutdown.service" "$system/dracut-shutdown.service.d/50-restore.conf"
    printf '[Service]\nExecStop=\nExecStop=/bin/true\n' >"$system/dracut-shutdown.service.d/30-stop.conf"
    restore --check -S "$T/root" -k 1
    [[ $status == 1 && $(tail -n 1 "$T/stdout") == *"does not stop with dracut-initramfs-restore" ]]
    rm "$system"/dracut-shutdown.service.d/30-stop.conf "$system"/sysinit.target.wants/*
    restore --check -S "$T/root" -k 1
    [[ $status == 1 && $(tail -n 1 "$T/stdout") == *"is not enabled"* ]]
    ln -s ../dracut-shutdown.service "$system/sysinit.target.wants/"
    echo ExecStart=/bin/true >>"$system/dracut-shutdown.service"
    mkdir -p "$T/root/run/systemd/units"
    restore --check -S "$T/root" -k 1
    [[ $status == 1 && $(tail -n 1 "$T/stdout") == *"is not active"* ]]
    ln -s 0123456789abcdef0123456789abcdef "$T/root/run/systemd/units/invocation:dracut-shutdown.service"
    restore --check -S "$T/root" -k 1
    [[ $status == 0 ]]
    rm "$R/.need_shutdown"
    restore --check -S "$T/root" -k 1
    [[ $status == 1 && $(tail -n 1 "$T/stdout") == *"nothing asks for it"* ]]
    head -c 1000 "$T/root/boot/initrd.img-1" >"$T/cut"
    mv "$T/cut" "$T/root/boot/initrd.img-1"
    restore --check -S "$T/root" -k 1
    [[ $status == 1 && $(lines "$T/stderr") == 1 && $(<"$T/stderr") == *"ends inside a file"* ]]
    [[ $(tail -n 1 "$T/stdout") == "verdict   the next shutdown does not pivot: nothing can be restored" ]]
}

@test "without the right to mount" {
    exitrd_root
    state >"$T/before"
    status=0
    setpriv --bounding-set=-sys_admin --inh-caps=-all "$RESTORE" -f -S "$T/root" -k 1 >"$T/stdout" 2>"$T/stderr" || status=$?
    [[ $status == 1 && ! -s $T/stdout && $(lines "$T/stderr") == 1 && $(<"$T/stderr") == *"that takes root's rights"* ]]
    state | diff "$T/before" -
}

@test "a mount namespace of its own: PID 1 would not see the tree" {
    exitrd_root
    private '
        mkdir -p /run/initramfs
        mount -t tmpfs run /run
        mkdir /run/initramfs
        touch /run/initramfs/.need_shutdown
        mkdir -p "$T/boot"
        "$RESTORE" "$T/root/boot/initrd.img-1" 2>"$T/stderr" && exit 9
        ls -A /run/initramfs >"$T/left"
        ! grep " /run/initramfs " /proc/self/mountinfo'
    [[ $(lines "$T/stderr") == 1 && $(<"$T/stderr") == *"/run/initramfs: PID 1 would not see the tree: "* ]]
    [[ $(<"$T/left") == .need_shutdown ]]
}

# Anyone can open /run/initramfs, and so lock it.
@test "somebody else's lock on the directory holds nothing up" {
    exitrd_root
    flock -s "$R" sleep 60 3>&- &
    holder=$!
    while flock -n "$R" true; do sleep 0.01; done
    timeout 20 "$RESTORE" -q -f -S "$T/root" -k 1 && status=0 || status=$?
    kill "$holder"
    [[ $status == 0 && -x $R/shutdown ]]
}

@test "a nested root many times as large as its image and as /run" {
    command -v mksquashfs unsquashfs >/dev/null || skip "needs squashfs-tools"
    exitrd_root
    mkdir "$T/inner"
    yes | head -c 400M >"$T/inner/big" || :
    mksquashfs "$T/inner" "$T/squashfs-root.img" -no-xattrs -noappend -quiet -no-progress -comp lz4 >/dev/null
    (cd "$T" && cpio -o --quiet -H newc <<<squashfs-root.img) >>"$T/root/boot/initrd.img-1"
    private '
        mount -t tmpfs -o size=16m,mode=755 tmpfs "$T/root/run"
        mkdir "$R"
        "$RESTORE" -f -S "$T/root" -k 1
        [[ $(stat -c %s "$R/big") == $((400 << 20)) ]]'
}

@test "a directory that is replaced meanwhile: nothing of what is in the other one is carried over" {
    exitrd_root
    mkdir -m 0700 "$T/secret"
    echo secret >"$T/secret/file"
    mkdir "$T/out"
    strace -f -o "$T/trace" -e trace=unshare -e inject=unshare:delay_enter=1500000 \
        "$RESTORE" -f -C "$T/out" -S "$T/root" -k 1 >"$T/stdout" 2>"$T/stderr" &
    until grep -q unshare "$T/trace" 2>/dev/null || ! kill -0 $!; do sleep 0.05; done
    mv "$T/out" "$T/moved"
    ln -s secret "$T/out"
    wait $! && false
    [[ ! -e $T/moved/file && ! -e $T/moved/shutdown && ! -e $T/secret/shutdown && $(lines "$T/stderr") == 1 ]]
}
