#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Attacks known from other programs that unpack cpio archives, one test each. Containment in general is tested by
# contained.bats and the fuzzers.

load common

setup() {
    T=$(mktemp -d -p /dev/shm restore-test.XXXXXX)
    mkdir -p "$T/victim/dir" "$T/work"
    echo secret | tee "$T/victim/file" >"$T/victim/dir/file"
    chmod 700 "$T/victim/dir"
    find "$T/victim" -exec touch -hd @1000 {} +
    victim >"$T.before"
}

teardown() {
    rm -rf --one-file-system "$T" "$T".*
}

victim() {
    find "$T/victim" -printf '%p %y %m %U %G %s %n %T@ %C@ %l\n' | sort
}

# attack STATUS [OPTION]...: restore the image; it exits with STATUS and one line, and the victim is as before. A restore
# that fails leaves nothing.
attack() {
    rm -rf "$T/work/out"
    restore -C "$T/work/out" "$T/image" "${@:2}"
    echo "exit $status: $said"
    [[ $status == "$1" && $(wc -l <<<"$said") == 1 ]]
    victim | diff -u "$T.before" -
    [[ $(ls -A "$T/work") == "$([[ $status == 1 ]] || echo out)" ]]
}

@test "CVE-2005-1229, CVE-2020-7666 (GNU cpio, u-root): names with .." {
    image "archive(entry('../victim/file', data='evil'), entry('a/../../victim/new', data='evil'),
                   entry('../../../../../../..$T/victim/dir/new', data='evil'), entry('x', data='x'))"
    attack 0
    [[ -f $T/work/out/x ]]
}

@test "CVE-2015-2304 (bsdcpio), 3cpio 0.5.1: absolute names" {
    image "archive(entry('$T/victim/file', data='evil'), entry('$T/victim/new', data='evil'), entry('x', data='x'))"
    attack 0
    [[ $(<"$T/work/out$T/victim/file") == evil ]]
}

@test "CVE-2015-1197 (GNU cpio): writing through a symlink of the archive" {
    image "archive(entry('dir', LNK | 0o777, '$T/victim'), entry('dir/file', data='evil'), entry('dir/new', data='evil'),
                   entry('up', LNK | 0o777, '../victim'), entry('up/file', data='evil'), entry('up/new', data='evil'))"
    attack 0
    [[ -L $T/work/out/dir ]]
}

@test "CVE-2023-7207 (GNU cpio): the same, with a second entry of the symlink's name" {
    image "archive(entry('dir', DIR | 0o755), entry('dir', LNK | 0o777, '$T/victim'), entry('dir/file', data='evil'),
                   entry('link', LNK | 0o777, 'step'), entry('step', LNK | 0o777, '$T/victim'), entry('link/new', data='evil'),
                   entry('file', LNK | 0o777, '$T/victim/file'), entry('file', data='mine'))"
    attack 0
    [[ ! -L $T/work/out/file && $(<"$T/work/out/file") == mine ]]
}

@test "CVE-2014-9112 (GNU cpio): a symlink with a target of almost 4 GiB" {
    for size in fffffff8 ffffffff 7fffffff 00001002 80000000; do
        image "archive(entry('link', LNK | 0o777, 'x', filesize=b'$size'))"
        attack 1
    done
    # As in the kernel: a target that no system call accepts is skipped.
    image "archive(entry('link', LNK | 0o777, 'x' * 4097), entry('y', data='y'))"
    attack 0
    [[ ! -L $T/work/out/link && -f $T/work/out/y ]]
}

@test "CVE-2016-2037 (GNU cpio): a name of no bytes, of only its NUL, and of 4 GiB" {
    image "archive(entry('', namesize=0, data='x'), entry('', data='x'), entry('y', data='y'))"
    attack 0
    [[ $(ls -A "$T/work/out") == y ]]
    for size in ffffffff fffffffe 80000000 7fffffff; do
        image "archive(entry('a\0', namesize=b'$size', data='x'))"
        attack 1
    done
}

@test "CVE-2021-38185 (GNU cpio): patterns without end" {
    image "archive(entry('kept', data='x'), entry('dropped', data='x'))"
    attack 0 -x "$(head -c 100000 /dev/zero | tr '\0' '[')" -x "$(head -c 100000 /dev/zero | tr '\0' '*')q" -x dropped
    [[ $(ls -A "$T/work/out") == kept ]]
}

@test "CVE-2019-14866 (GNU cpio): invalid numbers in headers" {
    for field in uid gid mtime ino nlink; do
        for number in "'-0000001'" "'+0000001'" "'0x000001'" "' 0000001'" "'0000001 '" "'0000000g'" "'\0\0\0\0\0\0\0\0'"; do
            image "archive(entry('x', data='x', $field=$number.encode()))"
            attack 1
        done
    done
}

