#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# More systems, of the kinds in locate.bats. Needs root, losetup, mkfs.ext4, objcopy and systemd's stub.

load common
load fixture-locate

teardown() {
    [[ -z ${DEVICE-} ]] || losetup --detach "$DEVICE"
    rm -rf --one-file-system "$T"
}

UUID=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee

# --- Directories called after the kernel's package.

@test "a package's directory, the package unknown: the kernel beside the image decides" {
    new_system 'quiet rw root=UUID=1'
    put boot/$MACHINE/linux-zen/initramfs-linux-zen
    bzimage "$S/boot/$MACHINE/linux-zen/vmlinuz-linux-zen" $K
    put boot/$MACHINE/linux/initramfs-linux
    bzimage "$S/boot/$MACHINE/linux/vmlinuz-linux" 6.1.0-7
    finds 'kernel beside it' /boot/$MACHINE/linux-zen/initramfs-linux-zen
}

@test "a package's directory without a token above it, and one with a fallback in it" {
    new_system
    entry lib/modules/$K/pkgbase linux-lts
    put boot/linux-lts/initramfs.img
    put boot/linux/initramfs.img
    finds "kernel's package" /boot/linux-lts/initramfs.img
    put efi/$MACHINE/linux-lts/initramfs-dracut.img
    put efi/$MACHINE/linux-lts/initramfs-fallback.img
    rm -r "$S/boot/linux-lts"
    finds "kernel's package" /efi/$MACHINE/linux-lts/initramfs-dracut.img
}

# --- Names.

@test "default names: initrd.gz beside a directory, initramfs beside initramfs-extra, a Raspberry Pi's current one" {
    new_system 'BOOT_IMAGE=Linux root=801'
    mkdir -p "$S/boot/initrd-tree"
    put boot/initrd-tree/x
    put boot/initrd.gz
    finds 'default name' /boot/initrd.gz
    mv "$S/boot/initrd.gz" "$S/boot/initrd-x" # no default name, but the only image there
    finds 'the only image' /boot/initrd-x
    new_system
    put boot/initramfs
    put boot/initramfs-extra
    finds 'default name' /boot/initramfs
    new_system
    put boot/firmware/current/initrd.img
    put boot/firmware/old/initrd.img
    finds 'default name' /boot/firmware/current/initrd.img
}

@test "names with a machine in them, with ramdisk, with dracut in front" {
    for name in initramfs-$K-x86_64.img initramfs-genkernel-x86_64-$K initramfs-genkernel-$K-x86_64 uRamdisk-$K dracut-$K.img; do
        new_system
        put boot/$name
        finds 'kernel version' /boot/$name
    done
    new_system
    echo 6.6.31+rpt-rpi-v7l >"$S/proc/sys/kernel/osrelease"
    for name in initramfs7 initramfs7l initramfs8; do put boot/firmware/$name; done
    finds "end of the kernel's version" /boot/firmware/initramfs7l
}

