#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --check on systems as found in the field, intact and damaged: the image, rule, verdict and exit status that it reports
# are those of the restore that follows. Needs root, a C compiler, objcopy and systemd's stub.

load common
load fixture-locate
load fixture-compose

# whole FILE [NAME]: exitrd NAME
whole() {
    mkdir -p "$(dirname "$S/$1")"
    exitrd "$S/$1" "${2:-name}"
}

# cut FILE: such an image, without its second half
cut_short() {
    whole "$1"
    truncate -s 150000 "$S/$1"
}

eval "$(declare -f new_system | sed '1s/new_system/bare_system/')"
new_system() {
    bare_system "$@"
    ready
}

# --- The systems. Each has the expected result: PIVOTS or not, the rule, and the image below $S.

limine() {
    new_system 'quiet rw root=UUID=1'
    entry lib/modules/$K/pkgbase linux-zen
    cut_short boot/initramfs-linux-zen.img # stale
    whole boot/$MACHINE/linux-zen/initramfs-linux-zen
    expect pivots "directory of the kernel's package" boot/$MACHINE/linux-zen/initramfs-linux-zen
}

uki_with_addon() {
    new_system 'root=/dev/vda2 ro quiet'
    exitrd "$T/a" a
    newc image 'early()' >"$T/early"
    uki efi/EFI/Linux/x.efi .uname=$K .cmdline='root=/dev/vda2 ro' .initrd=@"$T/early"
    uki efi/EFI/Linux/x.efi.extra.d/a.addon.efi .initrd=@"$T/a"
    variable StubImageIdentifier '\EFI\Linux\x.efi'
    expect pivots 'unified kernel image that booted (StubImageIdentifier)' 'efi/EFI/Linux/x.efi[.initrd]' \
        'efi/EFI/Linux/x.efi.extra.d/a.addon.efi[.initrd]'
}

entry_of_two_files() {
    new_system "BOOT_IMAGE=(hd0,gpt2)/vmlinuz-$K root=/dev/vda2 ro"
    newc image 'early()' >"$S/boot/ucode.img"
    whole boot/x/image
    cut_short boot/initramfs-$K.img
    entry boot/loader/entries/a.conf "version $K" "linux /vmlinuz-$K" 'initrd /ucode.img' 'initrd /x/image' 'options root=/dev/vda2 ro'
    expect pivots 'boot loader entry that fits the kernel command line' boot/ucode.img boot/x/image
}

efi_stub() {
    new_system 'root=/dev/vda2 initrd=EFI\arch\x.img'
    whole efi/EFI/arch/x.img
    expect pivots 'initrd= on the kernel command line' efi/EFI/arch/x.img
}

live() {
    new_system 'BOOT_IMAGE=/images/pxeboot/vmlinuz root=live:CDLABEL=x'
    whole run/initramfs/live/images/pxeboot/initrd.img
    expect pivots 'medium of the live system' run/initramfs/live/images/pxeboot/initrd.img
}

elemental() {
    new_system 'root=LABEL=COS_ACTIVE'
    whole boot/elemental.initrd-$K
    ln -s elemental.initrd-$K "$S/boot/initrd"
    expect pivots 'kernel version' boot/elemental.initrd-$K
}

uboot_header() {
    new_system 'root=/dev/mmcblk0p2'
    exitrd "$T/a" a
    uboot 3 "$T/a" >"$S/boot/uInitrd"
    expect pivots 'default name' boot/uInitrd
}

damaged_then_whole() {
    new_system
    cut_short boot/initramfs-$K.img
    whole boot/initrd.img-$K
    expect pivots 'kernel version' boot/initrd.img-$K
}

no_shutdown_then_whole() {
    new_system
    put boot/initramfs-$K.img
    whole boot/initrd-$K
    expect pivots 'kernel version' boot/initrd-$K
}

flipped_byte_of_a_compressed_one() {
    new_system
    exitrd "$T/a" a
    zstd -q "$T/a" -o "$T/a.zst"
    printf '\xff' | dd of="$T/a.zst" bs=1 seek=200000 conv=notrunc status=none
    mv "$T/a.zst" "$S/boot/initramfs-$K.img"
    expect 'does not pivot: nothing can be restored'
}

