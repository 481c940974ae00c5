#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images that this machine's dracut makes, a whole one and a small one with each other compressor, restore to what GNU cpio
# and bsdtar extract. Where those differ from the kernel, the restore does as the kernel. The images are kept in
# $BUILD/images for the next run.

load common
load fixture-extract

images=$(realpath -m "${BUILD:-$tests/../build}/images")
# Values of --compress. The first is for the whole image, which takes longest. dracut adds options to a name that it knows;
# its "gzip" is pigz if that is installed.
compressors=(lz4 zstd 'gzip -n' pigz bzip2 lzma xz lzop cat)

setup_file() {
    local kver
    kver=$(cd /lib/modules && printf '%s\n' * | sort -V | tail -1)
    if ! command -v dracut >/dev/null || [[ ! -e /lib/modules/$kver/modules.dep ]]; then
        export no_dracut=1
        return
    fi
    mkdir -p "$images/acpi"
    echo "not a table" >"$images/acpi/dsdt.aml"
    printf '%s\n' 'acpi_override="yes"' "acpi_table_dir=\"$images/acpi\"" >"$images/dracut.conf"
    printf '%s\0' "${compressors[@]}" | xargs -0 -P 2 -I {} bash -euc '
        name=${3%% *}
        [[ $1/$name.img -nt /lib/modules/$2/modules.dep && $1/$name.img -nt $(command -v dracut) ]] && exit
        [[ $name == lz4 ]] && modules=() || modules=(--no-kernel --modules dash)
        dracut --quiet --conf "$1/dracut.conf" --confdir "$1/acpi" --no-hostonly "${modules[@]}" --compress "$3" --kver "$2" \
            --force "$1/$name.new" >"$1/$name.log" 2>&1
        mv "$1/$name.new" "$1/$name.img"' - "$images" "$kver" {}
}

# main_part IMAGE DECOMPRESSOR...: print the main parts as one archive, without using our programs
main_part() {
    python3 -IS - "$@" <<-'END'
	import subprocess
	import sys
	image, at, part, trailer = open(sys.argv[1], "rb").read(), 0, 0, b""
	while image[at:].strip(b"\0"):
	    while image[at] == 0:
	        at += 1
	    if image[at:at + 6] != b"070701":
	        subprocess.run(sys.argv[2:], input=image[at:], check=True)
	        at, trailer = len(image), b""
	    else:
	        part, entries, name, early = part + 1, [], "", True
	        while name != "TRAILER!!!":
	            header = at
	            size, length = int(image[at + 54:at + 62], 16), int(image[at + 94:at + 102], 16)
	            name = image[at + 110:at + 109 + length].rstrip(b"\0").decode()
	            early = early and name.split("/")[0] in (".", "kernel", "early_cpio", "TRAILER!!!")
	            at += 110 + length + -(110 + length) % 4
	            at += size + -size % 4
	            # Each archive counts its files from one.
	            ino = int(image[header + 6:header + 14], 16) | part << 28
	            entries.append(b"%s%08X%s" % (image[header:header + 6], ino, image[header + 14:at]))
	        trailer = entries.pop()
	        if not early:
	            sys.stdout.buffer.write(b"".join(entries))
	            sys.stdout.flush()
	sys.stdout.buffer.write(trailer)
	END
}

# extract CPIO-ARCHIVE: with GNU cpio into $T/cpio, with bsdtar into $T/bsdtar
extract() {
    mkdir "$T/cpio" "$T/bsdtar"
    (cd "$T/cpio" && cpio --quiet -idm) <"$1"
    bsdtar -xpf "$1" -C "$T/bsdtar"
}

# real NAME FORMAT DECOMPRESSOR...
real() {
    local list
    [[ -z ${no_dracut-} ]] || skip "dracut or a kernel is not installed"
    # Since dracut 108 kernel modules and firmware may be a part of their own.
    list=$("$SKIPCPIO" --list "$images/$1.img" | cut -d' ' -f4-)
    [[ $list == $'newc early\n'"$2 main" || $list == $'newc early\nnewc main\n'"$2 main" ]]
    main_part "$images/$1.img" "${@:3}" >"$T/main"
    extract "$T/main"
    restore -C "$T/out" "$images/$1.img"
    succeeded
    [[ $(find "$T/out" | wc -l) -gt $([[ $1 == lz4 ]] && echo 500 || echo 50) && -x $T/out/bin/sh ]]
    [[ $1 != lz4 || -x $T/out/init && -x $T/out/shutdown ]]
    [[ ! -e $T/out/kernel ]]
    # GNU cpio may set no times of symlinks, and sets those of directories before it fills them.
    newc diff --ignore=mtime "$T/cpio" "$T/out"
    # bsdtar sets all times but that of the directory it extracts into.
    newc diff --no-root "$T/bsdtar" "$T/out"
}

@test "dracut --compress 'gzip -n'" {
    real gzip gzip gzip -dc
}

@test "dracut --compress pigz" {
    real pigz gzip gzip -dc
}

@test "dracut --compress bzip2" {
    real bzip2 bzip2 bzip2 -dc
}

@test "dracut --compress lzma" {
    real lzma lzma lzma -dc
}

@test "dracut --compress xz" {
    real xz xz xz -dc
}

@test "dracut --compress lzop" {
    real lzop lzop lzop -dc
}

@test "dracut --compress lz4" {
    real lz4 lz4-legacy lz4 -dc
}

@test "dracut --compress zstd" {
    real zstd zstd zstd -dc
}

@test "dracut --compress cat" {
    real cat newc cat
}