@test "a name with a part of the version: the kernel beside it decides" {
    new_system
    for v in 6.1:$K 6.6:6.6.1-1; do
        put boot/initramfs-${v%:*}-x86_64.img
        bzimage "$S/boot/vmlinuz-${v%:*}-x86_64" ${v#*:}
    done
    finds 'kernel beside it' /boot/initramfs-6.1-x86_64.img
    rm "$S/boot/vmlinuz-6.1-x86_64"
    finds_nothing
}

@test "words and suffixes behind the version" {
    for name in initramfs-$K.img.dracut initrd-$K.gz initramfs-$K-netboot.img initrd.img-$K-luks_lvm initramfs-$K-dracut107.img; do
        new_system
        put boot/$name
        finds 'kernel version' /boot/$name
    done
}

@test "initrdname= without a version, with a comment behind it" {
    new_system
    put boot/mine.img
    entry etc/dracut.conf.d/a.conf 'initrdname="mine.img"'
    finds initrdname /boot/mine.img
    put boot/initrd-$K # the other one is each kernel's in turn
    finds 'kernel version' /boot/initrd-$K
    put boot/mine-$K.x
    for line in 'initrdname="mine-${kernel}.x"   # mine' "initrdname='mine-$K.x'" 'initrdname=mine-$kernel.x # "mine"'; do
        entry etc/dracut.conf.d/a.conf "$line"
        finds initrdname /boot/mine-$K.x
    done
}

@test "initrdname=: the last file by its name counts, and /etc's hides /usr's" {
    new_system
    put boot/a-$K
    put boot/b-$K
    entry usr/lib/dracut/dracut.conf.d/90-dist.conf 'initrdname=a-${kernel}'
    entry etc/dracut.conf.d/10-mine.conf 'initrdname=b-${kernel}'
    finds initrdname /boot/a-$K
    entry etc/dracut.conf.d/90-dist.conf '# nothing'
    finds initrdname /boot/b-$K
}

# --- Unified kernel images.

@test "a boot menu's image, and an entry or a profile of another image that has the options" {
    new_system 'root=UUID=2 ro quiet'
    uki efi/EFI/BOOT/BOOTX64.EFI .uname=$K .cmdline='menu=1' .initrd=menu
    variable StubImageIdentifier '\EFI\BOOT\BOOTX64.EFI'
    entry boot/loader/entries/x.conf "linux /vmlinuz-$K" 'initrd /i' 'options root=UUID=2 ro quiet'
    put boot/i
    finds 'fits the kernel command line' /boot/i
    rm -r "$S/boot/loader"
    for i in 2 3; do
        uki efi/EFI/Linux/$i.efi .uname=$K .cmdline="root=UUID=$i ro" .initrd=$i .profile=ID=main .profile=ID=quiet \
            .cmdline="root=UUID=$i ro quiet" .initrd=$i.quiet
    done
    finds 'unified kernel image of the kernel version' '/efi/EFI/Linux/2.efi[.initrd@1]'
    echo 'root=UUID=3 ro' >"$S/proc/cmdline"
    finds 'unified kernel image of the kernel version' '/efi/EFI/Linux/3.efi[.initrd]'
}

@test "addons of an image with a boot counter, now and when it booted" {
    for now in a+3-1.efi a+2-2.efi a.efi; do
        new_system
        variable StubImageIdentifier '\EFI\Linux\a+3-1.efi'
        uki efi/EFI/Linux/$now .uname=$K .initrd=a
        uki efi/EFI/Linux/a.efi.extra.d/b.addon.efi .initrd=b
        uki efi/EFI/Linux/a+3-1.efi.extra.d/c.addon.efi .initrd=c
        finds StubImageIdentifier "/efi/EFI/Linux/$now[.initrd]" '/efi/EFI/Linux/a.efi.extra.d/b.addon.efi[.initrd]' \
            '/efi/EFI/Linux/a+3-1.efi.extra.d/c.addon.efi[.initrd]'
    done
}

@test "addons of an image that an entry names by backslashes, or in the root file system" {
    new_system
    uki efi/EFI/Linux/a.efi .uname=$K .initrd=a
    uki efi/EFI/Linux/a.efi.extra.d/b.addon.efi .initrd=b
    entry efi/loader/entries/a.conf 'uki \EFI\Linux\a.efi' 'options root=/dev/vda2'
    finds 'fits the kernel command line' '/efi/EFI/Linux/a.efi[.initrd]' '/efi/EFI/Linux/a.efi.extra.d/b.addon.efi[.initrd]'
    new_system
    uki boot/x/a.efi .uname=$K .initrd=a
    uki boot/x/a.efi.extra.d/b.addon.efi .initrd=b
    entry boot/loader/entries/a.conf 'uki /boot/x/a.efi' 'options root=/dev/vda2'
    finds 'fits the kernel command line' '/boot/x/a.efi[.initrd]' '/boot/x/a.efi.extra.d/b.addon.efi[.initrd]'
}

@test "a linux line with a unified kernel image of any name outside EFI/Linux" {
    for file in vmlinuz-$K.uki x/y/kernel EFI/Gentoo/K.EFI; do
        new_system
        uki efi/$file .uname=$K .initrd=a
        entry efi/loader/entries/a.conf "linux /$file" 'options root=/dev/vda2 ro'
        finds 'fits the kernel command line' "/efi/$file[.initrd]"
        variable LoaderEntrySelected a.conf
        finds LoaderEntrySelected "/efi/$file[.initrd]"
    done
}

@test "linux lines that name unified kernel images: their own options decide; initrd without a value" {
    new_system 'root=UUID=2'
    for i in 1 2; do
        uki efi/k/$i.efi .uname=$K .initrd=$i .cmdline=root=UUID=$i
        entry efi/loader/entries/$i.conf "linux \\k\\$i.efi" initrd
    done
    finds 'fits the kernel command line' '/efi/k/2.efi[.initrd]'
}

# --- initrd= and the entry that it came from.

@test "initrd= of an entry with another kernel's version, and a kernel without one" {
    new_system 'initrd=\x\initrd root=UUID=1 ro'
    mkdir -p "$S/usr/lib/modules/6.1.0-6" "$S/usr/lib/modules/$K"
    put efi/x/initrd
    put efi/x/initrd-old
    entry efi/loader/entries/new.conf 'version 6.1.0-6' 'linux /x/Image' 'initrd /x/initrd' 'options root=UUID=1 ro'
    put boot/initrd.img-$K
    finds 'kernel version' /boot/initrd.img-$K
    entry efi/loader/entries/old.conf "version $K" 'linux /x/Image-old' 'initrd /x/initrd-old' 'options root=UUID=1 ro'
    finds 'fits the kernel command line' /efi/x/initrd-old
    # A version of the system, not of a kernel, is no evidence.
    rm "$S/efi/loader/entries/old.conf"
    rmdir "$S/usr/lib/modules/6.1.0-6"
    finds 'initrd=' /efi/x/initrd
}

@test "initrd= names a symlink that now leads to another kernel's image" {
    new_system 'initrd=\initrd.img root=UUID=1 ro'
    put boot/initrd.img-6.1.0-6
    put boot/initrd.img-$K
    ln -s initrd.img-6.1.0-6 "$S/boot/initrd.img"
    finds 'kernel version' /boot/initrd.img-$K
    ln -sf initrd.img-$K "$S/boot/initrd.img"
    finds 'initrd=' /boot/initrd.img
}

@test "initrd= with backslashes where the rejected entry has slashes" {
    new_system 'initrd=\X\\.\Initrd.img root=UUID=1 ro'
    mkdir -p "$S/efi/X"
    bzimage "$S/efi/X/v.efi" 6.1.0-6
    put efi/X/Initrd.img
    entry efi/loader/entries/new.conf 'linux /X/v.efi' 'initrd //x/initrd.img' 'options root=UUID=1 ro'
    put boot/initrd.img-$K
    finds 'kernel version' /boot/initrd.img-$K
}

@test "initrd= of another kernel, by the file beside it; the one that booted is called previous" {
    new_system 'initrd=\EFI\p\initrd.img root=UUID=1 ro'
    put efi/EFI/p/initrd.img
    put efi/EFI/p/initrd.img-previous
    bzimage "$S/efi/EFI/p/vmlinuz.efi" 6.1.0-6
    bzimage "$S/efi/EFI/p/vmlinuz-previous.efi" $K
    finds 'kernel beside it' /efi/EFI/p/initrd.img-previous
}

@test "initrd= through subvolumes of any name, with . in the path, on the volume that has all of it" {
    new_system
    put boot/a.img
    put boot/b.img
    put boot/initrd.img
    for words in 'initrd=rootvol\boot\a.img initrd=rootvol\boot\b.img' 'initrd=\@boot\a.img initrd=\@boot\b.img' \
        'initrd=@\.snapshots\5\snapshot\boot\a.img initrd=@\.snapshots\5\snapshot\boot\b.img' 'initrd=.\a.img initrd=b.img'; do
        echo "root=UUID=1 $words" >"$S/proc/cmdline"
        finds 'initrd=' /boot/a.img /boot/b.img
    done
    put efi/b.img
    put efi/own.img
    echo 'root=UUID=1 initrd=b.img initrd=own.img' >"$S/proc/cmdline"
    finds 'initrd=' /efi/b.img /efi/own.img
}

# --- The firmware's own entries, with the partition not mounted.

@test "the firmware's entry names only a partition: its default file" {
    local name

    case $("${TARGET_CC:-cc}" -dumpmachine) in
    x86_64*) name=BOOTX64.EFI ;;
    i?86*) name=BOOTIA32.EFI ;;
    aarch64*) name=BOOTAA64.EFI ;;
    arm*) name=BOOTARM.EFI ;;
    riscv64*) name=BOOTRISCV64.EFI ;;
    *) skip "another default file" ;;
    esac
    new_system 'root=/dev/vda2 ro'
    S=$T/esp uki EFI/BOOT/$name .initrd=a .uname=$K
    partition "$T/esp" $UUID
    firmware_entry $UUID ''
    finds BootCurrent "/dev/disk/by-partuuid/$UUID:/EFI/BOOT/$name[.initrd]"
}

