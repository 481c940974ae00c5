#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# From the image to the pivot, with the real systemd-shutdown as PID 1.
load fixture

@test "a plain image" {
    shut_down "$image"
    pivoted
}

@test "an early part before it" {
    mkdir -p "$T/early/kernel/x86/microcode"
    echo 1 >"$T/early/early_cpio"
    head -c 100000 /dev/urandom >"$T/early/kernel/x86/microcode/GenuineIntel.bin"
    { pack "$T/early"; zstd -q -1 <"$image"; } >"$T/image"
    shut_down "$T/image"
    pivoted
    has_not tree kernel/x86
}

@test "/run is mounted noexec" {
    RUN_OPTIONS=mode=755,nosuid,nodev,noexec shut_down "$image"
    pivoted
    grep -q ' / /run .*noexec' "$out/mounts"
    grep ' / /run/initramfs rw,nosuid,nodev,relatime .*tmpfs exitrd' "$out/mounts"
}

@test "/run is mounted noexec and the restore fails" {
    head -c 1000000 "$image" >"$T/image"
    RUN_OPTIONS=mode=755,noexec shut_down "$T/image"
    refused initrd.img-
    has_not mounts /run/initramfs
}

@test "/run of 20 MB for a tree of 30 MB" {
    mkdir -p "$T/more/usr/share"
    head -c $((30 * 1024 * 1024 - $(du -sb "$kept/tree" | cut -f1))) /dev/urandom >"$T/more/usr/share/large"
    { zstd -q -1 <"$image"; pack "$T/more" | zstd -q -1; } >"$T/image"
    RUN_OPTIONS=mode=755,size=20m,nr_inodes=100 shut_down "$T/image"
    pivoted
    read -r size used <"$out/run"
    ((size == 20 << 20 && used < 100000)) # /run is as it was
}

@test "/run of 20 MB, and a restore that then fails" {
    { zstd -q -1 <"$image"; zstd -q -1 <"$image" | head -c 1000000; } >"$T/image"
    RUN_OPTIONS=mode=755,size=20m shut_down "$T/image"
    refused initrd.img-
    read -r size used <"$out/run"
    ((size == 20 << 20 && used < 100000))
}

# What dracut's squash module leaves outside: the files that it takes to mount the image, and the directory.
outside() {
    mkdir -p "$T/outer/squash" "$T/outer/usr/bin"
    ln -s usr/bin "$T/outer/bin"
    echo '#!/bin/sh' >"$T/outer/init"
    cp /bin/dash "$T/outer/usr/bin/sh"
}

@test "a nested squashfs" {
    outside
    cp "$kept/squashfs-root.img" "$T/outer/"
    pack "$T/outer" >"$T/image"
    shut_down "$T/image"
    pivoted
    has_not tree squashfs-root.img
    has_not tree .nested
}

@test "a nested squashfs, /run of 20 MB and noexec" {
    outside
    cp "$kept/squashfs-root.img" "$T/outer/"
    pack "$T/outer" >"$T/image"
    RUN_OPTIONS=mode=755,size=20m,noexec shut_down "$T/image"
    pivoted
}

@test "a nested erofs" {
    need_fsck_erofs
    outside
    cp "$kept/erofs-root.img" "$T/outer/"
    pack "$T/outer" | gzip -1 >"$T/image"
    shut_down "$T/image"
    pivoted
    has_not tree erofs-root.img
}

@test "a nested squashfs that is damaged" {
    outside
    cp "$kept/squashfs-root.img" "$T/outer/"
    truncate -s -100000 "$T/outer/squashfs-root.img"
    pack "$T/outer" >"$T/image"
    shut_down "$T/image"
    refused "squashfs-root.img: unsquashfs: "
}

@test "a nested squashfs, with neither unsquashfs nor a kernel that may mount" {
    outside
    cp "$kept/squashfs-root.img" "$T/outer/"
    pack "$T/outer" >"$T/image"
    shut_down "$T/image" 'rm /usr/bin/unsquashfs'
    refused "unsquashfs cannot be run (No such file or directory) and the kernel does not mount it"
}

@test "the image of dracut's own squash module" {
    local version
    version=$(cd /lib/modules && for v in *; do find "$v" -name 'squashfs.ko*' -printf "$v\n"; done | head -n 1)
    [[ $version ]] && compgen -G "/usr/lib/dracut/modules.d/*squash" >/dev/null || skip "needs dracut-squash and a kernel's modules"
    DRACUT_OPTIONS=(--kver "$version")
    # Since dracut 104 squash has a module for each kind.
    # shellcheck disable=SC2046 # no word, or one
    dracut_image "$T/image" base shutdown squash \
        $(compgen -G "/usr/lib/dracut/modules.d/*squash-squashfs" >/dev/null && echo squash-squashfs) ||
        { grep -q "only supports systemd" "$T/image.log" && skip "its module wants systemd in the image"; }
    grep -aqE 'squash(fs)?-root\.img' "$T/image"
    shut_down "$T/image"
    pivoted
}

