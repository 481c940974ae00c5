#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Which image --locate finds, on systems of all kinds. Root, strace, losetup, mkfs.ext4, objcopy and systemd's stub are needed.

load common
load fixture-locate

teardown() {
    [[ -z ${DEVICE-} ]] || losetup --detach "$DEVICE"
    rm -rf --one-file-system "$T"
}

# The leak sanitizer, where there is one, does not work under strace.
no_leaks() {
    ASAN_OPTIONS=detect_leaks=0:${ASAN_OPTIONS-} "$@"
}

# --- A fixture for each row.

@test "IMAGE arguments: from the working directory, in order, and not below the sysroot" {
    new_system
    put one
    put two
    put boot/initrd.img-$K
    cd "$S"
    restore --locate -S "$S" one ./two
    [[ $status == 0 && $(cut -f 1 "$T/stdout") == $'one\n./two' ]]
}

@test "IMAGE arguments: an error names the file" {
    new_system
    put one
    for bad in "$S/none" "$S/boot" /dev/null; do
        restore --locate -S "$S" "$S/one" "$bad"
        [[ $status == 1 && $(lines "$T/stderr") == 1 && ! -s $T/stdout && $said == *"$bad"* ]]
    done
}

@test "IMAGE arguments: a unified kernel image means its initrd; another PE file is an error" {
    new_system
    uki x.efi .initrd=x
    restore --locate "$S/x.efi"
    [[ $status == 0 && $(cut -f 1 "$T/stdout") == "$S/x.efi[.initrd]" ]]
    restore --locate "$STUB"
    [[ $status == 1 && $said == *"$STUB"*"not a unified kernel image"* ]]
}

@test "/sys/firmware/initrd is before all else" {
    new_system
    put sys/firmware/initrd
    variable StubImageIdentifier '\EFI\Linux\a.efi'
    uki efi/EFI/Linux/a.efi .initrd=a
    put boot/initrd.img-$K
    finds retain_initrd /sys/firmware/initrd
}

@test "the image that our dracut module stashed comes next, but not for another kernel" {
    new_system
    put run/dracut-restore/initrd
    variable StubImageIdentifier '\EFI\Linux\a.efi'
    uki efi/EFI/Linux/a.efi .initrd=a
    put boot/initrd.img-$K
    finds restore_stash /run/dracut-restore/initrd
    put boot/initrd.img-6.2
    restore --locate -k 6.2 -S "$S"
    [[ $status == 0 && $said == "$S/boot/initrd.img-6.2"* ]]
    put sys/firmware/initrd
    finds retain_initrd /sys/firmware/initrd
}

@test "StubImageIdentifier names the unified kernel image" {
    new_system
    variable StubImageIdentifier '\EFI\Linux\a.efi'
    variable LoaderImageIdentifier '\EFI\systemd\systemd-bootx64.efi'
    uki efi/EFI/Linux/a.efi .uname=$K .initrd=a
    uki efi/EFI/Linux/b.efi .uname=$K .initrd=b
    put boot/initrd.img-$K
    finds StubImageIdentifier '/efi/EFI/Linux/a.efi[.initrd]'
}

@test "LoaderImageIdentifier names it if the firmware or an older stub started it" {
    new_system
    variable LoaderImageIdentifier '\EFI\Linux\a.efi'
    uki boot/efi/EFI/Linux/a.efi .initrd=a
    finds LoaderImageIdentifier '/boot/efi/EFI/Linux/a.efi[.initrd]'
}

@test "LoaderEntrySelected names an .efi in EFI/Linux" {
    new_system
    variable LoaderImageIdentifier '\EFI\systemd\systemd-bootx64.efi'
    variable LoaderEntrySelected 'someos-1.efi'
    mkdir -p "$S/boot/EFI/systemd"
    cp "$STUB" "$S/boot/EFI/systemd/systemd-bootx64.efi"
    uki boot/EFI/Linux/SomeOS-1+2-1.efi .initrd=a
    uki boot/EFI/Linux/someos-2.efi .initrd=b
    finds LoaderEntrySelected '/boot/EFI/Linux/SomeOS-1+2-1.efi[.initrd]'
}

@test "LoaderEntrySelected names a .conf; all its initrd lines are the image" {
    new_system
    variable LoaderEntrySelected 'a.conf'
    entry boot/loader/entries/a.conf "version $K" 'linux /a/linux' 'initrd /a/microcode' 'initrd /a/initrd' 'options root=/dev/vda2 ro'
    entry boot/loader/entries/b.conf "version $K" 'linux /b/linux' 'initrd /b/initrd' 'options root=/dev/vda2 ro'
    put boot/a/microcode
    put boot/a/initrd
    put boot/b/initrd
    finds LoaderEntrySelected /boot/a/microcode /boot/a/initrd
}

@test "LoaderEntrySelected finds the .conf whose boot counter has changed since" {
    new_system
    variable LoaderEntrySelected 'a.conf'
    entry efi/loader/entries/A+2-1.conf 'linux /a' 'initrd /a' 'options ro'
    entry efi/loader/entries/a+b.conf 'linux /b' 'initrd /b' 'options ro'
    put efi/a
    put efi/b
    finds LoaderEntrySelected /efi/a
}

@test "LoaderEntrySelected is ignored after a kexec into another kernel" {
    new_system
    variable LoaderEntrySelected 'old.conf'
    entry efi/loader/entries/old.conf 'version 5.10' 'linux /vmlinuz-5.10' 'initrd /old' 'options root=/dev/old'
    put efi/old
    put boot/initrd.img-$K
    finds 'kernel version' /boot/initrd.img-$K
}

# Kernels of one system have the same options, as a rule.
@test "after a kexec with the same options: the entry of the kernel that runs" {
    new_system
    for v in 6.1.0-4 $K; do
        entry efi/loader/entries/$MACHINE-$v.conf "version $v" "linux /$MACHINE/$v/linux" "initrd /$MACHINE/$v/initrd" \
            'options root=/dev/vda2 ro'
        put efi/$MACHINE/$v/initrd
    done
    finds 'fits the kernel command line' /efi/$MACHINE/$K/initrd
    variable LoaderEntrySelected $MACHINE-6.1.0-4.conf
    finds 'fits the kernel command line' /efi/$MACHINE/$K/initrd
    # systemd-boot's command line, taken over by kexec.
    echo "initrd=\\$MACHINE\\6.1.0-4\\initrd root=/dev/vda2 ro" >"$S/proc/cmdline"
    finds 'fits the kernel command line' /efi/$MACHINE/$K/initrd
    rm "$S/efi/loader/entries/$MACHINE-$K.conf"
    finds "kernel-install's layout" /efi/$MACHINE/$K/initrd
    # With nothing of this kernel's, what its names say is not believed.
    rm -r "$S/efi/$MACHINE/$K"
    finds LoaderEntrySelected /efi/$MACHINE/6.1.0-4/initrd
    rm -r "$S/sys/firmware/efi/efivars"
    finds 'initrd=' /efi/$MACHINE/6.1.0-4/initrd
    echo 'root=/dev/vda2 ro' >"$S/proc/cmdline"
    finds 'fits the kernel command line' /efi/$MACHINE/6.1.0-4/initrd
}

@test "BOOT_IMAGE= with a number, as by zipl: an entry of another kernel is not used, however specific" {
    new_system 'root=/dev/vda2 ro quiet BOOT_IMAGE=0'
    entry boot/loader/entries/old.conf 'version 6.1.0-4' 'linux /boot/vmlinuz-6.1.0-4' 'initrd /boot/old' 'options root=/dev/vda2 ro quiet'
    entry boot/loader/entries/new.conf "version $K" "linux /boot/vmlinuz-$K" 'initrd /boot/new' 'options root=/dev/vda2 ro'
    put boot/old
    put boot/new
    finds 'fits the kernel command line' /boot/new
    rm "$S/boot/loader/entries/new.conf"
    put usr/lib/modules/$K/initrd
    finds 'kernel version' /lib/modules/$K/initrd
}

@test "a kernel with only a part of its version in its name: BOOT_IMAGE= decides" {
    new_system 'BOOT_IMAGE=/vmlinuz-6.1-x86_64 root=/dev/vda2 ro quiet'
    for v in 5.15 6.1; do
        entry boot/loader/entries/$v.conf "linux /vmlinuz-$v-x86_64" "initrd /initrd-$v" 'options root=/dev/vda2 ro'
        put boot/initrd-$v
    done
    finds 'fits the kernel command line' /boot/initrd-6.1
}

@test "a .conf with a uki line is a unified kernel image, in the profile that it says" {
    new_system
    variable LoaderEntrySelected 'a.conf'
    for key in uki efi; do
        entry efi/loader/entries/a.conf "$key /EFI/Linux/a.efi" "profile 1"
        uki efi/EFI/Linux/a.efi .initrd=base .profile=ID=main .profile=ID=reset .initrd=reset
        finds LoaderEntrySelected '/efi/EFI/Linux/a.efi[.initrd@1]'
    done
}