@test "the firmware's entry with bytes that are not text, or with a shim that starts the image" {
    new_system 'root=/dev/vda2 ro'
    S=$T/esp uki EFI/x/m.efi .initrd=a .uname=$K
    partition "$T/esp" $UUID
    firmware_entry $UUID '\EFI\x\m.efi' $'\1\2garbage'
    finds BootCurrent "/dev/disk/by-partuuid/$UUID:/EFI/x/m.efi[.initrd]"
    for options in '\EFI\x\m.efi' 'm.efi' '\EFI\x\m.efi root=/dev/vda2'; do
        firmware_entry $UUID '\EFI\x\shimx64.efi' "$options"
        finds BootCurrent "/dev/disk/by-partuuid/$UUID:/EFI/x/m.efi[.initrd]"
    done
    firmware_entry $UUID '\EFI\x\shimx64.efi' '\EFI\x\m.efi root=/dev/other'
    finds_nothing
}

@test "the firmware's entry names a boot manager: its partition is searched" {
    new_system 'root=/dev/vda2 ro'
    mkdir -p "$T/esp/EFI/x"
    S=$T/esp put EFI/x/initrd-$K
    partition "$T/esp" $UUID
    firmware_entry $UUID '\EFI\refind\refind_x64.efi'
    finds 'kernel version' "/dev/disk/by-partuuid/$UUID:/EFI/x/initrd-$K"
}