@test "--tar of the whole image: tar's tree, bsdtar's and sqfstar's are the restored one" {
    [[ -z ${no_dracut-} ]] || skip "dracut or a kernel is not installed"
    mkdir "$T/tar" "$T/bsdtar" "$T/sqfstar"
    restore -C "$T/out" "$images/lz4.img"
    succeeded
    "$EXTRACT" --tar --parts 2- "$images/lz4.img" >"$T/archive"
    # The image's entries in one directory are not all together, so tar would set the directory's time too early.
    tar -xpf "$T/archive" -C "$T/tar" --delay-directory-restore
    bsdtar -xpf "$T/archive" -C "$T/bsdtar"
    newc diff --no-root "$T/out" "$T/tar"
    newc diff --no-root "$T/out" "$T/bsdtar"
    command -v sqfstar >/dev/null || skip "squashfs-tools has no sqfstar; tar's and bsdtar's are"
    sqfstar -comp lz4 "$T/squashfs" <"$T/archive" >"$T/said" 2>&1 || { cat "$T/said"; return 1; }
    mount -t squashfs -o ro,loop "$T/squashfs" "$T/sqfstar" 2>/dev/null ||
        unsquashfs -quiet -no-progress -force -dest "$T/sqfstar" "$T/squashfs"
    newc diff --no-root "$T/out" "$T/sqfstar"
}

# Where others differ from the kernel

# differs PROGRAM... -- EXPRESSION LINE...: our program makes this tree, as the kernel does; each PROGRAM makes another.
differs() {
    local others=()
    while [[ $1 != -- ]]; do
        others+=("$1")
        shift
    done
    image "$2"
    restores "${@:3}"
    extract "$T/image" 2>"$T/complaints" || :
    for other in "${others[@]}"; do
        newc manifest --short --no-root "$T/$other" >"$T/$other.tree"
        ! LC_ALL=C diff <(printf '%s\n' "${@:3}" | LC_ALL=C sort) <(LC_ALL=C sort "$T/$other.tree") || {
            echo "$other does the same"
            return 1
        }
    done
}

@test "the kernel continues after a trailer, GNU cpio and bsdtar stop there" {
    differs cpio bsdtar -- 'archive(entry("a")) + archive(entry("b"))' 'a f 0644 0:0 0 ""' 'b f 0644 0:0 0 ""'
}

@test "the kernel lets an entry replace an older or equal one, GNU cpio keeps it" {
    differs cpio -- 'archive(entry("a", data="1", mtime=5), entry("a", data="2", mtime=4))' 'a f 0644 0:0 4 "2"'
}

@test "the kernel writes into a file that is there, bsdtar makes a new one, beside its hard links" {
    differs bsdtar -- 'archive(entry("a", data="old", ino=5, nlink=2), entry("b", ino=5, nlink=2), entry("a", data="new"))' \
        'a f 0644 0:0 0 "new"' 'b f 0644 0:0 0 "new" =a'
}

@test "the kernel gives a directory the mtime of its first entry, GNU cpio one that its files change" {
    differs cpio -- 'archive(entry("d", DIR | 0o755, mtime=1), entry("d", DIR | 0o755, mtime=2), entry("d/f"))' \
        'd d 0755 0:0 1' 'd/f f 0644 0:0 0 ""'
}

@test "the kernel sets the mtimes of symlinks, older GNU cpio does not" {
    differs -- 'archive(entry("l", LNK | 0o777, "x", mtime=5))' 'l l - 0:0 5 -> x'
}

@test "the kernel gives hard links the attributes of the last entry with data or without" {
    differs cpio bsdtar -- 'archive(entry("a", data="x", ino=5, nlink=2, mtime=1), entry("b", REG | 0o600, ino=5, nlink=2, uid=3, mtime=2))' \
        'a f 0600 3:0 2 "x"' 'b f 0600 3:0 2 "x" =a'
}

@test "the kernel tells hard links apart by device and type, bsdtar by less" {
    differs bsdtar -- 'archive(entry("a", data="1", ino=5, nlink=2, dev=(8, 1)), entry("p", FIFO | 0o600, ino=5, nlink=2, dev=(8, 1)))' \
        'a f 0644 0:0 0 "1"' 'p p 0600 0:0 0'
}

@test "the kernel goes through symlinks on the way to a name, bsdtar replaces them" {
    differs bsdtar -- 'archive(entry("d", DIR | 0o755), entry("l", LNK | 0o777, "d"), entry("l/f", data="x"))' \
        'd d 0755 0:0 0' 'd/f f 0644 0:0 0 "x"' 'l l - 0:0 0 -> d'
}

@test "the kernel resolves absolute symlinks from the new root, GNU cpio from the running one" {
    differs cpio -- "archive(entry('d', DIR | 0o755), entry('l', LNK | 0o777, '/d'), entry('l/f', data='x'))" \
        'd d 0755 0:0 0' 'd/f f 0644 0:0 0 "x"' 'l l - 0:0 0 -> /d'
}

@test "the kernel makes no directory of a symlink to one, nor leaves it" {
    differs cpio -- 'archive(entry("t", DIR | 0o755), entry("l", LNK | 0o777, "t"), entry("l", DIR | 0o711))' \
        't d 0755 0:0 0' 'l d 0711 0:0 0'
}

@test "the kernel skips a directory that has data, and its data" {
    differs cpio -- 'archive(entry("d", DIR | 0o755, "data"), entry("f"))' 'f f 0644 0:0 0 ""'
}

@test "the kernel lets a device keep its numbers when another of its type comes" {
    differs cpio bsdtar -- 'archive(entry("c", CHR | 0o600, rdev=(1, 3)), entry("c", CHR | 0o600, rdev=(1, 5), mtime=1))' \
        'c c 0600 0:0 1 1:3'
}
