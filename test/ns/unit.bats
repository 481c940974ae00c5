#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# dracut-shutdown.service with our drop-in, and the real systemd as PID 1 from its start to the pivot.
load fixture

# boot IMAGE COMMAND PAYLOAD
boot() {
    PAYLOAD=$3 shut_down "$1" "$2"
}

# The unit stopped, and the pivot came, whatever the service's output says.
booted() {
    [[ $(<"$out/marker") == "pivoted: PID 1, poweroff, mark ${1-}" ]] || { tail -n 20 "$out/console"; return 1; }
    ((systemd < 249)) || has console "Successfully changed into root pivot."
}

@test "the manager restores at shutdown" {
    boot "$image" : 'echo 0 >/out/status'
    one_line stdout stderr
    booted
}

@test "--check knows whether the unit is active" {
    grep -q ^ExecStart= /lib/systemd/system/dracut-shutdown.service ||
        skip "this dracut's unit runs nothing when it starts: only systemd knows"
    boot "$image" : 'check() { /usr/lib/dracut/dracut-initramfs-restore --check 2>&1 | tail -n 1; }
        { check
          rm /run/initramfs/.need_shutdown
          systemctl stop dracut-shutdown
          touch /run/initramfs/.need_shutdown
          check
          systemctl start dracut-shutdown
          check; } >/out/check
        echo 0 >/out/status'
    diff - "$out/check" <<END
verdict   the next shutdown pivots
verdict   the next shutdown does not pivot: dracut-shutdown.service is not active: it has to be started before it can be stopped
verdict   the next shutdown pivots
END
    booted
}

@test "/run is mounted noexec" {
    RUN_OPTIONS=mode=755,nosuid,nodev,noexec boot "$image" : 'echo 0 >/out/status'
    one_line stdout stderr
    booted
}

@test "PID 1 sees the mount below a noexec /run, which stays" {
    RUN_OPTIONS=mode=755,noexec boot "$image" : 'systemctl stop dracut-shutdown; echo $? >/out/status
        for i in {1..100}; do # it reads the mount table when it comes to it
            systemctl show -p ActiveState run-initramfs.mount >/out/mount
            ! grep -q =active /out/mount || break
            sleep 0.1
        done
        cp /proc/1/mountinfo /out/mounts'
    grep ' / /run/initramfs rw,nosuid,nodev,relatime .*tmpfs exitrd' "$out/mounts"
    has mount ActiveState=active
    booted
}

@test "a nested squashfs, /run of 20 MB and noexec" {
    mkdir "$T/outer"
    cp "$kept/squashfs-root.img" "$T/outer/"
    pack "$T/outer" >"$T/image"
    RUN_OPTIONS=mode=755,size=20m,noexec boot "$T/image" : 'echo 0 >/out/status'
    one_line stdout stderr
    booted
}

@test "a nested erofs" {
    need_fsck_erofs
    mkdir "$T/outer"
    cp "$kept/erofs-root.img" "$T/outer/"
    pack "$T/outer" >"$T/image"
    boot "$T/image" : 'echo 0 >/out/status'
    one_line stdout stderr
    booted
}

@test "a tree that takes capabilities to restore" {
    tree
    (cd "$T/tree" && mkdir dev/sub && mkfifo dev/sub/p &&
        touch usr/suid && chmod 6755 usr/suid && mkdir -m 1777 usr/sticky && mkdir -m 0 usr/locked && touch usr/locked/file)
    pack "$T/tree" >"$T/image"
    boot "$T/image" : 'systemctl stop dracut-shutdown; echo $? >/out/status; find /run/initramfs -printf "%y %m %P\n" >/out/tree'
    # No devices: a user namespace may not make them.
    has tree "f 6755 usr/suid"
    has tree "d 1777 usr/sticky"
    has tree "d 0 usr/locked"
    has tree "f 644 usr/locked/file"
    has tree "p 644 dev/sub/p"
    booted
}