# --- Media of live systems.

@test "a medium's image named after its kernel, in images, in Anaconda's directory" {
    new_system 'BOOT_IMAGE=/boot/gentoo root=live:CDLABEL=x'
    put run/initramfs/live/boot/gentoo.igz
    put run/initramfs/live/boot/memtest
    finds 'medium of the live system' /run/initramfs/live/boot/gentoo.igz
    new_system 'root=live:CDLABEL=x'
    put run/initramfs/live/images/initrd.img
    put run/initramfs/live/images/install.img
    finds 'medium of the live system' /run/initramfs/live/images/initrd.img
    new_system 'BOOT_IMAGE=/images/pxeboot/vmlinuz inst.stage2=hd:LABEL=x'
    put run/install/repo/images/pxeboot/initrd.img
    finds 'medium of the live system' /run/install/repo/images/pxeboot/initrd.img
}

@test "a medium with several kernels in one directory" {
    for boot_image in vmlinuz0 /isolinux/vmlinuz0; do
        new_system "BOOT_IMAGE=$boot_image root=live:x"
        put run/initramfs/live/isolinux/initrd0.img
        put run/initramfs/live/isolinux/initrd1.img
        finds medium /run/initramfs/live/isolinux/initrd0.img
    done
    new_system 'BOOT_IMAGE=/boot/vmlinuz-edge root=live:x'
    put run/initramfs/live/boot/initramfs-edge
    put run/initramfs/live/boot/initramfs-lts
    finds medium /run/initramfs/live/boot/initramfs-edge
}

@test "a medium's unified kernel image, and a medium's entries" {
    new_system 'root=live:CDLABEL=x quiet'
    uki run/initramfs/live/EFI/Linux/x-$K.efi .uname=$K .cmdline='root=live:CDLABEL=x' .initrd=a
    variable StubImageIdentifier "\\EFI\\Linux\\x-$K.efi"
    finds StubImageIdentifier "/run/initramfs/live/EFI/Linux/x-$K.efi[.initrd]"
    rm -r "$S/sys"
    finds 'unified kernel image of the kernel version' "/run/initramfs/live/EFI/Linux/x-$K.efi[.initrd]"
    put run/initramfs/live/os/linux/ird
    entry run/initramfs/live/loader/entries/x.conf 'linux /os/linux/k' 'initrd /os/linux/ird' 'options root=live:CDLABEL=x quiet'
    finds 'fits the kernel command line' /run/initramfs/live/os/linux/ird
}

# --- Directories of slots, deployments and packages.

