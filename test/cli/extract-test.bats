#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# dracut-extractinitrd --test: every defect of an image; --nested; progress.

load common
load fixture-extract

bad='REG | 0o644, b"data", magic="070702", check=1'

# damage FILE TEXT OFFSET: set the byte at OFFSET from the end of TEXT, which may be negative, to z
damage() {
    python3 -c 'import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[data.index(sys.argv[2].encode()) + int(sys.argv[3])] = ord("z")
open(sys.argv[1], "wb").write(data)' "$@"
}

# defects PATTERN...: the last run failed with exactly these lines
defects() {
    [[ $status == 1 && $(lines "$T/stderr") == "$#" ]] || { echo "exit $status: $(<"$T/stderr")"; return 1; }
    local number=0 it
    for it in "$@"; do
        number=$((number + 1))
        sed -n "${number}p" "$T/stderr" | grep -q -- "$it" || { echo "$number: $it"; cat "$T/stderr"; return 1; }
    done
}

@test "every checksum, in plain and compressed parts" {
    image "archive(entry('one', $bad), entry('good', REG | 0o644, b'x'), entry('two', $bad)) +
        compress('gzip', archive(entry('three', $bad), entry('four', $bad)))"
    extract --test "$T/image"
    defects 'offset 0: the checksum' 'offset 240: the checksum' 'byte 0 of the decoded gzip part' \
        'byte 120 of the decoded gzip part'
    extract --list "$T/image"
    prints one good two three four
}

@test "defects after a damaged header" {
    image "archive(entry('one', REG | 0o644, b'x' * 999), entry('two', REG | 0o644, b'x'), entry('three', $bad)) +
        compress('zstd -15', archive(entry('four', $bad)))"
    for it in -110 -100 -50; do
        cp "$T/image" "$T/damaged"
        damage "$T/damaged" one $it
        extract --test "$T/damaged"
        defects 'offset 0: ' 'offset [0-9]*: the checksum' 'byte 0 of the decoded zstd part'
    done
    # a size that leads into the middle of data
    python3 -c 'import sys
data = open(sys.argv[1], "rb").read()
open(sys.argv[2], "wb").write(data.replace(b"000003e7", b"00000064", 1))' "$T/image" "$T/damaged"
    extract --test "$T/damaged"
    defects 'offset [0-9]*: ' 'offset [0-9]*: the checksum' 'byte 0 of the decoded zstd part'
    # in a compressed part
    image "b'070701z' + archive(entry('one', REG | 0o644), entry('two', $bad))[7:]"
    newc compress gzip <"$T/image" >"$T/damaged"
    extract --test "$T/damaged"
    defects 'not eight hex' 'byte [0-9]* of the decoded gzip part'
}

@test "defects after a damaged trailer or early part" {
    image "$early + bytes(512) + compress('xz', archive(entry('one', $bad)))"
    damage "$T/image" TRAILER -100
    extract --test "$T/image"
    defects 'not eight hex' 'byte 0 of the decoded xz part'
    image "$early + archive(entry('one', $bad))"
    damage "$T/image" kernel/x86/microcode/A.bin -100
    extract --test "$T/image"
    defects 'not eight hex' 'the checksum'
}

@test "defects after a part that cannot be decoded: in the next file" {
    image "compress('zstd -15', archive($one))"
    head -c -3 "$T/image" >"$T/cut"
    echo "no image at all" >"$T/foreign"
    image "compress('gzip', archive(entry('one', $bad)))"
    extract --test "$T/cut" -F "$T/foreign" -F "$T/image" -F "$T/cut" -F "$T/image"
    defects 'cut: offset [0-9]*: ' 'foreign: offset 0: bytes of no known format' 'byte 0 of the decoded gzip part' \
        'cut: offset [0-9]*: ' 'byte 0 of the decoded gzip part'
}