shutdown_for_another_machine() {
    new_system
    cp "$T/shutdown" "$T/foreign"
    printf '\1\77' | dd of="$T/foreign" bs=1 seek=18 conv=notrunc status=none # e_machine, in either byte order
    newc image "archive(entry('shutdown', mode=REG | 0o755, data=open('$T/foreign', 'rb').read()))" >"$S/boot/initramfs-$K.img"
    expect 'does not pivot: nothing can be restored'
    [[ $(<"$T/check.stderr") == *"initramfs-$K.img: its shutdown would not run: /shutdown is for another machine" ]]
    newc image 'archive(entry("shutdown", mode=REG | 0o755, data=open("/proc/self/exe", "rb").read()[:64] + bytes(900)))' \
        >"$S/boot/initramfs-$K.img"
    expect 'does not pivot: nothing can be restored'
    [[ $(<"$T/check.stderr") == *"/shutdown is a damaged program"* ]]
}

nothing_there() {
    new_system
    expect 'does not pivot: nothing can be restored'
}

not_asked_for() {
    new_system
    whole boot/initramfs-$K.img
    rm "$S/run/initramfs/.need_shutdown"
    expect 'does not pivot: nothing asks for it: there is no .need_shutdown' 'kernel version' boot/initramfs-$K.img
}

composed() {
    new_system
    taken_system
    [[ -L $T/root/lib ]] || rm "$S/lib" # this system's is none of /usr/lib
    cp -a "$T/root"/* "$S/"
    expect pivots "No image found for kernel $K"
}

# --- The loop.

# ready: dracut-shutdown.service as it must be, and the mark that asks for the pivot
ready() {
    local units=$S/usr/lib/systemd/system

    mkdir -p "$units/sysinit.target.wants" "$S/run/initramfs"
    printf '[Service]\nExecStop=/usr/lib/dracut/dracut-initramfs-restore\n' >"$units/dracut-shutdown.service"
    ln -s ../dracut-shutdown.service "$units/sysinit.target.wants/"
    : >"$S/run/initramfs/.need_shutdown"
}

state() {
    awk -v top="$S/" 'index($5, top) == 1' /proc/self/mountinfo
    find "$S" -printf '%P %y %m %U %G %s %T@ %l\n' | sort
}

# same WHAT FILE FILE
same() {
    diff -u --label "--check's $1" --label "the restore's $1" "$2" "$3"
}

# expect VERDICT [RULE FILE...]: --check reports this and changes nothing, and the restore then does it
expect() {
    local verdict=$1 rule=${2-} checked file

    state >"$T/before"
    restore --check -S "$S"
    checked=$status
    state | diff -u "$T/before" -
    [[ $(tail -n 1 "$T/stdout") == "verdict   the next shutdown $verdict" ]] || { echo "$said"; return 1; }
    [[ $checked == $([[ $verdict == pivots ]] && echo 0 || echo 1) ]]
    for file in "${@:3}"; do
        echo "image     $S/$file ($rule)"
    done | diff -u - <(grep '^image */' "$T/stdout")
    cp "$T/stderr" "$T/check.stderr"
    sed -n 's/^content .*: \(.* entries, [0-9]* KiB\).*/\1/p' "$T/stdout" >"$T/check.content"

    restore -v -S "$S"
    # The same candidates could not be used, with the same messages.
    sed '/: image: /d' "$T/stderr" | same messages "$T/check.stderr" -
    if [[ $verdict == pivots ]]; then
        [[ $status == 0 && -x $S/run/initramfs/shutdown ]]
        sed -n 's/.*: \([0-9]* entries, [0-9]* KiB\) in .*/\1/p' "$T/stdout" | same content "$T/check.content" -
        [[ -z ${3-} ]] || grep -F "image: $S/$3 ($rule)" <(tail -n 1 <(grep -F 'image: ' "$T/stdout"))
        mountpoint -q "$S/run/initramfs"
        unmount_all
    else
        [[ ! -e $S/run/initramfs/shutdown ]]
        state | diff -u "$T/before" -
        # If nothing asks for a pivot, there is nothing to do, which is no failure.
        [[ $status == $([[ $verdict == *"nothing asks"* ]] && echo 0 || echo 1) ]]
    fi
}

@test "--check says what the restore then does, on systems of the field" {
    local one

    for one in limine uki_with_addon entry_of_two_files efi_stub live elemental uboot_header damaged_then_whole \
        no_shutdown_then_whole flipped_byte_of_a_compressed_one shutdown_for_another_machine nothing_there not_asked_for \
        composed; do
        echo "--- $one"
        "$one"
    done
}