@test "slots: the directory of the kernel that booted, whether its file tells its version or not" {
    for slot in A B; do
        new_system "BOOT_IMAGE=/$slot/vmlinuz talos.platform=metal"
        for each in A B; do
            put boot/$each/initramfs.xz
            bzimage "$S/boot/$each/vmlinuz" $K
        done
        finds 'name of the kernel that booted' /boot/$slot/initramfs.xz
        echo arm64 | tee "$S/boot/A/vmlinuz" >"$S/boot/B/vmlinuz"
        finds 'name of the kernel that booted' /boot/$slot/initramfs.xz
    done
    # The other slot has this kernel; an update has put the next one here.
    bzimage "$S/boot/A/vmlinuz" $K
    bzimage "$S/boot/B/vmlinuz" 6.1.0-6
    finds 'kernel beside it' /boot/A/initramfs.xz
}

@test "slots: in a /boot that is a directory of the root file system, or of a subvolume" {
    for top in /boot /@/boot /@/.snapshots/1/snapshot/boot; do
        for slot in A B; do
            new_system "BOOT_IMAGE=$top/$slot/vmlinuz root=UUID=1"
            put boot/A/initramfs.img
            put boot/B/initramfs.img
            finds 'name of the kernel that booted' /boot/$slot/initramfs.img
        done
    done
    new_system 'BOOT_IMAGE=/boot/C/vmlinuz root=UUID=1'
    put boot/A/initramfs.img
    put boot/B/initramfs.img
    finds_nothing
}

@test "slots: the same version in each, and the one that booted is older" {
    for paths in A/vmlinuz-$K:A/initrd.img-$K:B/initrd.img-$K vmlinuz-$K:initramfs-$K.img:someos/$K/initrd \
        $MACHINE/$K/linux:$MACHINE/$K/initrd:someos/$K/initrd; do
        IFS=: read -r kernel booted other <<<"$paths"
        new_system "BOOT_IMAGE=/$kernel root=UUID=1"
        put boot/$booted
        put boot/$other
        older boot/$booted 1000
        older boot/$other 10
        finds '' /boot/$booted
    done
}

@test "the kernel's name in BOOT_IMAGE=, with any words and suffixes around it" {
    for names in vmlinuz-zen:initramfs-zen.img.zst vmlinuz-generic:initrd-generic.img vmlinuz-zen.efi:initrd-zen Image-zen.gz:initramfs-zen.img \
        zImage-zen:ramdisk-zen bzImage:initrd.gz; do
        for directory in /boot/ / ../ ""; do
            new_system "BOOT_IMAGE=$directory${names%:*} root=UUID=1"
            put boot/initramfs-lts.img
            put "boot/${names#*:}"
            finds 'name of the kernel that booted' "/boot/${names#*:}"
        done
    done
}

@test "the kernel before the last one of its version, and its image" {
    for image in initramfs-$K.img initrd-$K; do
        new_system "BOOT_IMAGE=/boot/vmlinuz-$K.old root=UUID=1"
        put boot/$image
        put boot/$image.old
        older boot/$image 10
        older boot/$image.old 1000
        finds BOOT_IMAGE /boot/$image.old
        echo "BOOT_IMAGE=/boot/vmlinuz-$K root=UUID=1" >"$S/proc/cmdline"
        finds 'kernel version' /boot/$image
    done
    rm "$S/boot/$image"
    finds_nothing
}

@test "deployments: an image of any name in the directory of the one that booted" {
    for name in initramfs-$K initramfs initramfs.img initrd-$K.img; do
        for booted in aa bb; do
            new_system "BOOT_IMAGE=(hd0,gpt1)/ostree/eos-$booted/vmlinuz-$K root=UUID=1 ostree=/ostree/boot.1/eos/$booted/0"
            put boot/ostree/eos-aa/$name
            put boot/ostree/eos-bb/$name
            finds 'ostree deployment that booted' /boot/ostree/eos-$booted/$name
        done
    done
}