@test "an early part whose trailer has data does not hide the main part" {
    # found by fuzz-extract: the restore skipped everything to the image's end and reported success
    for it in 128 100000000; do
        image "archive(entry('.', DIR | 0o755)) + archive(entry('early_cpio', REG | 0o644, b'1'), $kernel, end=False) +
            entry('TRAILER!!!', 0, filesize=$it) + bytes(16) + archive(entry('main', REG | 0o644, b'1'))"
        extract --test "$T/image"
        [[ $status == 1 ]]
        grep -q 'a trailer with data' "$T/stderr"
        restore -C "$T/out" "$T/image"
        [[ $status == 1 && $said == *'a trailer with data'* ]]
    done
}

@test "more than 1,000 damaged images: the verdict is the restore's" {
    python3 "$tests/cli/verdict.py" "$EXTRACT" 1000
}

@test "--nested: squashfs and erofs roots are one more part" {
    mkdir -p "$T/root/usr/bin" "$T/root/dev"
    echo tool >"$T/root/usr/bin/tool"
    ln "$T/root/usr/bin/tool" "$T/root/usr/bin/other"
    ln -s tool "$T/root/usr/bin/link"
    head -c 300000 /dev/urandom >"$T/root/big"
    mknod "$T/root/dev/null" c 1 3
    chown 7:8 "$T/root/big"
    find "$T/root" -exec touch -h -d @1000000000 {} +
    mksquashfs "$T/root" "$T/squashfs" -quiet -noappend >/dev/null
    mkfs.erofs -T 1000000000 "$T/erofs" "$T/root" >/dev/null 2>&1
    for it in squashfs:squashfs-root squashfs:squash-root erofs:erofs-root; do
        name=${it#*:}.img
        image "$early + compress('gzip', archive(entry('$name', REG | 0o644, open('$T/${it%:*}', 'rb').read())))"
        extract -l "$T/image" -P 2
        prints "$name"
        extract -l --nested "$T/image" -P 2-
        prints "$name" big dev dev/null usr usr/bin usr/bin/link usr/bin/other usr/bin/tool
        for file in other tool; do
            extract --to-stdout --nested "$T/image" usr/bin/$file
            prints tool
        done
        rm -rf "$T/out"
        extract --nested -x kernel -x early_cpio -x "$name" -D "$T/out" "$T/image"
        prints
        newc diff --no-root --ignore=links "$T/root" "$T/out"
        # fsck.erofs 1.5 extracts hard links as separate files, 1.8 does not.
        links=2
        if [[ $name == erofs* ]] && command -v fsck.erofs >/dev/null; then
            fsck.erofs --extract="$T/own" --overwrite "$T/erofs"
            links=$(stat -c %h "$T/own/usr/bin/tool")
        fi
        [[ $(stat -c %h "$T/out/usr/bin/tool") == "$links" ]]
        extract --nested --tar "$T/image" big
        tar -xOf "$T/stdout" big | cmp - "$T/root/big"
        extract --nested --raw "$T/image"
        [[ $(tail -n 1 "$T/stdout" | cut -f 1,4,5,7,8) == $'3\tnewc\tmain\t8\tnested roots' ]]
    done
    awk '$5 == "/" { found = 1 } END { exit !found }' /proc/self/mountinfo
    image "archive($one)"
    extract -l --nested "$T/image"
    prints . a d d/b
    image "archive(entry('squashfs-root.img', REG | 0o644, open('$T/squashfs', 'rb').read()[:1000]))"
    extract --nested --test "$T/image"
    refused "Cannot extract the image's squashfs-root.img"
}

# as_user OPTION...: as extract()
as_user() {
    status=0
    setpriv --reuid=65534 --regid=65534 --clear-groups "$T/program" "$@" >"$T/stdout" 2>"$T/stderr" || status=$?
}

@test "--nested for an ordinary user: owners, nodes and links of a squashfs; an erofs without owners and nodes" {
    { unsquashfs -help; unsquashfs -help-all; } 2>&1 | grep -q -- -pf || skip "squashfs-tools before 4.5 do not write such lists"
    # a name and a target with all characters that the list of unsquashfs escapes, or that would end a line
    mkdir -p "$T/root/usr/bin/sub" "$T/root/dev" "$T/root/locked"
    echo tool >"$T/root/usr/bin/tool"
    ln "$T/root/usr/bin/tool" "$T/root/usr/bin/other"
    ln "$T/root/usr/bin/tool" "$T/root/another"
    ln -s 'to ol\"' "$T/root/li nk"
    printf x >"$T/root/a  b\"c\\"
    printf x >"$T/root/"$'new\nline'
    printf x >"$T/root/"$'\377'
    : >"$T/root/empty"
    head -c 300000 /dev/urandom >"$T/root/big"
    truncate -s 300000 "$T/root/sparse"
    chown 7:8 "$T/root/usr" "$T/root/sparse"
    chmod 0 "$T/root/big" "$T/root/locked"
    chmod 4755 "$T/root/sparse"
    mknod "$T/root/dev/null" c 1 3
    mknod "$T/root/dev/block" b 259 300000
    mknod "$T/root/dev/fifo" p
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/root/s"
    find "$T/root" -exec touch -h -d @1000000000 {} +
    mksquashfs "$T/root" "$T/squashfs" -quiet -noappend >/dev/null
    mkfs.erofs "$T/erofs" "$T/root" >/dev/null 2>&1
    cp "$EXTRACT" "$T/program"
    chmod 755 "$T" "$T/program"

    image "compress('gzip', archive(entry('squashfs-root.img', REG | 0o644, open('$T/squashfs', 'rb').read())))"
    extract --nested -lv "$T/image"
    [[ $status == 0 ]]
    mv "$T/stdout" "$T/by-root"
    as_user --nested -lv "$T/image"
    [[ $status == 0 && ! -s $T/stderr ]] || { cat "$T/stderr"; false; }
    diff "$T/by-root" "$T/stdout"
    grep -q ' 259, *300000 .* dev/block$' "$T/stdout"
    grep -q '^-rwsr-xr-x  *1 .* 300000 .* sparse$' "$T/stdout"
    grep -q '^-rw-r--r--  *3 .* usr/bin/tool$' "$T/stdout"
    extract --nested --tar "$T/image"
    mv "$T/stdout" "$T/by-root"
    as_user --nested --tar "$T/image"
    cmp "$T/by-root" "$T/stdout"
    as_user --nested --to-stdout "$T/image" big
    cmp "$T/stdout" "$T/root/big"

    image "compress('gzip', archive(entry('erofs-root.img', REG | 0o644, open('$T/erofs', 'rb').read())))"
    as_user --nested -lv "$T/image" -x erofs-root.img
    [[ $status == 0 && $(<"$T/stderr") == *'erofs-root.img: the owners of files and device nodes are left out'* ]]
    [[ $(awk '/^[-dlps][-r]/ { print $3, $4 }' "$T/stdout" | sort -u) == 'root root' ]]
    ! grep -E 'dev/(null|block)' "$T/stdout" || false
    grep -q 'dev/fifo$' "$T/stdout"
    grep -q '^-rwsr-xr-x .* 300000 .* sparse$' "$T/stdout"
    as_user --nested --to-stdout "$T/image" big
    cmp "$T/stdout" "$T/root/big"
}

@test "--nested for an ordinary user: what unsquashfs may not write" {
    mkdir "$T/bin"
    # shellcheck disable=SC2016 # the tool expands it
    printf '%s\n' '#!/bin/sh' 'cat "${0%/*}/text" >pseudo' >"$T/bin/unsquashfs"
    chmod 755 "$T/bin/unsquashfs"
    cp "$EXTRACT" "$T/program"
    chmod 755 "$T" "$T/program"
    image "archive(entry('squashfs-root.img', REG | 0o644, b'hsqs'))"
    PATH=$T/bin:$PATH
    local end=$'#\n# START OF DATA - DO NOT MODIFY\n#\n'
    printf '/ D 1 755 0 0\na\\ b R 1 644 1 2 4 0\nb L a\\ b\nc S 1 777 0 0 \n%sabc\n' "$end" >"$T/bin/text"
    as_user --nested --list "$T/image"
    prints squashfs-root.img 'a b' b c
    as_user --nested --to-stdout "$T/image" b
    prints abc
    for it in '' a 'a ' 'a R' 'a R ' 'a D 1 755 0' 'a D 1 755 0 0 ' 'a D 1 795 0 0' 'a D 1 17777 0 0' 'a D 99999999999 755 0 0' \
        'a R 1 644 0 0 4 0' 'a R 1 644 0 0 1 3' 'a R 1 644 0 0 3 18446744073709551615' 'a R 1 644 0 0 1 0 2' 'a R 1 644 0 0 -1 0' \
        'a S 1 777 0 0' 'a C 1 644 0 0 1' 'a B 1 644 0 0 x 1' 'a I 1 644 0 0 q' 'a L b' 'a Z 1 644 0 0' 'a\'; do
        printf '%s\n%sabc' "$it" "$end" >"$T/bin/text"
        as_user --nested --list "$T/image"
        refused "Cannot read the image's squashfs-root.img: unexpected output of unsquashfs" || { echo "'$it'"; false; }
    done
    for it in '' 'a R 1 644 0 0 0 0' "a D 1 755 0 0${end%?}"; do
        printf '%s' "$it" >"$T/bin/text"
        as_user --nested --list "$T/image"
        refused "Cannot read the image's squashfs-root.img"
    done
}

@test "--nested for an ordinary user: a damaged squashfs, and no user namespaces" {
    mkdir "$T/root"
    head -c 300000 /dev/urandom >"$T/root/big"
    mksquashfs "$T/root" "$T/squashfs" -quiet -noappend >/dev/null
    cp "$EXTRACT" "$T/program"
    chmod 755 "$T" "$T/program"
    image "archive(entry('squashfs-root.img', REG | 0o644, open('$T/squashfs', 'rb').read()[:1000]))"
    as_user --nested -l "$T/image"
    refused "Cannot read the image's squashfs-root.img: unsquashfs: "
    image "archive(entry('squashfs-root.img', REG | 0o644, b'no squashfs'))"
    as_user --nested -l "$T/image"
    refused "The image's squashfs-root.img is not a squashfs file system"
    status=0
    unshare --user --map-root-user sh -euc 'echo 0 >/proc/sys/user/max_user_namespaces
        exec setpriv --bounding-set=-all "$0" --nested -l "$1"' "$T/program" "$T/image" >"$T/stdout" 2>"$T/stderr" || status=$?
    refused "takes root's rights or user namespaces"
}

# at_terminal SECONDS ARGUMENT...: what appears on a terminal as stderr, with the image coming in two halves
at_terminal() {
    python3 - "$EXTRACT" "$T/image" "$@" <<'END'
import os, pty, subprocess, sys, time
program, image, seconds, *arguments = sys.argv[1:]
data = open(image, "rb").read()
master, slave = pty.openpty()
process = subprocess.Popen([program, *arguments, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=slave)
os.close(slave)
for half in data[:len(data) // 2], data[len(data) // 2:]:
    process.stdin.write(half)
    process.stdin.flush()
    time.sleep(float(seconds))
process.stdin.close()
process.stdout.read()
process.wait()
seen = b""
while True:
    try:
        more = os.read(master, 4096)
    except OSError:
        break
    if not more:
        break
    seen += more
sys.stdout.buffer.write(seen)
END
}

@test "a progress bar at a terminal, after half a second" {
    image "archive(entry('f', REG | 0o644, bytes(4000000)))"
    at_terminal 0.7 --list >"$T/seen"
    grep -q 'Reading [0-9]* MiB' "$T/seen"
    [[ $(tail -c 4 "$T/seen") == $'\r\e[K' ]] # and it is gone
    at_terminal 0 --list >"$T/seen"
    [[ ! -s $T/seen ]] || [[ $(cat "$T/seen") == *MiB* ]] # a machine may be slow
    at_terminal 0.7 --debug --list >"$T/seen"
    [[ $(<"$T/seen") != *MiB* ]]
}