@test "initrd= on the command line, which systemd-boot puts there" {
    new_system "initrd=\\$MACHINE\\$K\\ucode initrd=\\$MACHINE\\$K\\initrd root=/dev/vda2"
    put efi/$MACHINE/$K/ucode
    put efi/$MACHINE/$K/initrd
    finds 'initrd=' /efi/$MACHINE/$K/ucode /efi/$MACHINE/$K/initrd
}

@test "the entry whose options are all on the command line, the most specific one" {
    new_system 'BOOT_IMAGE=(hd0,gpt2)/vmlinuz-1 root=/dev/vda2 ro quiet debug'
    entry boot/loader/entries/a.conf 'linux /vmlinuz-1' 'initrd /a' 'options root=/dev/vda2 ro'
    entry boot/loader/entries/b.conf 'linux /vmlinuz-1' 'initrd /b' 'options root=/dev/vda2 ro quiet debug'
    entry boot/loader/entries/c.conf 'linux /vmlinuz-1' 'initrd /c' 'options root=/dev/vda2 ro quiet debug single'
    entry boot/loader/entries/d.conf 'linux /vmlinuz-2' 'initrd /d' 'options root=/dev/vda2 ro quiet debug'
    entry boot/loader/entries/e.conf 'linux /vmlinuz-1' 'initrd /e' 'options root=/dev/vda2 ro quiet'
    for i in a b c d e; do put boot/$i; done
    finds 'fits the kernel command line' /boot/b
}