@test "names of the package or the kernel on another volume than /boot" {
    new_system
    entry lib/modules/$K/pkgbase linux-zen
    put efi/initramfs-linux-zen.img
    put efi/initramfs-linux.img
    finds "name of the kernel's package" /efi/initramfs-linux-zen.img
    bzimage "$S/efi/vmlinuz-linux-zen" 6.1.0-6
    put boot/initramfs-linux.img
    bzimage "$S/boot/vmlinuz-linux" $K
    finds 'kernel beside it' /boot/initramfs-linux.img
    new_system 'BOOT_IMAGE=(hd0,gpt1)/vmlinuz-linux-lts root=UUID=1'
    put efi/initramfs-linux-lts.img
    put efi/initramfs-linux.img
    finds 'name of the kernel that booted' /efi/initramfs-linux-lts.img
}

@test "a version with bzImage behind it, as NixOS has it, is not another kernel's" {
    new_system 'init=/nix/store/one/init loglevel=4'
    for n in one two; do
        put boot/EFI/nixos/$n-initrd-linux-$K-initrd.efi
        entry boot/loader/entries/nixos-generation-$n.conf "linux /EFI/nixos/$n-linux-$K-bzImage.efi" \
            "initrd /EFI/nixos/$n-initrd-linux-$K-initrd.efi" "options init=/nix/store/$n/init loglevel=4"
    done
    finds 'fits the kernel command line' /boot/EFI/nixos/one-initrd-linux-$K-initrd.efi
}

@test "a versioned image in a directory of its version, as proxmox-boot-tool has it" {
    new_system
    put boot/efi/EFI/proxmox/$K/initrd.img-$K
    put boot/efi/EFI/proxmox/6.1.0-4/initrd.img-6.1.0-4
    finds 'kernel version' /boot/efi/EFI/proxmox/$K/initrd.img-$K
}

@test "initrd= with microcode whose name has a date, or an image whose name has a number" {
    new_system 'initrd=\microcode-20240312.img initrd=\initramfs-2.img root=/dev/vda2'
    put efi/microcode-20240312.img
    put efi/initramfs-2.img
    put boot/initramfs-$K.img
    finds 'initrd=' /efi/microcode-20240312.img /efi/initramfs-2.img
}

@test "initrd= as SYSLINUX has it: with commas" {
    new_system 'BOOT_IMAGE=/custom/linux initrd=/custom/ucode.img,/custom/ramdisk-x.img root=/dev/vda2'
    put boot/custom/ucode.img
    put boot/custom/ramdisk-x.img
    put boot/initrd.img
    finds 'initrd=' /boot/custom/ucode.img /boot/custom/ramdisk-x.img
    echo 'BOOT_IMAGE=/custom/linux initrd=/custom/ucode.img,ramdisk-x.img root=/dev/vda2' >"$S/proc/cmdline"
    finds 'default name' /boot/initrd.img
    echo 'initrd=/a,b.img root=/dev/vda2' >"$S/proc/cmdline"
    put boot/a,b.img
    finds 'initrd=' /boot/a,b.img
}

@test "initrd= with a subvolume in front and slashes, one file and two" {
    new_system 'root=UUID=1 rw rootflags=subvol=@ initrd=@/boot/initramfs-linux.img'
    put boot/initramfs-linux.img
    put boot/intel-ucode.img
    finds 'initrd= on the kernel command line' /boot/initramfs-linux.img
    echo 'root=UUID=1 rw initrd=@/boot/intel-ucode.img initrd=@/boot/initramfs-linux.img' >"$S/proc/cmdline"
    finds 'initrd= on the kernel command line' /boot/intel-ucode.img /boot/initramfs-linux.img
}

# --- U-Boot.

@test "U-Boot's header: other names, a kernel with an image behind it" {
    local name

    put_header() { uboot 3 "$T/i" >"$S/boot/$1"; }
    small_image x >"$T/i"
    for name in initrd.img-$K.uboot uinitrd-$K; do
        new_system
        put_header $name
        finds 'kernel version' /boot/$name
    done
    for name in uInitrd.img uInitrd.gz uRamdisk; do
        new_system
        put_header $name
        finds 'default name' /boot/$name
    done
    new_system
    echo kernel >"$T/kernel"
    uboot 4 "$T/kernel" "$T/i" >"$S/boot/uImage"
    finds 'default name' /boot/uImage
    cp "$S/boot/uImage" "$S/boot/uImage-$K"
    finds 'kernel version' /boot/uImage-$K
    # Only a kernel.
    uboot 2 "$T/kernel" >"$S/boot/uImage-$K"
    put boot/initrd.img
    finds 'default name' /boot/initrd.img
}