@test "debug files put there before" {
    shut_down "$image" 'mkdir -p /run/initramfs/etc/cmdline.d
        echo rd.mark=debug >/run/initramfs/etc/cmdline.d/debug.conf
        echo mine >/run/initramfs/etc/os-release
        echo log >/run/initramfs/init.log'
    pivoted debug
    has tree etc/cmdline.d/debug.conf
    has tree init.log
}

@test "existing files stay as they were" {
    shut_down "$image" 'cd /run/initramfs
        mkdir -p etc/cmdline.d usr/bin usr/lib
        echo rd.mark=kept >etc/cmdline.d/mine.conf
        echo mine >etc/os-release
        echo mine >usr/bin/mine
        mkdir etc/fstab.empty
        chmod 711 etc usr/lib
        find . -mindepth 1 ! -name .need_shutdown ! -type d -printf " %m %s %P\n" -o -mindepth 1 -type d -printf " %m\n" >/out/before
        cd /'
    pivoted kept
    while read -r line; do
        has inodes " $line"
    done <"$out/before"
    grep -q ' 711 .* etc$' "$out/inodes"
    grep -q ' 711 .* usr/lib$' "$out/inodes"
}

@test "an existing directory where the image has a link that shutdown needs" {
    [[ -L $kept/tree/lib64 ]] || skip "no such link here"
    shut_down "$image" 'mkdir -p /run/initramfs/lib64/mine'
    refused "its shutdown would not run: " $'\n.need_shutdown\nlib64\nlib64/mine'
}

@test "a mount below /run/initramfs" {
    shut_down "$image" 'mkdir -p /run/initramfs/live; mount -t tmpfs live /run/initramfs/live
        echo system >/run/initramfs/live/image'
    pivoted
    has tree live/image
    has mounts " / /run/initramfs/live "
    # After the pivot it is unmounted, be it below /oldroot or, with systemd 254 and later, below the new root.
    has mounted " / "
    has_not mounted "/live "
}

@test "a mount below /run/initramfs on a /run that is noexec" {
    RUN_OPTIONS=mode=755,noexec shut_down "$image" 'mkdir -p /run/initramfs/live
        mount -t tmpfs live /run/initramfs/live; echo system >/run/initramfs/live/image'
    pivoted
    has tree live/image
}

# medium: what makes a live system of it: a medium, which an overlay's lower layer is on, and nothing in /boot
# shellcheck disable=SC2016 # the inner shell expands it
medium='mkdir -p /run/initramfs/live /run/overlay /run/merged
    mount -t tmpfs live /run/initramfs/live
    mkdir -p /run/initramfs/live/images/pxeboot /run/initramfs/live/root /run/overlay/upper /run/overlay/work
    mv /boot/initrd.img-* /run/initramfs/live/images/pxeboot/initrd.img
    mount -t overlay -o lowerdir=/run/initramfs/live/root,upperdir=/run/overlay/upper,workdir=/run/overlay/work overlay /run/merged;'

@test "a live system: the image is on the medium" {
    shut_down "$image" "$medium"
    pivoted
    has stdout "restored /run/initramfs/live/images/pxeboot/initrd.img (newc) to /run/initramfs: "
    has tree live/images/pxeboot/initrd.img
    has mounts " / /run/initramfs/live "
    has mounted " / "
    has_not mounted "/live "
    has_not mounted " overlay "
}

# changed COMMAND: an image whose tree was changed by a command
changed() {
    tree
    (cd "$T/tree" && eval "$1")
    pack "$T/tree" >"$T/image"
    shut_down "$T/image"
}

@test "shutdown's interpreter is missing" {
    changed 'rm bin/sh'
    refused "/shutdown needs /bin/sh"
}

@test "shutdown's shell lacks a library" {
    changed 'find . -name "libc.so.6" -delete'
    refused "libc.so.6: cannot open shared object file"
}

@test "shutdown's shell lacks its loader" {
    changed 'find . -name "ld-linux*" -delete'
    refused "its shutdown would not run: "
}

@test "shutdown is no script that the shell can parse" {
    changed 'printf "#!/bin/sh\nif true; then\n" >shutdown'
    refused "/shutdown: "
}

@test "no shutdown in the image" {
    changed 'rm shutdown'
    refused "no shutdown"
}

@test "shutdown is not executable" {
    changed 'chmod 644 shutdown'
    refused "Permission denied"
}