@test "entries that fit equally: the one of this kernel, by version or by the file's name" {
    new_system
    for v in 6.1.0 $K 6.1.0-56; do
        entry efi/loader/entries/$MACHINE-$v.conf 'linux /linux' "initrd /$v" 'options root=/dev/vda2 ro'
        put efi/$v
    done
    finds 'fits the kernel command line' /efi/$K
    for v in 6.1.0 $K 6.1.0-56; do
        rm "$S/efi/loader/entries/$MACHINE-$v.conf"
        entry efi/loader/entries/${v//[!0-9]/x}.conf "version $v" 'linux /linux' "initrd /$v" 'options root=/dev/vda2 ro'
    done
    finds 'fits the kernel command line' /efi/$K
}

@test "entries of other kernels only, with the same options: none" {
    new_system
    for v in 5.10 5.11; do
        entry boot/loader/entries/$v.conf "version $v" "linux /vmlinuz-$v" "initrd /$v" 'options root=/dev/vda2 ro'
        put boot/$v
    done
    finds_nothing
}

@test "an entry beside its fallback" {
    new_system
    entry boot/loader/entries/arch.conf 'linux /vmlinuz-linux' 'initrd /initramfs-linux.img' 'options root=/dev/vda2 ro'
    entry boot/loader/entries/arch-fallback.conf 'linux /vmlinuz-linux' 'initrd /initramfs-linux-fallback.img' 'options root=/dev/vda2 ro'
    put boot/initramfs-linux.img
    put boot/initramfs-linux-fallback.img
    finds 'fits the kernel command line' /boot/initramfs-linux.img
}

@test "an entry's paths where /boot is part of the root file system, or of a subvolume" {
    for path in /boot/i /root/boot/i /@/.snapshots/1/snapshot/boot/i; do
        new_system
        entry boot/loader/entries/a.conf 'linux /boot/vmlinuz' "initrd $path" 'options ro'
        put boot/i
        finds 'fits the kernel command line' /boot/i
    done
}

@test "kernel-install's layout, with a token from each source, on each volume" {
    for token in own-token $MACHINE Default some-image someos; do
        for where in efi boot boot/efi; do
            new_system
            echo own-token >"$S/etc/kernel-entry-token"
            [[ $token != own-token ]] || entry etc/kernel/entry-token own-token
            put $where/$token/$K/initrd
            put $where/$token/6.1.0-56/initrd
            finds "kernel-install" /$where/$token/$K/initrd
        done
    done
}

@test "by version, each of the places, in their order" {
    new_system
    files=(lib/modules/$K/initrd lib/modules/$K/initramfs.img boot/initramfs-$K.img boot/initrd.img-$K boot/initrd-$K
        boot/initrd-$K.img boot/ostree/os-abc/initramfs-$K.img boot/initramfs-x86_64-$K.img)
    for file in "${files[@]}"; do put $file; done
    put boot/initrd.img
    for file in "${files[@]}"; do
        finds 'kernel version' /$file
        rm "$S/$file"
    done
    finds 'default name' /boot/initrd.img
}

@test "by version: a unified kernel image with this .uname and a command line that fits" {
    new_system 'root=/dev/vda2 ro composefs=abc'
    uki efi/EFI/Linux/a.efi .uname=6.1.0-56 .initrd=a .cmdline='composefs=abc'
    uki efi/EFI/Linux/b-$K.efi .uname=$K .initrd=b .cmdline='composefs=def'
    uki efi/EFI/Linux/deep/c.efi .uname=$K .initrd=c .cmdline='root=/dev/other composefs=abc'
    uki efi/EFI/Linux/d.efi .initrd=d
    finds 'unified kernel image of the kernel version' '/efi/EFI/Linux/deep/c.efi[.initrd]'
    uki efi/EFI/Linux/a.efi .uname=$K .initrd=a .cmdline='ro composefs=abc'
    finds 'unified kernel image of the kernel version' '/efi/EFI/Linux/a.efi[.initrd]'
}

@test "by the kernel's name in BOOT_IMAGE=, by its package, by default names" {
    new_system 'BOOT_IMAGE=/boot/vmlinuz-linux-lts root=/dev/vda2'
    put boot/initramfs-linux.img
    put boot/initrd.img
    put initrd.img
    put boot/initramfs-linux-lts.img
    finds BOOT_IMAGE /boot/initramfs-linux-lts.img
    : >"$S/proc/cmdline"
    entry lib/modules/$K/pkgbase linux-lts
    finds package /boot/initramfs-linux-lts.img
    rm "$S/boot/initramfs-linux-lts.img"
    for file in boot/initramfs-linux.img boot/initrd.img initrd.img; do
        finds 'default name' /$file
        rm "$S/$file"
    done
    finds_nothing
}

# --- A fixture for each known report.

@test "dracutdevs 1628: /boot/Default despite a machine-id" {
    new_system
    mkdir -p "$S/boot/loader/entries" "$S/boot/$MACHINE"
    put boot/Default/$K/initrd
    finds "kernel-install" /boot/Default/$K/initrd
}

@test "dracutdevs 1840: an empty /efi/loader/entries, the image elsewhere" {
    new_system
    mkdir -p "$S/efi/loader/entries" "$S/efi/$MACHINE"
    put boot/initramfs-$K.img
    finds 'kernel version' /boot/initramfs-$K.img
}

@test "dracutdevs 1463, 2255: a plain image, one without an early part" {
    new_system
    put boot/initramfs-$K.img
    finds 'kernel version' /boot/initramfs-$K.img
    newc image 'compress("zstd -15", archive(entry("main")))' >"$S/boot/initramfs-$K.img"
    finds 'kernel version' /boot/initramfs-$K.img
    newc image 'early() + compress("zstd -15", archive(entry("main")))' >"$S/boot/initramfs-$K.img"
    finds 'kernel version' /boot/initramfs-$K.img
}

@test "dracutdevs 2656, dracut-ng 514: ostree with two deployments, the booted one second" {
    local boot=/ostree/boot.1/os/bbb/0

    new_system "BOOT_IMAGE=(hd0,gpt3)/ostree/os-bbb/vmlinuz-$K root=UUID=1 rw ostree=$boot"
    for i in 1:bbb 2:aaa; do
        entry boot/loader.1/entries/ostree-${i%:*}.conf "version ${i%:*}" "linux /ostree/os-${i#*:}/vmlinuz-$K" \
            "initrd /ostree/os-${i#*:}/initramfs-$K.img" "options root=UUID=1 rw ostree=/ostree/boot.1/os/${i#*:}/0"
        put boot/ostree/os-${i#*:}/initramfs-$K.img
    done
    ln -s loader.1 "$S/boot/loader"
    finds 'fits the kernel command line' /boot/ostree/os-bbb/initramfs-$K.img

    # An update during the uptime: the entries are in loader.0 now, and name boot.0.
    mv "$S/boot/loader.1" "$S/boot/loader.0"
    ln -sfn loader.0 "$S/boot/loader"
    sed -i s/boot.1/boot.0/ "$S"/boot/loader.0/entries/*
    finds 'fits the kernel command line' /boot/ostree/os-bbb/initramfs-$K.img

    # The link is missing.
    rm "$S/boot/loader"
    finds 'fits the kernel command line' /boot/ostree/os-bbb/initramfs-$K.img

    # An entry that is no deployment's has all its options on the command line, but is not what booted.
    rm "$S"/boot/loader.0/entries/*
    entry boot/loader.0/entries/plain.conf "version $K" "linux /ostree/os-bbb/vmlinuz-$K" 'initrd /plain' 'options root=UUID=1 rw'
    put boot/plain
    finds 'ostree deployment' /boot/ostree/os-bbb/initramfs-$K.img

    # No entries at all.
    rm -r "$S/boot/loader.0"
    finds 'ostree deployment' /boot/ostree/os-bbb/initramfs-$K.img
    rm -r "$S/boot/ostree/os-bbb"
    finds 'kernel version' /boot/ostree/os-aaa/initramfs-$K.img
}

@test "composefs: a unified kernel image, and no /boot at all" {
    new_system 'root=UUID=1 rw composefs=bbb'
    rmdir "$S/boot"
    for i in aaa bbb ccc; do
        uki efi/EFI/Linux/bootc/$i.efi .uname=$K .cmdline="root=UUID=1 rw composefs=$i" .initrd=$i
        entry efi/loader/entries/bootc-$i.conf 'version 1' "efi /EFI/Linux/bootc/$i.efi"
    done
    finds 'fits the kernel command line' '/efi/EFI/Linux/bootc/bbb.efi[.initrd]'
    rm -r "$S/efi/loader"
    finds 'unified kernel image of the kernel version' '/efi/EFI/Linux/bootc/bbb.efi[.initrd]'
    # The one that the stub names is another deployment's: it did not boot this.
    variable StubImageIdentifier '\EFI\Linux\bootc\ccc.efi'
    finds 'unified kernel image of the kernel version' '/efi/EFI/Linux/bootc/bbb.efi[.initrd]'
    variable StubImageIdentifier '\EFI\Linux\bootc\bbb.efi'
    finds StubImageIdentifier '/efi/EFI/Linux/bootc/bbb.efi[.initrd]'
}

@test "GRUB's entries with variables, and two initrd lines" {
    new_system "BOOT_IMAGE=(hd0,msdos1)/vmlinuz-$K root=/dev/mapper/rhel-root ro crashkernel=auto"
    entry boot/loader/entries/$MACHINE-$K.conf "version $K" "linux /vmlinuz-$K" 'initrd /ucode.img' \
        "initrd /initramfs-$K.img \$tuned_initrd" 'options $kernelopts $tuned_params'
    entry boot/loader/entries/$MACHINE-0-rescue.conf 'version 0-rescue' 'linux /vmlinuz-0-rescue' \
        'initrd /initramfs-0-rescue.img' 'options $kernelopts'
    for file in ucode.img initramfs-$K.img initramfs-0-rescue.img tuned.img; do put boot/$file; done
    finds 'fits the kernel command line' /boot/ucode.img /boot/initramfs-$K.img
    entry boot/grub2/grubenv '# GRUB Environment Block' 'kernelopts=root=/dev/mapper/rhel-root ro' 'tuned_initrd=/tuned.img' '####'
    finds 'fits the kernel command line' /boot/ucode.img /boot/initramfs-$K.img /boot/tuned.img
}

@test "a kdump, a rescue, a fallback image and backups beside the real one" {
    new_system
    for name in initramfs-${K}kdump.img initrd-kdump-$K.img initramfs-0-rescue-$MACHINE.img initramfs-rescue-$K.img \
        initramfs-$K-fallback.img initramfs-$K.img.old initrd.img-$K.bak initrd.img-$K~ initrd-a-kdump-$K; do
        put boot/$name
    done
    finds_nothing
    put boot/initramfs-x-$K.img
    finds 'kernel version' /boot/initramfs-x-$K.img
}

@test "three kernels whose versions are prefixes of each other" {
    for form in 'initramfs-%.img' 'initrd.img-%' 'initrd-%' 'initrd-x-%.img'; do
        for have in 6.1.0-5 6.1.0-56 6.1.0; do
            new_system
            for v in 6.1.0 6.1.0-5 6.1.0-56; do
                put "boot/${form//%/$v}"
            done
            echo $have >"$S/proc/sys/kernel/osrelease"
            finds 'kernel version' "/boot/${form//%/$have}"
            rm "$S/boot/${form//%/$have}"
            finds_nothing
        done
    done
}

@test "machine-id without a newline, with CRLF, empty, uninitialized, missing" {
    for id in "$MACHINE" "$MACHINE\r\n" '' 'uninitialized\n' '\n'; do
        new_system
        printf "$id" >"$S/etc/machine-id"
        put boot/initrd.img-$K
        if [[ $id == "$MACHINE"* ]]; then
            put efi/$MACHINE/$K/initrd
            finds "kernel-install" /efi/$MACHINE/$K/initrd
        else
            mkdir -p "$S/efi/uninitialized/$K"
            cp "$S/boot/initrd.img-$K" "$S/efi/uninitialized/$K/initrd"
            finds 'kernel version' /boot/initrd.img-$K
        fi
    done
    rm "$S/etc/machine-id"
    finds 'kernel version' /boot/initrd.img-$K
}

@test "an entry with CRLF, blanks, a byte order mark, duplicate keys, // in its path" {
    new_system
    entry boot/loader/entries/a.conf $'\xef\xbb\xbfversion 1\r' $'version\t'"$K"$'  \r' 'linux /wrong' $'linux //linux\r' \
        $'options root=/dev/vda2  \r' $'  initrd   //d//i\t \r' '' '#' 'x' $'options ro\r'
    put boot/d/i
    finds 'fits the kernel command line' /boot/d//i
}

@test "other types of files where regular ones are expected do no harm" {
    new_system
    mkdir -p "$S"/boot/loader/entries/{dir.conf,x} "$S/boot/initramfs-$K.img" "$S/efi/EFI/Linux/x.efi" "$S/etc/kernel"
    ln -s /nowhere "$S/boot/loader/entries/dangling.conf"
    ln -s loop.conf "$S/boot/loader/entries/loop.conf"
    mkfifo "$S/boot/loader/entries/fifo.conf" "$S/boot/initrd.img-$K" "$S/etc/kernel/entry-token"
    head -c 100000 /dev/zero >"$S/boot/loader/entries/zero.conf"
    printf 'initrd' >"$S/boot/loader/entries/short.conf"
    printf 'linux\0/x\ninitrd\0/x' >"$S/boot/loader/entries/nul.conf"
    entry boot/loader/entries/none.conf 'linux /x' 'initrd /none' 'options ro'
    entry boot/loader/entries/up.conf 'linux /x' 'initrd /../../../../../../etc/passwd' 'options ro'
    ln -s nowhere "$S/boot/initrd-$K"
    mkdir -p "$S/dev"
    mknod "$S/dev/null" c 1 3
    ln -s /dev/null "$S/boot/initrd-null-$K"
    echo text >"$S/boot/initrd-$K.img"
    : >"$S/boot/initrd-empty-$K"
    head -c 4096 /dev/zero >"$S/boot/initrd-zero-$K"
    put boot/initrd-good-$K
    finds 'kernel version' /boot/initrd-good-$K
    no_leaks strace -y -o "$T/trace" -e trace=open,openat,openat2 "$RESTORE" --locate -S "$S" >"$T/stdout"
    grep -q 'O_PATH.*= .*/dev/null>' "$T/trace"
    [[ -z $(grep -v O_PATH "$T/trace" | grep -E '= .*(fifo.conf|/null|entry-token|initrd.img-)') ]] # not even opened
}

@test "absolute symlinks and .. stay below the sysroot" {
    new_system
    put real
    mkdir -p "$S/boot"
    ln -s /real "$S/boot/initrd.img-$K"
    finds 'kernel version' /boot/initrd.img-$K
    ln -sf ../../../../../../../../../real "$S/boot/initrd.img-$K"
    finds 'kernel version' /boot/initrd.img-$K
    ln -sf "$T/outside" "$S/boot/initrd.img-$K"
    newc image 'archive(entry("outside"))' >"$T/outside"
    finds_nothing
}

@test "a candidate that cannot be read gives way to the next" {
    new_system
    variable StubImageIdentifier '\EFI\Linux\a.efi'
    uki efi/EFI/Linux/a.efi .initrd=a .uname=$K
    # Up to some bytes into its .initrd.
    truncate -s $((16#$(objdump -h "$S/efi/EFI/Linux/a.efi" | awk '$2 == ".initrd" { print $6 }') + 10)) "$S/efi/EFI/Linux/a.efi"
    echo garbage >"$S/boot/initramfs-$K.img"
    put boot/initrd-$K
    finds 'kernel version' /boot/initrd-$K
}

@test "a damaged candidate gives way to one of its size with the same microcode in front" {
    new_system
    newc image "archive(entry('kernel/x', data='y'))" >"$S/boot/ucode.img"
    exitrd "$S/boot/a.img" good
    { head -c 100 "$S/boot/a.img"; printf X; tail -c +102 "$S/boot/a.img"; } >"$S/boot/b.img"
    for name in a b; do
        entry boot/loader/entries/$name.conf "version $K" 'initrd /ucode.img' "initrd /$name.img" 'options root=/dev/vda2 ro'
    done
    older boot/b.img 10
    older boot/a.img 100
    finds 'fits the kernel command line' /boot/ucode.img /boot/b.img
    mkdir -p "$S/run/initramfs"
    restore -f -S "$S"
    [[ $status == 0 && $(lines "$T/stderr") == 1 && -e $S/run/initramfs/good ]]
    umount "$S/run/initramfs"
}

@test "--kver: another kernel's own entry, or a file with its version" {
    new_system
    put sys/firmware/initrd
    variable LoaderEntrySelected $K.conf
    for v in $K 6.2; do
        entry efi/loader/entries/$v.conf "version $v" "linux /$v" "initrd /$v" 'options root=/dev/vda2 ro'
        put efi/$v
        put boot/initrd.img-$v
    done
    locate -k $K
    [[ $status == 0 && $said == "$S/sys/firmware/initrd"* ]]
    locate -k 6.2
    [[ $status == 0 && $said == "$S/efi/6.2"* ]]
    rm -r "$S/efi"
    locate -k 6.2
    [[ $status == 0 && $said == "$S/boot/initrd.img-6.2"* ]]
}

@test "a boot configuration after the image is cut off" {
    new_system
    put boot/initrd.img-$K
    python3 -c 'import struct, sys
data = b"kernel.x = 1\0\0\0\0"
sys.stdout.buffer.write(data + struct.pack("<II", len(data), sum(data)) + b"#BOOTCONFIG\n")' >"$T/config"
    head -c 4096 /dev/zero | cat - "$T/config" >"$S/boot/initramfs-$K.img"
    finds 'kernel version' /boot/initrd.img-$K
}

# --- What the field has: two systems at least for each kind that was not found, or found wrongly.

@test "a directory called after the kernel's package: Limine's tools, and others" {
    local P=linux-cachyos-lts

    new_system 'quiet rw root=UUID=6e40'
    entry lib/modules/$K/pkgbase $P
    put boot/initramfs-$P.img # stale
    put boot/$MACHINE/$P/initramfs-$P
    put boot/$MACHINE/$P/initramfs-$P-fallback
    finds 'directory of the kernel' /boot/$MACHINE/$P/initramfs-$P
    rm -r "$S/boot/$MACHINE"
    put efi/someos/$P/initramfs
    finds 'directory of the kernel' /efi/someos/$P/initramfs
    # An image there that is called after another kernel, or whose kernel is another.
    mv "$S/efi/someos/$P/initramfs" "$S/efi/someos/$P/initrd-6.1.0-4"
    finds "kernel's package" /boot/initramfs-$P.img
    put efi/someos/$P/initrd.img
    bzimage "$S/efi/someos/$P/vmlinuz" 6.1.0-6
    finds "kernel's package" /boot/initramfs-$P.img
    bzimage "$S/efi/someos/$P/vmlinuz" $K
    finds 'directory of the kernel' /efi/someos/$P/initrd.img
}

@test "names that begin differently: Elemental, Alpine, Raspberry Pi" {
    new_system 'BOOT_IMAGE=(loop0)/boot/vmlinuz root=LABEL=COS_STATE'
    put boot/elemental.initrd-$K
    put boot/elemental.initrd-6.1.0-56
    ln -s elemental.initrd-6.1.0-56 "$S/boot/initrd"
    finds 'kernel version' /boot/elemental.initrd-$K
    rm "$S/boot/elemental.initrd-$K"
    finds BOOT_IMAGE /boot/initrd

    new_system 'root=/dev/vda2'
    echo 6.6.8-0-lts >"$S/proc/sys/kernel/osrelease"
    put boot/initramfs-lts
    put boot/initramfs-virt
    finds "end of the kernel's version" /boot/initramfs-lts
    echo 'BOOT_IMAGE=vmlinuz-virt' >"$S/proc/cmdline"
    finds BOOT_IMAGE /boot/initramfs-virt
    bzimage "$S/boot/vmlinuz-virt" 6.6.8-0-virt # says which it is
    finds "end of the kernel's version" /boot/initramfs-lts

    new_system 'root=/dev/mmcblk0p2'
    echo 6.6.31+rpt-rpi-v8 >"$S/proc/sys/kernel/osrelease"
    put boot/firmware/initramfs8
    put boot/firmware/initramfs_2712
    finds "end of the kernel's version" /boot/firmware/initramfs8
    echo 6.6.31+rpt-rpi-2712 >"$S/proc/sys/kernel/osrelease"
    finds "end of the kernel's version" /boot/firmware/initramfs_2712
    put boot/firmware/initramfs
    echo 6.1.21-v8+ >"$S/proc/sys/kernel/osrelease"
    finds "end of the kernel's version" /boot/firmware/initramfs8
    rm "$S/boot/firmware/initramfs8" "$S/boot/firmware/initramfs"
    echo 6.6.31-custom >"$S/proc/sys/kernel/osrelease"
    finds 'the only image' /boot/firmware/initramfs_2712
}

@test "the only image is for a special boot or another kernel: not used" {
    for name in initramfs-rescue initrd-6.2 elemental.initrd-6.1.0-56 initramfs.old; do
        new_system
        put boot/$name
        finds_nothing
    done
}

@test "a unified kernel image of this kernel with another command line comes after all that fit" {
    # A boot menu's image has started the same kernel by kexec.
    new_system 'root=zfs:rpool/ROOT ro'
    uki efi/EFI/ZBM/VMLINUZ.EFI .uname=$K .cmdline='quiet zbm.prefer=rpool' .initrd=menu
    variable StubImageIdentifier '\EFI\ZBM\VMLINUZ.EFI'
    put boot/initramfs-$K.img
    finds 'kernel version' /boot/initramfs-$K.img
    rm "$S/boot/initramfs-$K.img"
    put boot/initramfs-x.img
    rm "$S/boot/initramfs-x.img"
    finds StubImageIdentifier '/efi/EFI/ZBM/VMLINUZ.EFI[.initrd]'

    # Two of the same kernel; a kexec went from one to the other.
    new_system 'root=UUID=2 ro'
    uki efi/EFI/Linux/a.efi .uname=$K .cmdline='root=UUID=1 ro' .initrd=a
    uki efi/EFI/Linux/b.efi .uname=$K .cmdline='root=UUID=2 ro' .initrd=b
    variable LoaderEntrySelected a.efi
    finds 'unified kernel image of the kernel version' '/efi/EFI/Linux/b.efi[.initrd]'
    rm "$S/efi/EFI/Linux/b.efi"
    finds LoaderEntrySelected '/efi/EFI/Linux/a.efi[.initrd]'
}

@test "initrd= names a file that an upgrade has replaced since the boot" {
    for selected in yes no; do
        new_system 'initrd=\x\initrd.img root=UUID=1 ro'
        mkdir -p "$S/efi/x"
        bzimage "$S/efi/x/vmlinuz.efi" ${K}6
        bzimage "$S/efi/x/vmlinuz-previous.efi" $K
        for name in initrd.img initrd.img-previous; do put efi/x/$name; done
        entry efi/loader/entries/current.conf 'linux /x/vmlinuz.efi' 'initrd /x/initrd.img' 'options root=UUID=1 ro'
        entry efi/loader/entries/old.conf 'linux /x/vmlinuz-previous.efi' 'initrd /x/initrd.img-previous' 'options root=UUID=1 ro'
        [[ $selected == no ]] || variable LoaderEntrySelected current.conf
        finds 'fits the kernel command line' /efi/x/initrd.img-previous
        rm "$S/efi/loader/entries/old.conf"
        put boot/initrd.img-$K
        finds 'kernel version' /boot/initrd.img-$K
    done
    # With no entry the kernel beside it tells.
    rm -r "$S/efi/loader"
    finds 'kernel version' /boot/initrd.img-$K
    bzimage "$S/efi/x/vmlinuz.efi" $K
    finds 'initrd=' /efi/x/initrd.img
}

@test "initrd= by the EFI stub's rules: from the volume's root, with or without a slash, as rEFInd has it" {
    new_system 'root=PARTUUID=61a5 rw initrd=intel-ucode.img initrd=dracut-linux-zen.img'
    put boot/intel-ucode.img
    put boot/dracut-linux-zen.img
    finds 'initrd=' /boot/intel-ucode.img /boot/dracut-linux-zen.img
    echo 'root=1 initrd=EFI/arch/x.img' >"$S/proc/cmdline"
    put efi/EFI/arch/x.img
    finds 'initrd=' /efi/EFI/arch/x.img
    for path in '@\boot\dracut-linux-zen.img' '@\root\boot\dracut-linux-zen.img' '@boot/dracut-linux-zen.img'; do
        echo "initrd=$path" >"$S/proc/cmdline"
        finds 'initrd=' /boot/dracut-linux-zen.img
    done
    # A name that a network loader or syslinux resolves in its own way.
    echo 'BOOT_IMAGE=linux initrd=dracut-linux-zen.img' >"$S/proc/cmdline"
    put boot/initrd.img
    finds BOOT_IMAGE /boot/initrd.img
}

@test "the firmware's own entry names the unified kernel image, or the partition of initrd=" {
    local uuid=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee

    new_system 'root=/dev/vda2 ro'
    S=$T/esp uki EFI/Gentoo/gentoo.efi .initrd=a .uname=$K
    mkdir "$T/esp/k"
    S=$T/esp put k/initrd
    partition "$T/esp" $uuid
    firmware_entry $uuid '\EFI\Gentoo\gentoo.efi'
    mounts_unchanged BootCurrent "$S/dev/disk/by-partuuid/$uuid:/EFI/Gentoo/gentoo.efi[.initrd]"
    # A kexec has happened since: the options are others.
    firmware_entry $uuid '\EFI\Gentoo\gentoo.efi' 'root=/dev/other'
    put boot/initrd.img-$K
    finds 'kernel version' /boot/initrd.img-$K
    firmware_entry $uuid '\k\vmlinuz' 'root=/dev/vda2 ro initrd=\k\initrd'
    echo 'root=/dev/vda2 ro initrd=\k\initrd' >"$S/proc/cmdline"
    finds 'initrd=' "/dev/disk/by-partuuid/$uuid:/k/initrd"
}

@test "a malformed, cut off or missing firmware entry does no harm" {
    new_system
    put boot/initrd.img-$K
    firmware_entry aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee '\EFI\x.efi'
    for size in 0 3 4 6 9 20 30 60 80; do
        truncate -s $size "$S"/sys/firmware/efi/efivars/Boot001A-*
        finds 'kernel version' /boot/initrd.img-$K
    done
    rm "$S"/sys/firmware/efi/efivars/Boot001A-*
    finds 'kernel version' /boot/initrd.img-$K
}

@test "a live system: the image is on the medium" {
    for f in images/pxeboot/initrd.img:/images/pxeboot/vmlinuz boot/initrd:/boot/vmlinuz boot/x86_64/loader/initrd:/boot/x86_64/loader/linux \
        isolinux/initrd.img:0 live/initrd.img-$K:linux casper/initrd:0 boot/aarch64/initrd:/boot/aarch64/linux ppc/ppc64/initrd.img:0 os/initrd:0; do
        new_system "BOOT_IMAGE=${f#*:} root=live:CDLABEL=x rd.live.image"
        put run/initramfs/live/${f%%:*}
        put boot/initramfs-$K.img # of the root file system on the medium
        put run/initramfs/live/${f%/*}/initrd-rescue.img
        finds 'medium of the live system' /run/initramfs/live/${f%%:*}
    done
    # The medium has two kernels: BOOT_IMAGE= tells.
    new_system 'BOOT_IMAGE=/boot/b/vmlinuz root=live:CDLABEL=x'
    put run/initramfs/live/boot/a/initrd
    put run/initramfs/live/boot/b/initrd
    finds 'medium of the live system' /run/initramfs/live/boot/b/initrd
    # So do entries and initrd=.
    echo 'BOOT_IMAGE=/boot/kernel initrd=/boot/initrd.img root=live:CDLABEL=x' >"$S/proc/cmdline"
    put run/initramfs/live/boot/initrd.img
    finds 'initrd=' /run/initramfs/live/boot/initrd.img
}

@test "words after the version, if no other kernel's version begins so" {
    for name in initramfs-$K-dracut.img initrd-$K-hostonly.img initrd.img-$K.dracut initrd$K initramfs_$K-my.own.img; do
        new_system
        put boot/$name
        finds 'kernel version' /boot/$name
        for other in lib/modules/$K-dracut/x boot/vmlinuz-$K-hostonly boot/vmlinuz-$K.dracut boot/vmlinuz-$K-my; do
            put $other
        done
        if [[ $name == initrd$K ]]; then
            finds 'kernel version' /boot/$name
        else
            finds_nothing
        fi
    done
}

@test "words after the version that mark a copy" {
    for end in .dpkg-new .rpmsave .orig -backup .new .tmp '~' -2 .1 6; do
        new_system
        put "boot/initramfs-$K.img$end"
        put "boot/initrd-$K$end"
        finds_nothing
    done
}

@test "initrdname= in dracut's configuration" {
    new_system
    put boot/initrd-$K
    put boot/initramfs-mine-$K-x
    entry usr/lib/dracut/dracut.conf.d/01-dist.conf 'initrdname="initramfs-${kernel}.img"'
    entry etc/dracut.conf.d/my.conf '# mine' 'initrdname="initramfs-mine-${kernel}-x"'
    finds initrdname /boot/initramfs-mine-$K-x
    # One of which more is not known is passed over.
    entry etc/dracut.conf.d/my.conf 'initrdname="initramfs-$(date)-${kernel}"'
    finds 'kernel version' /boot/initrd-$K
}

@test "the initrds of addons, as systemd's stub appends them" {
    new_system
    variable StubImageIdentifier '\EFI\Linux\a.efi'
    uki efi/EFI/Linux/a.efi .uname=$K .initrd=a
    uki efi/EFI/Linux/a.efi.extra.d/b.addon.efi .initrd=b
    uki efi/EFI/Linux/a.efi.extra.d/a.addon.efi .initrd=c .uname=$K
    uki efi/EFI/Linux/a.efi.extra.d/other.addon.efi .initrd=d .uname=6.2
    uki efi/EFI/Linux/a.efi.extra.d/text.addon.efi .cmdline=x
    uki efi/loader/addons/z.addon.efi .initrd=e
    echo text >"$S/efi/loader/addons/bad.addon.efi"
    finds StubImageIdentifier '/efi/EFI/Linux/a.efi[.initrd]' '/efi/loader/addons/z.addon.efi[.initrd]' \
        '/efi/EFI/Linux/a.efi.extra.d/a.addon.efi[.initrd]' '/efi/EFI/Linux/a.efi.extra.d/b.addon.efi[.initrd]'
}

@test "the initrds of addons that an entry's extra lines name" {
    new_system
    uki efi/x/a.efi .uname=$K .initrd=a
    uki efi/x/b.addon.efi .initrd=b
    put efi/x/c.cred
    entry efi/loader/entries/a.conf 'uki /x/a.efi' 'extra /x/b.addon.efi' 'extra /x/c.cred' 'options root=/dev/vda2'
    finds 'fits the kernel command line' '/efi/x/a.efi[.initrd]' '/efi/x/b.addon.efi[.initrd]'
}

@test "a unified kernel image whose only initrd comes from an addon is restored" {
    new_system
    variable LoaderEntrySelected a.efi
    exitrd "$T/initrd" addon
    uki efi/EFI/Linux/a.efi .uname=$K
    uki efi/EFI/Linux/a.efi.extra.d/i.addon.efi .initrd=@"$T/initrd"
    finds LoaderEntrySelected '/efi/EFI/Linux/a.efi.extra.d/i.addon.efi[.initrd]'
    restores_exitrd addon
}

@test "U-Boot's header before an image, and several files behind one" {
    new_system
    exitrd "$T/initrd" uboot
    mkdir -p "$S/boot"
    uboot 3 "$T/initrd" >"$S/boot/uInitrd-$K"
    finds 'kernel version' /boot/uInitrd-$K
    restores_exitrd uboot
    echo kernel >"$T/kernel"
    echo tree >"$T/dtb"
    for files in "$T/kernel $T/initrd" "$T/kernel $T/initrd $T/dtb"; do
        uboot 4 $files >"$S/boot/uInitrd-$K"
        restores_exitrd uboot
    done
    mv "$S/boot/uInitrd-$K" "$S/boot/uInitrd"
    finds 'default name' /boot/uInitrd
    restore -C "$T/out" "$S/boot/uInitrd"
    succeeded
    cmp "$T/random.uboot" "$T/out/uboot"
}

@test "U-Boot's header with sizes beyond the file" {
    new_system
    put i
    uboot 4 "$S/i" >"$S/boot/initrd-$K" # no initrd among the files
    finds_nothing
    uboot 3 "$S/i" >"$S/boot/initrd-$K"
    truncate -s -4 "$S/boot/initrd-$K"
    finds_nothing
    truncate -s 30 "$S/boot/initrd-$K"
    finds_nothing
}

@test "images in a directory below EFI: Xen's, and the kernel's EFI stub's" {
    new_system
    echo 4.4.31-11.pvops.qubes.x86_64 >"$S/proc/sys/kernel/osrelease"
    put boot/efi/EFI/qubes/initramfs-4.4.31-11.pvops.qubes.x86_64.img
    put boot/efi/EFI/qubes/initramfs-4.4.31-1.pvops.qubes.x86_64.img
    finds 'kernel version' /boot/efi/EFI/qubes/initramfs-4.4.31-11.pvops.qubes.x86_64.img
    new_system
    put efi/EFI/Gentoo/initramfs-$K.img
    finds 'kernel version' /efi/EFI/Gentoo/initramfs-$K.img
    new_system
    put efi/EFI/xen/initrd-$K-dracut.img
    finds 'kernel version' /efi/EFI/xen/initrd-$K-dracut.img
}

@test "a linux line that names a unified kernel image" {
    new_system
    uki efi/EFI/Linux/a.efi .uname=$K .initrd=a
    entry efi/loader/entries/a.conf 'linux /EFI/Linux/a.efi' 'options root=/dev/vda2 ro'
    variable LoaderEntrySelected a.conf
    finds LoaderEntrySelected '/efi/EFI/Linux/a.efi[.initrd]'
    rm -r "$S/sys"
    finds 'fits the kernel command line' '/efi/EFI/Linux/a.efi[.initrd]'
    # One of another kernel, and one that has no initrd.
    uki efi/x.efi .uname=6.2 .initrd=x
    entry efi/loader/entries/x.conf 'linux /x.efi' 'options root=/dev/vda2 ro'
    finds 'fits the kernel command line' '/efi/EFI/Linux/a.efi[.initrd]'
    rm "$S/efi/loader/entries/a.conf"
    put boot/initrd-$K
    finds 'kernel version' /boot/initrd-$K
}

@test "several that fit equally: the newest that is older than the boot" {
    new_system
    put boot/initrd-$K
    put boot/initramfs-$K.img
    older boot/initrd-$K 100
    older boot/initramfs-$K.img 200
    finds 'kernel version' /boot/initrd-$K
    older boot/initrd-$K 300
    finds 'kernel version' /boot/initramfs-$K.img
    older boot/initramfs-$K.img -100 # made after the boot
    finds 'kernel version' /boot/initrd-$K
    restore --locate -v -S "$S"
    grep -F "/boot/initrd-$K: chosen: kernel version; of this kernel; older than the boot" "$T/stdout"
}

@test "two equal entries: their images' times decide; a single image is used even if it is newer than the boot" {
    new_system
    for i in a b c; do
        entry boot/loader/entries/$i.conf "linux /$i" "initrd /i-$i" 'options root=/dev/vda2 ro'
        put boot/i-$i
        older boot/i-$i -50
    done
    older boot/i-b 10
    finds 'fits the kernel command line' /boot/i-b
    # Not with a part of an image.
    entry boot/loader/entries/b.conf 'linux /b' 'initrd /i-b' 'initrd /none' 'options root=/dev/vda2 ro'
    older boot/i-a 20
    finds 'fits the kernel command line' /boot/i-a
    rm "$S"/boot/loader/entries/[ab].conf
    finds 'fits the kernel command line' /boot/i-c
    # It was made anew; another kernel's is older, and never right.
    new_system
    put boot/initrd.img-$K
    put boot/initrd.img-6.1.0-4
    older boot/initrd.img-$K -50
    older boot/initrd.img-6.1.0-4 50
    finds 'kernel version' /boot/initrd.img-$K
}

@test "several that fit equally: the identifier that the boot left in /run/initramfs decides" {
    local id

    new_system
    for id in one two; do
        newc image "archive(entry('kernel', mode=DIR | 0o755), entry('kernel/restore/id', data='$id\\n')) +
            compress('gzip', archive(entry('$id')))" >"$T/$id"
    done
    for order in one:two two:one; do
        cp "$T/${order%:*}" "$S/boot/initramfs-$K.img"
        cp "$T/${order#*:}" "$S/boot/initrd-$K"
        older boot/initramfs-$K.img 100
        older boot/initrd-$K 200
        entry run/initramfs/.image-id one
        [[ $order == one:two ]] && found=initramfs-$K.img || found=initrd-$K
        finds 'kernel version' /boot/$found
        restore --locate -v -S "$S"
        grep -F "/boot/$found: chosen: kernel version; of this kernel; its identifier is the one of the boot" "$T/stdout"
    done
    # It was made anew since: time decides, as it does where the boot or the images have none.
    entry run/initramfs/.image-id three
    finds 'kernel version' /boot/initramfs-$K.img
    rm "$S/run/initramfs/.image-id"
    finds 'kernel version' /boot/initramfs-$K.img
}

# What dracut does around it: dracut's own variables and functions.
@test "our dracut module puts an identifier into the early part, but not into a reproducible image" {
    local module=$tests/../modules.d/50restore

    for reproducible in no yes; do
        rm -rf "$T/early"
        mkdir "$T/early"
        early_cpio_dir=$T/early reproducible=$reproducible restore_need_shutdown=no restore_stash=no moddir=$module bash -euc '
            inst_hook() { [ -f "$3" ] && echo "$1" "$2" "${3##*/}"; }
            . "$moddir/module-setup.sh"
            install
            echo "early: ${create_early_cpio-}"' >"$T/installed"
        grep -x 'shutdown 40 unmount.sh' "$T/installed"
        if [[ $reproducible == no ]]; then
            grep -x 'early: yes' "$T/installed"
            grep -x 'cleanup 51 image-id.sh' "$T/installed"
            grep -Ex '[-0-9a-f]{36}' "$T/early/d/kernel/restore/id"
        else
            [[ $(<"$T/installed") == $'shutdown 40 unmount.sh\nearly: ' && ! -e $T/early/d ]]
        fi
    done
    # Its hook leaves it where the restore looks for it.
    mkdir -p "$T/initramfs"/{kernel/restore,bin}
    cp "$module/image-id.sh" "$T/initramfs/"
    echo 1234 >"$T/initramfs/kernel/restore/id"
    [[ -x /bin/busybox ]] || skip "needs a shell without libraries"
    cp /bin/busybox "$T/initramfs/bin/sh"
    cp /bin/busybox "$T/initramfs/bin/busybox"
    chroot "$T/initramfs" /bin/busybox sh -c 'mkdir() { busybox mkdir "$@"; }; cat() { busybox cat "$@"; }; . /image-id.sh'
    [[ $(<"$T/initramfs/run/initramfs/.image-id") == 1234 ]]
}

@test "--verbose names the volume with every entry, and the order of the candidates" {
    new_system
    variable LoaderEntrySelected a.conf
    entry efi/loader/entries/a.conf 'linux /a' 'initrd /none' 'options root=/dev/vda2 ro'
    put boot/initrd-$K
    restore --locate -v -S "$S"
    [[ $status == 0 ]]
    grep -F "$S/efi/loader/entries/a.conf: skipped: " "$T/stdout"
    [[ -z $(grep -E 'restore: loader/entries' "$T/stdout") ]]
    grep -F "$S/boot/initrd-$K: candidate: kernel version; of this kernel" "$T/stdout"
}

# --- Unified kernel images: what comes out is what went in.

@test "the initrd of a unified kernel image is restored, byte for byte" {
    new_system
    variable StubImageIdentifier '\EFI\Linux\a.efi'
    exitrd "$T/initrd" only
    uki efi/EFI/Linux/a.efi .osrel=ID=x .cmdline=ro .initrd=@"$T/initrd" .uname=$K
    finds StubImageIdentifier '/efi/EFI/Linux/a.efi[.initrd]'
    restores_exitrd only
}

@test "a unified kernel image with profiles: the one that booted, or else the base" {
    new_system
    variable StubImageIdentifier '\EFI\Linux\a.efi'
    for i in base one two; do exitrd "$T/$i" $i; done
    uki efi/EFI/Linux/a.efi .osrel=ID=x .initrd=@"$T/base" .uname=$K .profile=$'ID=main\n' .cmdline=ro \
        .profile=$'ID=one\nTITLE=One' .initrd=@"$T/one" .profile=ID=two .cmdline=ro .initrd=@"$T/two" .profile=ID=none
    restores_exitrd base
    for i in 0:base 1:one 2:two 3:base; do
        variable StubProfile ${i%:*}
        restores_exitrd ${i#*:}
    done
    variable StubProfile 4 # not there: the file has been replaced
    finds 'unified kernel image of the kernel version' '/efi/EFI/Linux/a.efi[.initrd]'
    rm "$S"/sys/firmware/efi/efivars/Stub*
    for i in a.efi:base a.efi@one:one a.efi@2:two; do
        variable LoaderEntrySelected ${i%:*}
        restores_exitrd ${i#*:}
    done
}

@test "a unified kernel image of another kernel is not used" {
    new_system
    variable StubImageIdentifier '\EFI\Linux\a.efi'
    uki efi/EFI/Linux/a.efi .uname=5.10 .initrd=a
    put boot/initrd.img-$K
    finds 'kernel version' /boot/initrd.img-$K
}

@test "a unified kernel image that an upgrade has replaced since the boot is the last resort" {
    new_system
    uki efi/EFI/Linux/some-linux.efi .uname=6.1.0-6 .initrd=a
    variable LoaderEntrySelected some-linux.efi
    finds LoaderEntrySelected '/efi/EFI/Linux/some-linux.efi[.initrd]'
    variable LoaderImageIdentifier '\EFI\Linux\some-linux.efi'
    finds LoaderImageIdentifier '/efi/EFI/Linux/some-linux.efi[.initrd]'
    variable StubImageIdentifier '\EFI\Linux\some-linux.efi'
    finds StubImageIdentifier '/efi/EFI/Linux/some-linux.efi[.initrd]'
    put boot/initramfs-$K.img
    finds 'kernel version' /boot/initramfs-$K.img
}

@test "a BOOT_IMAGE= that kexec passed on" {
    new_system 'BOOT_IMAGE=(hd0,gpt2)/vmlinuz-6.1.0-4 root=/dev/vda2 ro'
    for v in 6.1.0-4 $K; do
        entry boot/loader/entries/m-$v.conf "version $v" "linux /vmlinuz-$v" "initrd /initramfs-$v.img" 'options root=/dev/vda2 ro'
        put boot/initramfs-$v.img
    done
    finds 'kernel version' /boot/initramfs-$K.img
}

@test "another system's root without /proc: --kver is needed" {
    new_system
    rm -r "$S/proc"
    entry boot/loader/entries/a.conf "version $K" 'linux /a/linux' 'initrd /a/initrd' 'options root=/dev/vda2 ro'
    put boot/a/initrd
    restore --locate -S "$S" -k $K
    [[ $status == 0 && $(cut -f 1 "$T/stdout") == "$S/boot/a/initrd" ]]
}

@test "initrd= as the EFI stub reads it, without a leading backslash" {
    new_system 'root=/dev/vda2 ro initrd=boot\initramfs-linux-lts.img'
    put boot/initramfs-linux.img
    put boot/initramfs-linux-lts.img
    put boot/microcode.img
    finds 'initrd=' /boot/initramfs-linux-lts.img
    echo 'initrd=\boot\microcode.img initrd=boot\initramfs-linux-lts.img' >"$S/proc/cmdline"
    finds 'initrd=' /boot/microcode.img /boot/initramfs-linux-lts.img
    # A part of it that cannot be found is not taken for all of it.
    echo 'initrd=\boot\microcode.img initrd=initramfs-linux-lts.img' >"$S/proc/cmdline"
    finds 'default name' /boot/initramfs-linux.img
}

# --- Partitions that are not mounted.

# mounts_unchanged RULE FILE: the image is found, and the mount tables are the same before, while it is mounted, and after.
mounts_unchanged() {
    cat /proc/self/mountinfo >"$T/before"
    HOLD=exit no_leaks hold fsmount 1 "$RESTORE" --locate -S "$S" >"$T/stdout" 2>"$T/stderr"
    until readlink "/proc/$held/fd/"* | grep -qx /; do # the mount's own root
        kill -0 "$held"
        sleep 0.01
    done
    cat /proc/self/mountinfo >"$T/during"
    cat "/proc/$held/mountinfo" >"$T/during.own"
    [[ ! -s $T/stdout ]]
    release || { echo "exit $?"; cat "$T/stderr"; return 1; }
    cat /proc/self/mountinfo >"$T/after"
    for i in during during.own after; do diff -u "$T/before" "$T/$i"; done
    [[ $(cat "$T/stdout") == "$2"$'\t'*"$1"* ]]
}

@test "an unmounted partition by PARTUUID: read through a mount that nobody sees" {
    local uuid=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee before

    new_system
    S=$T/esp uki EFI/Linux/a.efi .initrd=a .uname=$K
    partition "$T/esp" $uuid
    before=$(sha256sum <"$T/disk")
    variable StubImageIdentifier '\EFI\Linux\a.efi'
    variable StubDevicePartUUID ${uuid^^}
    put boot/initrd.img-$K
    mounts_unchanged StubImageIdentifier "$S/dev/disk/by-partuuid/$uuid:/EFI/Linux/a.efi[.initrd]"
    [[ $(sha256sum <"$T/disk") == "$before" ]]
    losetup --detach "$DEVICE" # nothing holds it
    DEVICE=
}

@test "an unmounted partition by LoaderDevicePartUUID: its entries and layout are found, and restored from" {
    new_system
    exitrd "$T/initrd" esp
    mkdir -p "$T/esp/x"
    cp "$T/initrd" "$T/esp/x/i"
    S=$T/esp entry loader/entries/a.conf 'linux /x/l' 'initrd /x/i' 'options root=/dev/vda2'
    partition "$T/esp" 1234
    variable LoaderDevicePartUUID 1234
    mounts_unchanged 'fits the kernel command line' "$S/dev/disk/by-partuuid/1234:/x/i"
    restores_exitrd esp
}

@test "an unmounted partition by the unit of systemd's gpt-auto generator" {
    new_system
    mkdir "$T/esp"
    S=$T/esp put initramfs-$K.img
    partition "$T/esp" 1234
    mkdir -p "$S/run/systemd/generator.late"
    printf '# Automatically generated by systemd-gpt-auto-generator\n\n[Mount]\nWhat=/dev/part\nWhere=/boot\nType=vfat\n' \
        >"$S/run/systemd/generator.late/boot.mount"
    mounts_unchanged 'kernel version' "$S/dev/part:/initramfs-$K.img"
}

@test "GRUB's variables on a /boot that is not mounted" {
    new_system 'root=/dev/vda2 ro'
    mkdir -p "$T/esp/grub2"
    printf '# GRUB Environment Block\ntuned_initrd=/tuned.img\n' >"$T/esp/grub2/grubenv"
    S=$T/esp put initramfs-$K.img
    S=$T/esp put tuned.img
    S=$T/esp entry loader/entries/a.conf "linux /vmlinuz-$K" "initrd /initramfs-$K.img \$tuned_initrd" 'options root=/dev/vda2 ro'
    partition "$T/esp" 1234
    echo 'PARTUUID=1234 /boot auto noauto 0 2' >"$S/etc/fstab"
    mounts_unchanged 'fits the kernel command line' "$S/dev/disk/by-partuuid/1234:/initramfs-$K.img"
    [[ $(tail -n 1 "$T/stdout") == "$S/dev/disk/by-partuuid/1234:/tuned.img"$'\t'* ]]
}

@test "another kernel that only a /boot that is not mounted has" {
    new_system
    mkdir "$T/esp"
    S=$T/esp put vmlinuz-$K-rt
    S=$T/esp put initramfs-$K-rt.img
    partition "$T/esp" 1234
    echo 'PARTUUID=1234 /boot auto noauto 0 2' >"$S/etc/fstab"
    finds_nothing
}

@test "an unmounted partition by fstab, instead of the files in its mount point" {
    for spec in PARTUUID=1234 /dev/part 'PARTUUID="1234"'; do
        new_system
        rm -rf "$T/esp"
        mkdir "$T/esp"
        S=$T/esp put initramfs-$K.img
        put boot/initramfs-$K.img
        partition "$T/esp" 1234
        printf '# comment\nLABEL=none /efi vfat ro 0 0\n%s\t/boot auto noauto 0 2\nproc /proc proc\n' "$spec" >"$S/etc/fstab"
        mkdir "$S/efi"
        if [[ $spec == /dev/part ]]; then
            mounts_unchanged 'kernel version' "$S/dev/part:/initramfs-$K.img"
        else
            mounts_unchanged 'kernel version' "$S/dev/disk/by-partuuid/1234:/initramfs-$K.img"
        fi
        losetup --detach "$DEVICE"
    done
}

@test "a mounted partition is used where it is mounted, even read-write elsewhere" {
    new_system
    S=$T/esp put initramfs-$K.img
    partition "$T/esp" 1234
    entry etc/fstab 'PARTUUID=1234 /boot auto defaults 0 2'
    variable LoaderDevicePartUUID 1234
    # -m: a mount namespace of its own, so that it is gone with the shell.
    no_leaks unshare -m bash -euc 'mount "$1" "$2/boot"; strace -o "$3" -e trace=fsmount "$4" --locate -S "$2"' - \
        "$DEVICE" "$S" "$T/trace" "$RESTORE" >"$T/stdout"
    [[ $(cut -f 1 "$T/stdout") == "$S/boot/initramfs-$K.img" ]]
    [[ -z $(grep fsmount "$T/trace") ]]
    mkdir "$T/elsewhere"
    unshare -m bash -euc 'mount "$1" "$2"; "$3" --locate -S "$4"' - "$DEVICE" "$T/elsewhere" "$RESTORE" "$S" >"$T/stdout"
    [[ $(cut -f 1 "$T/stdout") == "$S/dev/disk/by-partuuid/1234:/initramfs-$K.img" ]]
}

@test "a partition that cannot be mounted is skipped, and --verbose says so" {
    new_system
    S=$T/esp put initramfs-$K.img
    partition "$T/esp" 1234
    entry etc/fstab 'PARTUUID=1234 /boot auto defaults 0 2'
    put boot/initrd-$K
    chmod 755 "$T"
    for call in fsopen fsmount; do
        for error in EPERM ENOSYS; do
            no_leaks strace -o "$T/trace" -e trace=$call -e inject=$call:error=$error "$RESTORE" --locate -v -S "$S" \
                >"$T/stdout" 2>"$T/stderr"
            [[ ! -s $T/stderr && $(tail -n 1 "$T/stdout") == "$S/boot/initrd-$K"$'\t'* ]]
            grep '/dev/disk/by-partuuid/1234: not mounted and cannot be read' "$T/stdout"
        done
    done
    setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$RESTORE" --locate -S "$S" >"$T/stdout"
    [[ $(cut -f 1 "$T/stdout") == "$S/boot/initrd-$K" ]]
    dd if=/dev/zero of="$DEVICE" bs=4k count=1 conv=notrunc status=none
    finds 'kernel version' /boot/initrd-$K
}

# --- What it says, and what it costs.

@test "--verbose says why each place was skipped; if nothing is found there is one line" {
    new_system
    entry boot/loader/entries/a.conf 'linux /a' 'initrd /a' 'options other'
    echo text >"$S/boot/initrd-$K"
    put boot/initrd-${K}6
    finds_nothing
    [[ $said == *"$K"* ]]
    restore --locate -v -S "$S"
    [[ $status == 1 && $(lines "$T/stderr") == 1 ]]
    for line in /sys/firmware/initrd 'a.conf: skipped: its options' "/boot/initrd-$K: skipped: it starts with no known format" \
        "initrd-${K}6: skipped: its name"; do
        grep -F -- "$line" "$T/stdout"
    done
}

# Names without a version: the file tells.
@test "the version in the kernel itself: unified images without .uname, and entries" {
    new_system
    bzimage "$T/this" $K
    bzimage "$T/other" ${K}6
    # A boot menu's unified image started this kernel by kexec; or, here, it is this kernel's own.
    uki efi/EFI/ZBM/VMLINUZ.EFI .linux=@"$T/other" .initrd=menu
    variable StubImageIdentifier '\EFI\ZBM\VMLINUZ.EFI'
    put boot/initrd.img-$K
    finds 'kernel version' /boot/initrd.img-$K
    uki efi/EFI/ZBM/VMLINUZ.EFI .linux=@"$T/this" .initrd=menu
    finds StubImageIdentifier '/efi/EFI/ZBM/VMLINUZ.EFI[.initrd]'

    # As dracut --uefi names it.
    new_system
    uki efi/EFI/Linux/linux-$K-$MACHINE.efi .linux=@"$T/this" .initrd=this
    uki efi/EFI/Linux/linux-${K}6-$MACHINE.efi .linux=@"$T/other" .initrd=other
    finds 'unified kernel image of the kernel version' "/efi/EFI/Linux/linux-$K-$MACHINE.efi[.initrd]"

    # Arch's two kernels, of which the one that was booted has started the other.
    new_system 'root=UUID=1 rw'
    for kernel in linux:other linux-lts:this; do
        entry boot/loader/entries/arch-${kernel%:*}.conf "linux /vmlinuz-${kernel%:*}" "initrd /initramfs-${kernel%:*}.img" \
            'options root=UUID=1 rw'
        cp "$T/${kernel#*:}" "$S/boot/vmlinuz-${kernel%:*}"
        put boot/initramfs-${kernel%:*}.img
    done
    variable LoaderEntrySelected arch-linux.conf
    finds 'fits the kernel command line' /boot/initramfs-linux-lts.img
    # Both have been upgraded since.
    cp "$T/other" "$S/boot/vmlinuz-linux-lts"
    finds LoaderEntrySelected /boot/initramfs-linux.img
}

@test "options that have changed since: the kernel's file and the root file system decide" {
    new_system "BOOT_IMAGE=(hd0,gpt1)/os/$K/linux-1a root=UUID=1 rootflags=subvol=@/2 quiet"
    for i in 1 2 3; do
        entry boot/loader/entries/os-$K-$i.conf "version $i@$K" "linux /os/$K/linux-1a" "initrd /os/$K/initrd-$i" \
            "options root=UUID=1 rootflags=subvol=@/$i quiet new_option"
        put boot/os/$K/initrd-$i
    done
    finds 'boot loader entry' /boot/os/$K/initrd-2
    # Two of them: which one was it?
    entry boot/loader/entries/os-$K-4.conf "version 4@$K" "linux /os/$K/linux-1a" "initrd /os/$K/initrd-3" \
        'options root=UUID=1 rootflags=subvol=@/2 rd.break'
    finds_nothing
    # What is called after the version is not such a guess.
    put boot/initrd.img-$K
    finds 'kernel version' /boot/initrd.img-$K
    rm "$S/boot/initrd.img-$K" "$S"/boot/loader/entries/os-$K-[24].conf
    finds_nothing
    # The file system is the same, its subvolume may not be.
    entry boot/loader/entries/os-$K-2.conf "version 2@$K" "linux /os/$K/linux-1a" "initrd /os/$K/initrd-2" 'options root=UUID=1 new_option'
    finds_nothing
}

@test "a rescue entry that fits, where nothing says that it was booted" {
    new_system 'BOOT_IMAGE=0 root=UUID=1 ro'
    entry boot/loader/entries/$MACHINE-$K.conf "version $K" "linux /vmlinuz-$K" "initrd /initramfs-$K.img" \
        'options root=UUID=1 ro new_option'
    entry boot/loader/entries/$MACHINE-0-rescue.conf "version 0-rescue-$MACHINE" "linux /vmlinuz-0-rescue-$MACHINE" \
        "initrd /initramfs-0-rescue-$MACHINE.img" 'options root=UUID=1 ro'
    put boot/initramfs-$K.img
    put boot/initramfs-0-rescue-$MACHINE.img
    finds 'kernel version' /boot/initramfs-$K.img
}

@test "a selected entry that now belongs to another deployment" {
    new_system 'root=UUID=1 rw ostree=/ostree/boot.1/os/aaa/0'
    for i in 1:aaa 2:bbb; do
        entry boot/loader/entries/ostree-${i%:*}.conf "version ${i%:*}" "linux /ostree/os-${i#*:}/vmlinuz-$K" \
            "initrd /ostree/os-${i#*:}/initramfs-$K.img" "options root=UUID=1 rw ostree=/ostree/boot.0/os/${i#*:}/0"
        put boot/ostree/os-${i#*:}/initramfs-$K.img
    done
    variable LoaderEntrySelected ostree-2.conf
    finds 'fits the kernel command line' /boot/ostree/os-aaa/initramfs-$K.img
}

@test "the rescue entry, when it was booted" {
    new_system "BOOT_IMAGE=(hd0,gpt2)/vmlinuz-0-rescue-$MACHINE root=UUID=1 ro"
    for version in $K 0-rescue-$MACHINE; do
        entry boot/loader/entries/$MACHINE-${version%%-"$MACHINE"}.conf "version $version" "linux /vmlinuz-$version" \
            "initrd /initramfs-$version.img" 'options root=UUID=1 ro'
        put boot/initramfs-$version.img
    done
    finds 'fits the kernel command line' /boot/initramfs-0-rescue-$MACHINE.img
}

# opens MAX: no more files are opened (but with O_PATH), directories counted
opens() {
    local opened

    [[ -z $(grep -c -m 1 __asan_init "$RESTORE" | grep -v '^0') ]] || skip "a sanitizer opens files of its own"
    [[ -z ${EMULATED-} ]] || skip "so does qemu-user"
    strace -o "$T/trace" -e trace=open,openat,openat2 "$RESTORE" --locate -S "$S" >"$T/stdout"
    opened=$(grep -c -v -e '= -1' -e O_PATH -e '\.so' -e '/etc/ld.so' -e '+++' "$T/trace")
    echo "$opened opened"
    ((opened <= $1))
}

@test "50 entries: only the directory and the entries are opened" {
    new_system 'root=/dev/vda2 ro quiet'
    for i in {1..50}; do
        entry boot/loader/entries/$i.conf "version 6.0.$i" "linux /linux-6.0.$i" "initrd /i$i" "options root=/dev/vda2 ro quiet"
        put boot/i$i
    done
    echo 6.0.37 >"$S/proc/sys/kernel/osrelease"
    finds 'fits the kernel command line' /boot/i37
    # osrelease, cmdline, /boot, loader/entries, 50 entries, the image.
    opens 55
}

@test "50 entries, one selected: only that is opened" {
    new_system 'root=/dev/vda2 ro quiet'
    for i in {1..50}; do
        entry boot/loader/entries/$i.conf "version 6.0.$i" "linux /linux-6.0.$i" "initrd /i$i" "options root=/dev/vda2 ro quiet"
        put boot/i$i
    done
    variable LoaderEntrySelected 37.conf
    echo 6.0.37 >"$S/proc/sys/kernel/osrelease"
    finds LoaderEntrySelected /boot/i37
    # osrelease, cmdline, efivars, the variable, /boot, the entry, the image.
    opens 7
}

@test "50 unified kernel images, one selected: only that is opened" {
    new_system
    uki efi/EFI/Linux/1.efi .initrd=x .uname=$K
    for i in {2..50}; do ln "$S/efi/EFI/Linux/1.efi" "$S/efi/EFI/Linux/$i.efi"; done
    variable LoaderEntrySelected 37.efi
    finds LoaderEntrySelected '/efi/EFI/Linux/37.efi[.initrd]'
    # osrelease, efivars, the variable, /efi, /boot, the image.
    opens 6
}