@test "U-Boot's header in kernel-install's layout, in an entry, on the firmware's partition" {
    small_image x >"$T/i"
    new_system
    mkdir -p "$S/boot/firmware" "$S/boot/$MACHINE/$K"
    uboot 3 "$T/i" >"$S/boot/firmware/uInitrd"
    finds 'default name' /boot/firmware/uInitrd
    cp "$S/boot/firmware/uInitrd" "$S/boot/$MACHINE/$K/initrd"
    finds "kernel-install's layout" /boot/$MACHINE/$K/initrd
    cp "$S/boot/firmware/uInitrd" "$S/boot/u"
    entry boot/loader/entries/a.conf "linux /Image-$K" 'initrd /u' 'options ro'
    finds 'fits the kernel command line' /boot/u
}

# --- Directories.

@test "the version in a directory's name, or in a file's in any directory of a volume" {
    for file in efi/EFI/debian/$K/initrd.img boot/$K/initrd boot/gentoo/initramfs-$K.img boot/kernels/initrd-$K \
        efi/xen/initrd.img-$K boot/EFI/ubuntu/a/initrd.img-$K; do
        new_system
        put $file
        for other in 6.1.0-4 ${K}6; do put "${file//$K/$other}"; done
        finds 'kernel version' /$file
        rm "$S/$file"
        finds_nothing
    done
    # Several images in such a directory may belong to snapshots.
    for i in 1 2; do put boot/$K/initrd-$i; done
    finds_nothing
}

@test "an image in EFI/NAME with the kernel beside it, and no version or one turned around" {
    new_system
    put boot/efi/EFI/xen/initrd.img
    bzimage "$S/boot/efi/EFI/xen/vmlinuz" $K
    finds 'kernel beside it' /boot/efi/EFI/xen/initrd.img
    bzimage "$S/boot/efi/EFI/xen/vmlinuz" 6.1.0-4
    finds_nothing
    new_system
    echo 6.8.1-1420.native >"$S/proc/sys/kernel/osrelease"
    put boot/EFI/org/initrd-org.native.6.8.1-1420
    bzimage "$S/boot/EFI/org/kernel-org.native.6.8.1-1420" 6.8.1-1420.native
    finds 'kernel beside it' /boot/EFI/org/initrd-org.native.6.8.1-1420
}

# --- Several that fit equally.

@test "the newest before the boot: of two unified kernel images, of one name on two volumes, of three names, of two tokens" {
    new_system
    # newest FILE OTHER...: FILE is the newest that was made before the boot
    newest() {
        local age=10
        for file; do
            older "${file%%\[*}" $age
            age=$((age + 100))
        done
        finds '' "/$1"
        older "${1%%\[*}" -20
        finds '' "/$2"
    }
    for name in a b; do uki efi/EFI/Linux/$name.efi .uname=$K .initrd=$name .cmdline=ro; done
    newest 'efi/EFI/Linux/a.efi[.initrd]' 'efi/EFI/Linux/b.efi[.initrd]'
    newest 'efi/EFI/Linux/b.efi[.initrd]' 'efi/EFI/Linux/a.efi[.initrd]'
    for name in a b c; do put boot/initrd-$name-$K; done
    newest boot/initrd-b-$K boot/initrd-c-$K boot/initrd-a-$K
    for volume in efi boot; do put $volume/initramfs-$K.img; done
    newest efi/initramfs-$K.img boot/initramfs-$K.img
    newest boot/initramfs-$K.img efi/initramfs-$K.img
    rm "$S"/{efi,boot}/initramfs-$K.img
    for token in $MACHINE someos; do put efi/$token/$K/initrd; done
    newest efi/someos/$K/initrd efi/$MACHINE/$K/initrd
    newest efi/$MACHINE/$K/initrd efi/someos/$K/initrd
}

@test "two entries with two files each: the time of the last file" {
    new_system
    for i in a b; do
        entry boot/loader/entries/$i.conf "linux /$i" 'initrd /ucode' "initrd /i-$i" 'options root=/dev/vda2 ro'
        put boot/i-$i
    done
    put boot/ucode
    older boot/ucode 1
    older boot/i-a 10
    older boot/i-b 5
    finds 'fits the kernel command line' /boot/ucode /boot/i-b
}