@test "CVE-2016-4809 (bsdcpio): symlinks whose target is larger than the archive" {
    image "archive(entry('link', LNK | 0o777, 'target', filesize=4096), end=False)"
    attack 1
    image "compress('gzip', archive(entry('link', LNK | 0o777, 'target', filesize=4096), end=False))"
    attack 1
}

@test "CVE-2016-5418 (bsdcpio): hard links with data, to names outside and through symlinks" {
    image "archive(entry('l', LNK | 0o777, '$T/victim'), entry('l/file', ino=3, nlink=2), entry('stolen', data='evil', ino=3, nlink=2),
                   entry('../victim/dir/file', ino=4, nlink=2), entry('stolen2', data='evil', ino=4, nlink=2),
                   entry('s', LNK | 0o777, '$T/victim/file', ino=5, nlink=2), entry('t', data='evil', ino=5, nlink=2),
                   entry('a', ino=6, nlink=2), entry('a', LNK | 0o777, '$T/victim/file'), entry('b', data='evil', ino=6, nlink=2))"
    attack 0
}

@test "CVE-2021-23177, CVE-2021-31566 (bsdcpio): a directory becomes a symlink before its mode and times are set" {
    image "archive(entry('d', DIR | 0o777, mtime=9, uid=7), entry('e', DIR | 0o755), entry('e/dir', DIR | 0o777, mtime=9, uid=7)) +
           archive(entry('d', LNK | 0o777, '$T/victim/dir'), entry('e/dir', LNK | 0o777, '../../victim/dir')) +
           archive(entry('f', DIR | 0o755), entry('f/dir', DIR | 0o777, mtime=9)) + archive(entry('f', LNK | 0o777, 'x'))"
    attack 0
}

@test "libarchive issue 54: unlinked files with the same inode number" {
    image "archive(entry('a', data='1', ino=5), entry('b', data='22', ino=5), entry('c', data='333', ino=5, nlink=2, dev=(1, 2)),
                   entry('d', data='4444', ino=5, nlink=2, dev=(2, 1)))"
    attack 0
    [[ $(cat "$T/work/out"/{a,b,c,d}) == 1223334444 && $(stat -c %h "$T/work/out/c") == 1 ]]
}

@test "libarchive pull request 2984: a hard link after one without a name" {
    image "archive(entry('', namesize=0, ino=5, nlink=2), entry('', ino=5, nlink=2), entry('a', data='x', ino=5, nlink=2),
                   entry('b', ino=5, nlink=2))"
    attack 0
}

@test "libarchive: an archive that ends inside a header, a name, data, the trailer but for its padding" {
    newc image "archive(entry('some/name', data='some data'))" >"$T/whole"
    for at in 1 5 6 50 109 110 112 119 121 128 140 242 252; do
        head -c "$at" "$T/whole" >"$T/image"
        attack 1
    done
}

@test "3cpio 0.9.1: a name longer than PATH_MAX" {
    image "archive(entry('n' * 4096, data='x'), entry('d/' * 2500 + 'f', data='x'), entry('n' * 100000), entry('y', data='y'))"
    attack 0
    [[ $(ls -A "$T/work/out") == y ]]
}

@test "3cpio 0.8.0: a decompressor that fails after its last byte" {
    for format in gzip 'zstd -15' xz bzip2; do
        newc image "compress('$format', archive(entry('x', data='x' * 100000)))" >"$T/whole"
        size=$(stat -c %s "$T/whole")
        if [[ $format == 'zstd -15' || $format == gzip ]]; then at=$((size - 3)); else at=$((size - 6)); fi
        { head -c $at "$T/whole"; printf '\xff'; tail -c +$((at + 2)) "$T/whole"; } >"$T/image"
        attack 1
    done
}

@test "3cpio bug 5: modes are those of the archive, whatever the umask and the order" {
    image "archive(entry('d', DIR | 0o500), entry('d/f', REG | 0o4755, 'x', uid=1), entry('t', DIR | 0o1777), entry('w', REG | 0o666))"
    (umask 077; attack 0)
    [[ $(stat -c %a "$T/work/out/d" "$T/work/out/d/f" "$T/work/out/t" "$T/work/out/w" | tr '\n' ' ') == "500 4755 1777 666 " ]]
}

@test "a name that begins with any byte is that name" {
    for byte in 1 2 9 10 27 63 127 128 255; do
        image "archive(entry('a', DIR | 0o755), entry('a/t', DIR | 0o755), entry('a/t', data='x'),
                       entry(bytes([$byte]) + b'/x', data='evil'), entry('a/u', LNK | 0o777, 'b'), entry('a/u', data='y'),
                       entry(bytes([$byte]) + b'/y', data='evil'))"
        attack 0
        [[ $(ls -A "$T/work/out/a" | tr '\n' ' ') == "t u " ]]
    done
}