@test "a truncated image" {
    gzip -1 <"$image" >"$T/image"
    truncate -s -1000 "$T/image"
    shut_down "$T/image"
    refused initrd.img-
}

# shut_down_composed [COMMAND]: without an image. What systemd-shutdown logs is on the console; after the pivot, until
# systemd 254, in out/dev/kmsg: it took /dev along without what is mounted in it.
shut_down_composed() {
    LOG_TARGET=kmsg shut_down "$image" "${1-}"'
        mkdir -p /out/dev/pts /out/dev/shm
        for node in null zero full random urandom tty console; do
            : >/out/dev/$node
            mount --bind /dev/$node /out/dev/$node
        done
        ln -s /proc/self/fd /out/dev/fd
        : >/out/dev/kmsg
        mount --bind /dev/console /out/dev/kmsg
        mount --rbind /out/dev /dev'
    cat "$out/console" "$out/dev/kmsg" >"$out/log"
}

# logged TEXT: among the last that it logged. Before systemd 249 it logs no more than 200 lines in five seconds; that it
# powered off at the end is all that is known there.
logged() {
    ((systemd < 249)) && has console 'COMMAND_EXIT_CODE="130"' || grep -qE -- "$1" "$out/pivoted" ||
        { echo "not logged: $1"; tail -n 20 "$out/pivoted"; return 1; }
}

# It composed an exitrd, and systemd-shutdown ran as its `shutdown`, unmounted the root that was, and did not pivot again.
composed() {
    [[ $status == 0 ]] || { cat "$out/stderr"; return 1; }
    one_line stdout stderr
    has stdout ": composed an exitrd of the running system in /run/initramfs: "
    sed '0,/Successfully changed into root pivot\./d' "$out/log" >"$out/pivoted"
    has pivoted "Unmounting '/oldroot'"
    logged "Powering off."
    has_not pivoted "root pivot"
    echo "# $BATS_TEST_DESCRIPTION: $(<"$out/milliseconds") ms, $(<"$out/stdout")" >&3
}

@test "no image: an exitrd of the running system" {
    shut_down_composed 'rm /boot/*;'
    composed
}

@test "an exitrd of the running system, with --compose" {
    OPTIONS=--compose shut_down_composed
    composed
}

@test "an exitrd of the running system: /run is mounted noexec, and a hook" {
    RUN_OPTIONS=mode=755,noexec shut_down_composed 'rm /boot/*
        mkdir -p /lib/systemd/system-shutdown
        printf "#!/bin/sh\n[ -e /etc/initrd-release ]\n" >/lib/systemd/system-shutdown/marker
        chmod +x /lib/systemd/system-shutdown/marker;'
    composed
    logged "/lib/systemd/system-shutdown/marker'? succeeded\\." # quoted since systemd 262
}

@test "an exitrd of the running system, and a live medium" {
    OPTIONS=--compose shut_down_composed "$medium"'
        mkdir -p /lib/systemd/system-shutdown
        printf "%s\n" "#!/bin/sh" "[ -e /etc/initrd-release ] || exit 0" \
            "while read -r what where _; do echo \"\$what on \$where.\"; done </proc/mounts >/dev/left" \
            >/lib/systemd/system-shutdown/mounts
        chmod +x /lib/systemd/system-shutdown/mounts;'
    composed
    has tree live/images/pxeboot/initrd.img
    has dev/left " on /."
    has_not dev/left "/live."
    has_not dev/left "overlay on "
}

@test "no image, and a systemd-shutdown that others can replace" {
    shut_down "$image" 'rm /boot/*; chmod o+w /usr/lib/systemd'
    refused "others than root can write to it"
}

@test "not needed: silence" {
    shut_down "$image" 'rm /run/initramfs/.need_shutdown'
    [[ $status == 0 && ! -s $out/stdout && ! -s $out/stderr ]]
    has console "Powering off."
}

@test "a second run: silence, and the pivot" {
    shut_down "$image" '/usr/lib/dracut/dracut-initramfs-restore -q; : >/run/initramfs/.need_shutdown'
    [[ $status == 0 && ! -s $out/stdout && ! -s $out/stderr ]]
    [[ $(<"$out/marker") == "pivoted: PID 1, "* ]]
}

@test "quiet" {
    OPTIONS=-q shut_down "$image"
    [[ $status == 0 && ! -s $out/stdout && ! -s $out/stderr ]]
    [[ $(<"$out/marker") == "pivoted: PID 1, "* ]]
}

@test "a bar on a terminal, gone at the end" {
    gzip -1 <"$image" >"$T/image"
    TERMINAL=1 shut_down "$T/image"
    pivoted
    grep -aqP '^\rUnpacking .*\e\[K\r\e\[K(?!.*Unpacking)' "$out/console"
}