@test "each format" {
    # Without what is large and no format needs; poweroff and reboot are links to systemctl.
    tree
    find "$T/tree" -type f -size +700k ! -name bash ! -name busybox ! -name 'libc.so*' ! -name 'libc-*.so' -delete
    ln -sf sh "$T/tree/usr/bin/systemctl"
    pack "$T/tree" >"$T/small"
    mkdir "$T/formats"
    for command in cat "gzip -1" "bzip2 -1" "xz --format=lzma -0" "xz -0 --check=crc32" "lzop -1" "lz4 -q -l -1" "zstd -q -1"; do
        $command <"$T/small" >"$T/formats/${command//[ =]/_}"
    done
    # The unit stops once for each, and at the end with the whole image.
    MORE=$T/formats boot "$image" : '
        mv /boot/initrd.img-* /run/whole
        for image in /boot/formats/*; do
            mv $image /boot/initrd.img-$(uname -r)
            systemctl stop dracut-shutdown
            cat /out/stdout /out/stderr >>/out/said
            : >/out/stdout
            (cd /run/initramfs && find . -mindepth 1 -printf "%P %m %l %T@\n" | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum) \
                >/out/"${image##*/}"
            umount /run/initramfs
            : >/run/initramfs/.need_shutdown
            systemctl reset-failed dracut-shutdown # or so many starts are too many
            systemctl start dracut-shutdown
        done
        mv /run/whole /boot/initrd.img-$(uname -r); echo 0 >/out/status'
    one_line stdout stderr
    booted
    for format in "$T/formats"/*; do
        [[ $(wc -l <"$out/${format##*/}") -gt 100 ]]
        diff "$out/cat" "$out/${format##*/}"
    done
    for format in newc gzip bzip2 lzma xz lzop lz4 zstd; do
        grep -q "initrd.img-.* ($format.*) to /run/initramfs: " "$out/said"
    done
    [[ $(wc -l <"$out/said") == 8 ]]
}

# slow: an image that takes a while
slow() {
    if [[ ! -e $kept/image.bz2 ]]; then
        bzip2 -1 <"$image" >"$kept/image.new"
        mv "$kept/image.new" "$kept/image.bz2"
    fi
    ln -s "$kept/image.bz2" "$T/image"
}

@test "the status line shows progress" {
    slow
    boot "$T/image" : 'systemctl stop dracut-shutdown & stop=$!
        while kill -0 $stop 2>/dev/null; do systemctl show -p StatusText --value dracut-shutdown; sleep 0.05; done >/out/texts
        systemctl show -p StatusText --value dracut-shutdown >>/out/texts; echo 0 >/out/status'
    grep -qE '^Unpacking: [1-9][0-9]* MiB$' "$out/texts" || { cat "$out/texts"; return 1; }
    booted
}

# The unit fails: no `shutdown`, no pivot; what is left is powered off.
failed() {
    has console 'COMMAND_EXIT_CODE="130"' # reboot(2), for a power off, ends PID 1 by SIGINT
    ((systemd < 249)) || has console "Powering off."
    has_not console "root pivot"
    [[ ! -e $out/marker ]]
    [[ $(<"$out/result") == "$1" ]] || { cat "$out/result"; return 1; }
    [[ ! -s $out/left ]]
}

STOP='systemctl stop dracut-shutdown; systemctl show -p Result --value dracut-shutdown >/out/result
    while systemctl is-active -q dracut-shutdown-onfailure; do sleep 0.05; done
    ls -d /run/initramfs/shutdown >/out/left 2>/dev/null; echo 0 >/out/status'

@test "a failure" {
    head -c 1000000 "$image" >"$T/image"
    boot "$T/image" : "$STOP"
    one_line stderr stdout
    failed exit-code
}

@test "a failure with nothing but the console to see it" {
    head -c 1000000 "$image" >"$T/image"
    boot "$T/image" 'rm /run/systemd/system/dracut-shutdown.service.d/60-test.conf' "$STOP"
    failed exit-code
}

# The program hangs: something it waits for never comes.
@test "a timeout, though SIGTERM is ignored" {
    boot "$image" 'rm /boot/initrd*; mkfifo /boot/initrd.img-$(uname -r)
        printf "#!/bin/sh\ntrap \"\" TERM\nwhile :; do sleep 1; done\n" >/usr/lib/dracut/dracut-initramfs-restore
        printf "[Service]\nTimeoutStopSec=2\n" >/run/systemd/system/dracut-shutdown.service.d/70-timeout.conf' "
        a=\${EPOCHREALTIME/./}; $STOP
        echo \$(((\${EPOCHREALTIME/./} - a) / 1000000)) >/out/seconds"
    failed timeout
    (($(<"$out/seconds") < 10))
}

@test "a kill" {
    slow
    boot "$T/image" : "(until pkill -KILL -f dracut-initramfs-r; do :; done) & $STOP"
    failed signal
}

@test "how exposed the unit is" {
    systemd-analyze --help | grep -q -e --offline || skip "systemd-analyze before 250, or none, reads no unit that is not loaded"
    local units=/lib/systemd/system dropin=$T/dracut-shutdown.service.d
    mkdir "$dropin"
    cp $units/dracut-shutdown.service "$T"
    before=$(systemd-analyze security --offline=true --no-pager "$T/dracut-shutdown.service" | tail -n 1)
    sed 's|@programdir@|/usr/lib/dracut|' "$here/../../modules.d/dracut-shutdown.service.d/50-restore.conf.in" >"$dropin/50-restore.conf"
    after=$(systemd-analyze security --offline=true --no-pager "$T/dracut-shutdown.service" | tail -n 1)
    echo "# before $before" >&3
    echo "# after $after" >&3
    [[ $after =~ :\ ([0-9]+)\.([0-9]) ]]
    ((BASH_REMATCH[1] < 5))
}
