#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the kernel makes of an image is what is restored (Linux, init/initramfs.c). Each test has the entries of an
# image and the tree that a kernel makes of them.

load common

# Attributes

@test "owners and modes, with setuid, setgid and sticky" {
    image 'archive(
        entry("su", REG | 0o4755, uid=1, gid=2), entry("sg", REG | 0o2711, uid=0xfffffffe, gid=65536),
        entry("tmp", DIR | 0o1777), entry("none", REG), entry("group", DIR | 0o2750, gid=5))'
    restores 'su f 4755 1:2 0 ""' 'sg f 2711 4294967294:65536 0 ""' 'tmp d 1777 0:0 0' 'none f 0000 0:0 0 ""' \
        'group d 2750 0:5 0'
}

@test "the umask changes nothing" {
    image 'archive(entry("d", DIR | 0o777), entry("d/f", REG | 0o666, mtime=1), entry("p", FIFO | 0o622))'
    umask 0777
    restore -C "$T/out" "$T/image"
    umask 022
    succeeded
    chmod u+rwx "$T/out"
    tree 'd d 0777 0:0 0' 'd/f f 0666 0:0 1 ""' 'p p 0622 0:0 0'
}

@test "mtimes of files, symlinks and devices, and of directories that are filled later" {
    image 'archive(
        entry("d", DIR | 0o755, mtime=1000), entry("d/f", data="x", mtime=2000), entry("d/l", LNK | 0o777, "f", mtime=3000),
        entry("d/s", DIR | 0o755, mtime=5000), entry("d/s/p", FIFO | 0o600, mtime=4000), entry("y2106", mtime=0xffffffff))'
    restores 'd d 0755 0:0 1000' 'd/f f 0644 0:0 2000 "x"' 'd/l l - 0:0 3000 -> f' 'd/s d 0755 0:0 5000' \
        'd/s/p p 0600 0:0 4000' 'y2106 f 0644 0:0 now ""'
    [[ $(stat -c %Y "$T/out/y2106") == 4294967295 ]]
}

# Directories get their mtimes at the end, the newest entry first, so that the oldest one has the last word.
@test "a directory that comes twice has its first mtime and its last mode" {
    image 'archive(entry("d", DIR | 0o700, mtime=1), entry("d", DIR | 0o755, uid=7, mtime=2)) +
           archive(entry("d", DIR | 0o711, uid=8, mtime=3), entry("d/f"))'
    restores 'd d 0711 8:0 1' 'd/f f 0644 0:0 0 ""'
}

@test "a directory that became a file leaves it the directory's mtime" {
    image 'archive(entry("d", DIR | 0o700, mtime=1), entry("d", data="f", mtime=2))'
    restores 'd f 0644 0:0 1 "f"'
}

# Hard links

@test "hard links with the data in the first entry" {
    image 'archive(*[entry(n, REG | 0o600, d, ino=5, nlink=3, mtime=9) for n, d in [("a", "data"), ("b", ""), ("c", "")]])'
    restores 'a f 0600 0:0 9 "data"' 'b f 0600 0:0 9 "data" =a' 'c f 0600 0:0 9 "data" =a'
}

@test "hard links with the data in the middle entry" {
    image 'archive(*[entry(n, REG | 0o600, d, ino=5, nlink=3, mtime=9) for n, d in [("a", ""), ("b", "data"), ("c", "")]])'
    restores 'a f 0600 0:0 9 "data"' 'b f 0600 0:0 9 "data" =a' 'c f 0600 0:0 9 "data" =a'
}

@test "hard links with the data in the last entry" {
    image 'archive(*[entry(n, REG | 0o600, d, ino=5, nlink=3, mtime=9) for n, d in [("a", ""), ("b", ""), ("c", "data")]])'
    restores 'a f 0600 0:0 9 "data"' 'b f 0600 0:0 9 "data" =a' 'c f 0600 0:0 9 "data" =a'
}

@test "hard links: each entry sets owner, mode, mtime and data; shorter data truncates, no data keeps the old" {
    image 'archive(entry("a", data="longer", ino=5, nlink=2, mtime=1),
                   entry("b", REG | 0o4711, "shrt", ino=5, nlink=2, uid=3, gid=4, mtime=2),
                   entry("c", data="keep", ino=6, nlink=2), entry("d", REG | 0o600, ino=6, nlink=2, uid=9))'
    restores 'a f 4711 3:4 2 "shrt"' 'b f 4711 3:4 2 "shrt" =a' 'c f 0600 9:0 0 "keep"' 'd f 0600 9:0 0 "keep" =c'
}

@test "hard links end at a trailer" {
    image 'archive(entry("a", data="1", ino=5, nlink=2)) + archive(entry("b", data="2", ino=5, nlink=2))'
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "2"'
    image 'compress("gzip", archive(entry("a", data="1", ino=5, nlink=2)) + archive(entry("b", data="2", ino=5, nlink=2)))'
    rm -r "$T/out"
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "2"'
}

# An archive without a trailer is ended by the next part only where that is compressed or comes from a compressed one:
# the kernel forgets the links at a trailer and at the end of the image.
@test "hard links continue across a missing trailer" {
    image 'archive(entry("a", data="1", ino=5, nlink=2), end=False) + bytes(512) + archive(entry("b", ino=5, nlink=2))'
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "1" =a'
    image 'archive(entry("a", data="1", ino=5, nlink=2), end=False) + compress("zstd -15", archive(entry("b", ino=5, nlink=2)))'
    rm -r "$T/out"
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "1" =a'
}

@test "hard links: inode, device and type must be the same, and the link count over one" {
    image 'archive(
        entry("a", data="1", ino=5, nlink=2, dev=(8, 1)), entry("b", data="2", ino=6, nlink=2, dev=(8, 1)),
        entry("c", data="3", ino=5, nlink=2, dev=(8, 2)), entry("d", data="4", ino=5, nlink=2, dev=(9, 1)),
        entry("e", FIFO | 0o600, ino=5, nlink=2, dev=(8, 1)), entry("f", data="6", ino=5, nlink=1, dev=(8, 1)),
        entry("g", ino=5, nlink=2, dev=(8, 1)))'
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "2"' 'c f 0644 0:0 0 "3"' 'd f 0644 0:0 0 "4"' 'e p 0600 0:0 0' \
        'f f 0644 0:0 0 "6"' 'g f 0644 0:0 0 "1" =a'
}

@test "hard links of devices, fifos and sockets; symlinks are never linked" {
    image 'archive(
        entry("c", CHR | 0o600, ino=1, nlink=2, rdev=(1, 3)), entry("c2", CHR | 0o666, ino=1, nlink=2, rdev=(1, 5), uid=9),
        entry("p", FIFO | 0o600, ino=2, nlink=2), entry("p2", FIFO | 0o600, ino=2, nlink=2),
        entry("l", LNK | 0o777, "x", ino=3, nlink=2), entry("l2", LNK | 0o777, "y", ino=3, nlink=2))'
    restores 'c c 0600 0:0 0 1:3' 'c2 c 0600 0:0 0 1:3 =c' 'p p 0600 0:0 0' 'p2 p 0600 0:0 0 =p' 'l l - 0:0 0 -> x' \
        'l2 l - 0:0 0 -> y'
}

@test "hard links are made to what now has the first name" {
    image 'archive(entry("a", data="old", ino=5, nlink=2), entry("a", LNK | 0o777, "other"), entry("a", data="new"),
                   entry("b", ino=5, nlink=2))'
    restores 'a f 0644 0:0 0 "new"' 'b f 0644 0:0 0 "new" =a'
}

@test "a hard link whose first name is gone is left out with its data, and what had its name is removed" {
    image 'archive(entry("a", data="old", ino=5, nlink=2), entry("a", DIR | 0o755), entry("b", data="b"),
                   entry("b", data="data", ino=5, nlink=2), entry("c", data="next"))'
    restores 'a d 0755 0:0 0' 'c f 0644 0:0 0 "next"'
}

@test "a hard link to itself removes the name" {
    image 'archive(entry("a", data="1", ino=5, nlink=2), entry("a", data="2", ino=5, nlink=2), entry("b", data="3"))'
    restores 'b f 0644 0:0 0 "3"'
}

@test "a hard link replaces what has its name, unless it is a directory that is not empty" {
    image 'archive(entry("l", LNK | 0o777, "a"), entry("e", DIR | 0o755), entry("d", DIR | 0o755), entry("d/f"),
                   entry("a", data="1", ino=5, nlink=4), *[entry(n, ino=5, nlink=4) for n in "led"])'
    restores 'a f 0644 0:0 0 "1"' 'l f 0644 0:0 0 "1" =a' 'e f 0644 0:0 0 "1" =a' 'd d 0755 0:0 0' 'd/f f 0644 0:0 0 ""'
}

# Checksums

@test "070702: right checksums, of much and of no data; wrong ones where none is checked" {
    image 'archive(entry("a", data=b"\xff" * 100000, magic="070702"), entry("b", magic="070702"),
                   entry("l", LNK | 0o777, "x", magic="070702", check=1), entry("d", DIR | 0o755, magic="070702", check=2),
                   entry("c", data="not one", check=3))'
    restores "a f 0644 0:0 0 $(head -c 100000 /dev/zero | tr '\0' '\377' | sha256sum | cut -c -64)" 'b f 0644 0:0 0 ""' \
        'l l - 0:0 0 -> x' 'd d 0755 0:0 0' 'c f 0644 0:0 0 "not one"'
}

@test "070702: a wrong checksum is refused" {
    image 'archive(entry("a", data="data", magic="070702", check=5), entry("b"))'
    refuses checksum
    image 'compress("xz", archive(entry("a", data="data", magic="070702", check=5), entry("b")))'
    refuses checksum
    image 'archive(entry("a", magic="070702", check=5), entry("b"))'
    refuses checksum
}

@test "070702: GNU cpio's own, with hard links" {
    mkdir "$T/in"
    echo data >"$T/in/a"
    ln "$T/in/a" "$T/in/b"
    ln -s a "$T/in/l"
    touch -hd @77 "$T/in"/*
    (cd "$T/in" && printf '%s\n' a b l | cpio -o -H crc --quiet) >"$T/image"
    restores 'a f 0644 0:0 77 "data\x0a"' 'b f 0644 0:0 77 "data\x0a" =a' 'l l - 0:0 77 -> a'
}

# Names

@test "names padded with NULs, and with other bytes after the first NUL" {
    image 'archive(entry("padded", data="1", namesize=12), entry(b"cut\0off", data="2", namesize=8), entry("next", data="3"))'
    restores 'padded f 0644 0:0 0 "1"' 'cut f 0644 0:0 0 "2"' 'next f 0644 0:0 0 "3"'
}

@test "the longest name" {
    image 'archive(entry("/".join(["n" * 255] * 15 + ["m" * 255]), data="x"), entry("y"))'
    restore -C "$T/out" "$T/image"
    succeeded
    dir=$(printf 'n%.0s' {1..255})
    (cd "$T/out" && for _ in {1..15}; do cd "$dir"; done && [[ $(cat m*) == x ]])
}

@test "names over PATH_MAX are skipped together with their data" {
    image 'archive(entry("a/" * 2047 + "bc", data="skipped"), entry("long", data="also", namesize=4097),
                   entry("x" * 70000, LNK | 0o777, "l"), entry("d" * 4096, DIR | 0o755), entry("next", data="1"))'
    restores 'next f 0644 0:0 0 "1"'
    image 'archive(entry("n" * 0xfffff, data="skipped" * 100000), entry("next", data="1"))'
    rm -r "$T/out"
    restores 'next f 0644 0:0 0 "1"'
}

@test "a component over NAME_MAX is skipped" {
    image 'archive(entry("n" * 256, data="skipped"), entry("a", data="1"))'
    restores 'a f 0644 0:0 0 "1"'
}

@test "entries without a name, with namesize 0 and 1, are skipped together with their data" {
    image 'archive(entry("", data="skipped", namesize=0), entry("", data="skipped"), entry("", LNK | 0o777, "x"),
                   entry("a", data="1"))'
    restores 'a f 0644 0:0 0 "1"'
}

@test "an unterminated name is refused" {
    image 'archive(entry("a"), entry("name", data="x", namesize=4))'
    refuses 'NUL'
    image 'archive(entry("a"), entry("name", LNK | 0o777, "x", namesize=4))'
    refuses 'NUL'
    image 'compress("gzip", archive(entry("a"), entry("name", data="x", namesize=4)))'
    refuses 'NUL'
}

@test "a field that is not eight hexadecimal digits is refused" {
    for it in ino=0000000g mode=0x000001 uid=+0000001 gid=-0000001 nlink=' 0000001' mtime='1       ' filesize=0x000001 \
        namesize=+0000002 check=0000000g; do
        image "archive(entry('first'), entry('a', ${it%%=*}=b'${it#*=}'))"
        refuses 'hexadecimal'
    done
}

@test "upper-case hexadecimal digits" {
    image 'archive(entry("a", uid=b"0000ABCD", gid=b"0000AbCd"))'
    restores 'a f 0644 43981:43981 0 ""'
}

@test "other magic numbers are refused" {
    image 'archive(entry("a"), entry("b", magic="070707"))'
    refuses '070707'
    image 'archive(entry("a"), entry("b", magic="070703"))'
    refuses 'magic'
    image 'compress("zstd -15", archive(entry("a"), entry("b", magic="070703")))'
    refuses 'magic'
    image 'compress("zstd -15", archive(entry("a")) + b"junk")'
    refuses '.'
}

@test "absolute names, doubled slashes, ./ and a slash at the end of a directory" {
    image 'archive(entry("/a", data="1"), entry("//b//", DIR | 0o700), entry(".//b/./c", data="2"), entry("./d/", DIR | 0o711))'
    restores 'a f 0644 0:0 0 "1"' 'b d 0700 0:0 0' 'b/c f 0644 0:0 0 "2"' 'd d 0711 0:0 0'
}

@test "names of foreign bytes" {
    image 'archive(entry(b"\x01\xff new\nline \\", data="1"), entry("grün", LNK | 0o777, b"\xfe\xc3"))'
    restores '\x01\xff\x20new\x0aline\x20\x5c f 0644 0:0 0 "1"' 'gr\xc3\xbcn l - 0:0 0 -> \xfe\xc3'
}

@test "names through symlinked directories, relative and absolute" {
    image 'archive(
        entry("usr", DIR | 0o755), entry("usr/bin", DIR | 0o755), entry("bin", LNK | 0o777, "usr/bin"),
        entry("bin/a", data="1"), entry("abs", LNK | 0o777, "/usr/bin"), entry("abs/b", data="2"),
        entry("usr/up", LNK | 0o777, "../bin"), entry("usr/up/c", LNK | 0o777, "x"), entry("usr/up/d", DIR | 0o700),
        entry("h", data="h", ino=3, nlink=2), entry("abs/h", ino=3, nlink=2), entry("bin/../e", data="3"))'
    restores 'usr d 0755 0:0 0' 'usr/bin d 0755 0:0 0' 'bin l - 0:0 0 -> usr/bin' 'usr/bin/a f 0644 0:0 0 "1"' \
        'abs l - 0:0 0 -> /usr/bin' 'usr/bin/b f 0644 0:0 0 "2"' 'usr/up l - 0:0 0 -> ../bin' \
        'usr/bin/c l - 0:0 0 -> x' 'usr/bin/d d 0700 0:0 0' 'h f 0644 0:0 0 "h"' 'usr/bin/h f 0644 0:0 0 "h" =h' \
        'usr/e f 0644 0:0 0 "3"'
}

@test "later names follow a directory symlink that has changed" {
    image 'archive(entry("a", DIR | 0o755), entry("b", DIR | 0o755), entry("l", LNK | 0o777, "a"), entry("l/1"),
                   entry("l", LNK | 0o777, "b"), entry("l/2"), entry("l", DIR | 0o755), entry("l/3"))'
    restores 'a d 0755 0:0 0' 'a/1 f 0644 0:0 0 ""' 'b d 0755 0:0 0' 'b/2 f 0644 0:0 0 ""' 'l d 0755 0:0 0' \
        'l/3 f 0644 0:0 0 ""'
}

@test "nothing is made through a symlink loop, as in the kernel" {
    image 'archive(entry("a", LNK | 0o777, "b"), entry("b", LNK | 0o777, "a"), entry("a/x", data="skipped"), entry("c", data="1"))'
    restores 'a l - 0:0 0 -> b' 'b l - 0:0 0 -> a' 'c f 0644 0:0 0 "1"'
}

# The kernel leaves such an entry out; GNU cpio -d makes the directories, and so do we.
@test "missing parents are made, owned by root, with mode 0755" {
    image 'archive(entry("a/b/c", REG | 0o600, "1", uid=5, mtime=6), entry("x/y", DIR | 0o700, uid=5), entry("a", DIR | 0o711))'
    restores 'a d 0711 0:0 0' 'a/b d 0755 0:0 now' 'a/b/c f 0600 5:0 6 "1"' 'x d 0755 0:0 now' 'x/y d 0700 5:0 0'
}

@test "nothing is made below a file" {
    image 'archive(entry("f", data="1"), entry("f/g", data="skipped"), entry("f/d", DIR | 0o755), entry("h", data="2"))'
    restores 'f f 0644 0:0 0 "1"' 'h f 0644 0:0 0 "2"'
}

# Archives

@test "an archive without a trailer, plain and compressed" {
    image 'archive(entry("a", data="1"), end=False)'
    restores 'a f 0644 0:0 0 "1"'
    image 'compress("zstd -15", archive(entry("a", data="1"), end=False))'
    rm -r "$T/out"
    restores 'a f 0644 0:0 0 "1"'
}

@test "several archives in one stream, with and without padding and trailers" {
    image 'compress("gzip", archive(entry("a", data="1"), block=512) + archive(entry("b", data="2")) +
                            archive(entry("c", data="3"), end=False) + bytes(8) + archive(entry("d", data="4"), block=1024))'
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "2"' 'c f 0644 0:0 0 "3"' 'd f 0644 0:0 0 "4"'
}

@test "padding between the entries" {
    image 'archive(entry("a", data="1") + bytes(4) + entry("b", data="2") + bytes(64) + entry("c", data="3"))'
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "2"' 'c f 0644 0:0 0 "3"'
}

@test "plain and compressed parts in any order" {
    image 'archive(entry("a", data="1")) + compress("xz", archive(entry("b", data="2"))) + bytes(3) +
           compress("lz4 -l", archive(entry("c", data="3"))) + bytes(512)'
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "2"' 'c f 0644 0:0 0 "3"'
    image 'pad(compress("gzip", archive(entry("a", data="1")))) + archive(entry("b", data="2")) +
           compress("bzip2", archive(entry("c", data="3"))) + early()'
    rm -r "$T/out"
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "2"' 'c f 0644 0:0 0 "3"'
}

@test "an empty archive between others" {
    image 'archive() + archive(entry("a", data="1")) + compress("gzip", archive()) + compress("gzip", archive(entry("b", data="2")))'
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "2"'
}

@test "a trailer with data, and names that look like a trailer" {
    image 'archive(entry("a", data="1"), end=False) + entry("TRAILER!!!", REG | 0o644, "data") + archive(entry("b", data="2"))'
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "2"'
    image 'archive(entry("a", data="1", ino=5, nlink=2), entry("TRAILER!!!", LNK | 0o777, "x"), entry("./TRAILER!!!", data="3"),
                   entry("b", ino=5, nlink=2))'
    rm -r "$T/out"
    restores 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "1" =a' 'TRAILER!!! f 0644 0:0 0 "3"'
}

@test "a boot configuration after the image is ignored" {
    for it in 'plain 0' 'plain 1' 'gzip 2' 'xz 3'; do
        rm -rf "$T/out"
        image "pad(compress('${it% *}', archive(entry('a', data='1')))) + bootconfig(after=${it#* })"
        restores 'a f 0644 0:0 0 "1"'
    done
}

@test "foreign bytes: an error where nothing was restored yet, else a warning" {
    image 'b"foreign bytes, 0123"'
    refuses 'offset 0: .*66 6f 72 65|offset 0: .*foreign'
    image 'early() + bytes(512) + b"foreign bytes"'
    refuses 'offset'
    image 'archive(entry("a", data="1")) + bytes(5) + b"foreign bytes"'
    rm -rf "$T/out"
    restore -C "$T/out" "$T/image"
    succeeded warning
    tree 'a f 0644 0:0 0 "1"'
}

@test "an image with nothing to restore is refused" {
    for it in 'b""' 'bytes(4096)' 'early()' 'early() + early()'; do
        image "$it"
        refuses 'nothing to restore' nowhere
    done
}

@test "several images are read as one, each padded to four bytes" {
    image 'archive(entry("a", data="1"), entry("c", data="old"), end=False)'
    newc image 'compress("gzip", archive(entry("b", data="2"))) + bytes(1)' >"$T/second"
    newc image 'archive(entry("c", data="new"))' >"$T/third"
    restore -C "$T/out" "$T/image" "$T/second" "$T/third"
    succeeded
    tree 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "2"' 'c f 0644 0:0 0 "new"'
}

# All that a flipped bit can make of a header is damage or another header.
@test "each byte of each header flipped: no other entry is lost without an error" {
    ends 0 python3 "$tests/cli/flips.py" "$RESTORE" "$T"
}

@test "foreign bytes after an entry are damage, after a trailer or a compressed part they are not" {
    image 'archive(entry("a", data="1"), end=False) + b"foreign bytes"'
    refuses 'where a cpio header should be'
    image 'archive(entry("a", data="1")) + archive(entry("b"), end=False) + bytes(64) + b"Xforeign"'
    refuses 'where a cpio header should be'
    image 'archive(entry("a", data="1")) + early()[:-512] + b"Xforeign"'
    refuses '.'
    image 'archive(entry("a", data="1"), end=False) + entry("TRAILER!!!", REG | 0o644, "data") + b"foreign bytes"'
    refuses 'where a cpio header should be'
    image 'archive(entry("a", data="1")) + archive(entry("kernel/x"), end=False) + entry("TRAILER!!!", REG | 0o644, "data") + b"foreign"'
    refuses 'a trailer with data'
    image 'compress("gzip", archive(entry("a", data="1"), end=False)) + b"foreign bytes"'
    restore -C "$T/out" "$T/image"
    succeeded warning
}

@test "the last trailer of a plain archive may lack its padding, and nothing else" {
    image '(archive(entry("a", data="1")))[:-3]'
    restores 'a f 0644 0:0 0 "1"'
    image '(archive(entry("a", data="1")))[:-4]'
    refuses 'ends inside'
    image 'archive(entry("a", data="1")) + entry("TRAILER!!!", REG | 0o644, "data")[:-1]'
    refuses 'a trailer with data'
}

@test "an archive in the older portable format is named as such" {
    image 'archive(entry("a", magic="070707"))'
    refuses '070707\), not newc'
}

# Later entries over earlier ones

@test "a file over a file keeps its inode and links, with the new data, owner and mode" {
    image 'archive(entry("a", data="longer", ino=5, nlink=2), entry("b", ino=5, nlink=2), entry("a", REG | 0o600, "new", uid=3, mtime=4))'
    restores 'a f 0600 3:0 4 "new"' 'b f 0600 3:0 4 "new" =a'
}

@test "a file over a large one that is still being written" {
    python3 - "$T/image" <<'PYTHON'
import sys
sys.path.insert(0, "test/lib")
import newc
open(sys.argv[1], "wb").write(newc.archive(newc.entry("f", data=b"1" * (48 << 20), ino=1),
                                           newc.entry("f", data="2" * 100000, ino=2, mtime=7)))
PYTHON
    "$RESTORE" -q -C "$T/large" "$T/image"
    [[ $(stat -c '%s %Y' "$T/large/f") == "100000 7" ]]
    [[ $(tr -d 2 <"$T/large/f" | wc -c) == 0 ]]
}

@test "a file over a symlink, a fifo, an empty directory" {
    image 'archive(entry("t", data="target"), entry("l", LNK | 0o777, "t"), entry("p", FIFO | 0o600), entry("d", DIR | 0o700),
                   *[entry(n, data="new") for n in "lpd"])'
    restores 't f 0644 0:0 0 "target"' 'l f 0644 0:0 0 "new"' 'p f 0644 0:0 0 "new"' 'd f 0644 0:0 0 "new"'
}

@test "a file over a directory that is not empty is skipped" {
    image 'archive(entry("d", DIR | 0o700), entry("d/f", data="1"), entry("d", data="skipped", uid=9), entry("e", data="2"))'
    restores 'd d 0700 0:0 0' 'd/f f 0644 0:0 0 "1"' 'e f 0644 0:0 0 "2"'
}

@test "a directory over a file, a symlink to a directory, a directory" {
    image 'archive(entry("t", DIR | 0o700), entry("f", data="1"), entry("l", LNK | 0o777, "t"),
                   *[entry(n, DIR | 0o751, uid=2, mtime=3) for n in "flt"])'
    restores 't d 0751 2:0 0' 'f d 0751 2:0 3' 'l d 0751 2:0 3'
}

@test "a symlink over a file, a symlink, an empty directory" {
    image 'archive(entry("f", data="1"), entry("l", LNK | 0o777, "x"), entry("d", DIR | 0o700),
                   *[entry(n, LNK | 0o777, "new", uid=2) for n in "fl"], entry("d", LNK | 0o777, "new", uid=2))'
    restores 'f l - 2:0 0 -> new' 'l l - 2:0 0 -> new' 'd l - 2:0 0 -> new'
}

@test "a symlink over a directory that is not empty is skipped, but sets the directory's owner" {
    image 'archive(entry("d", DIR | 0o700), entry("d/f", data="1"), entry("d", LNK | 0o777, "x", uid=9))'
    restores 'd d 0700 9:0 0' 'd/f f 0644 0:0 0 "1"'
}

@test "devices over others: a new one for another type, the old numbers for the same type" {
    image 'archive(
        entry("f", data="1"), entry("c", CHR | 0o600, rdev=(1, 3)), entry("b", BLK | 0o600, rdev=(8, 1)),
        entry("f", CHR | 0o640, rdev=(1, 5)), entry("c", CHR | 0o666, rdev=(1, 7), uid=4, mtime=6),
        entry("b", CHR | 0o600, rdev=(8, 2)))'
    restores 'f c 0640 0:0 0 1:5' 'c c 0666 4:0 6 1:3' 'b c 0600 0:0 0 8:2'
}

@test "a device over a directory that is not empty is skipped, but sets the directory's owner and mode" {
    image 'archive(entry("d", DIR | 0o700), entry("d/f", data="1"), entry("d", CHR | 0o640, uid=9, rdev=(1, 3)))'
    restores 'd d 0640 9:0 0' 'd/f f 0644 0:0 0 "1"'
}

@test "an entry of no type removes what has its name" {
    image 'archive(entry("f", data="1"), entry("d", DIR | 0o700), entry("f", 0o644), entry("d", 0o644), entry("g", 0o644),
                   entry("h", 0o30644, "skipped"), entry("i"))'
    restores 'i f 0644 0:0 0 ""'
}

@test "what has its name is removed even if the symlink cannot be made" {
    image 'archive(*[entry(n, data="1", uid=5) for n in "ab"], entry("d", DIR | 0o700), entry("a", LNK | 0o777, "", uid=9),
                   entry("b", LNK | 0o777, "t" * 4096, uid=9), entry("d", LNK | 0o777, ""), entry("e"))'
    restores 'e f 0644 0:0 0 ""'
}

@test "removed directories do not come back when times are set" {
    image 'archive(entry("a", DIR | 0o755), entry("a/b", DIR | 0o755, mtime=5), entry("a/b", 0o644), entry("a", 0o644), entry("e"))'
    restores 'e f 0644 0:0 0 ""'
}

# Types

@test "device nodes, fifos and sockets" {
    [[ ${EMULATED-} != 32 ]] || skip "qemu-user has no device numbers with the top bit for 32 bits"
    image 'archive(
        entry("null", CHR | 0o666, rdev=(1, 3), mtime=1), entry("sda1", BLK | 0o660, gid=6, rdev=(8, 1)),
        entry("big", BLK | 0o600, rdev=(259, 0xfffff)), entry("pipe", FIFO | 0o622, uid=1), entry("sock", SOCK | 0o755, mtime=2))'
    restores 'null c 0666 0:0 1 1:3' 'sda1 b 0660 0:6 0 8:1' 'big b 0600 0:0 0 259:1048575' 'pipe p 0622 1:0 0' \
        'sock s 0755 0:0 2'
}

@test "device numbers that do not fit are truncated as by the kernel, also over other files" {
    [[ ${EMULATED-} != 32 ]] || skip "qemu-user has no device numbers with the top bit for 32 bits"
    image 'archive(entry("a", LNK | 0o777, "f"), entry("f", data="1"), entry("a", CHR | 0o600, rdev=(0x12345678, 0x9abcdef0)),
                   entry("b", BLK | 0o600, rdev=(4096, 1)))'
    restores 'a c 0600 0:0 0 4091:843504' 'b b 0600 0:0 0 0:1' 'f f 0644 0:0 0 "1"'
}

@test "entries other than files and symlinks are skipped if they have data" {
    image 'archive(entry("d", DIR | 0o755, "data"), entry("c", CHR | 0o600, "data", rdev=(1, 3)), entry("p", FIFO | 0o600, "data"),
                   entry("f", data="1"), entry("f", DIR | 0o755, "data"))'
    restores 'f f 0644 0:0 0 "1"'
}

@test "symlink targets: cut at a NUL, PATH_MAX - 1 long, and skipped over PATH_MAX" {
    image 'archive(entry("cut", LNK | 0o777, b"target\0more"), entry("long", LNK | 0o777, "t" * 4095),
                   entry("too", LNK | 0o777, "t" * 4097), entry("keep", data="1"), entry("keep", LNK | 0o777, "t" * 70000))'
    restores 'cut l - 0:0 0 -> target' "long l - 0:0 0 -> $(printf 't%.0s' {1..4095})" 'keep f 0644 0:0 0 "1"'
}

@test "files of sizes around every buffer" {
    python3 -I - "$tests/lib" "$T" <<-'END'
	import random, sys
	sys.path.insert(0, sys.argv[1])
	from newc import *
	r, T = random.Random(1), sys.argv[2]
	sizes = sorted({max(0, 2**k + d) for k in range(0, 23) for d in (-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5)})
	os.mkdir(T + "/in")
	for n in sizes:
	    with open("%s/in/f%d" % (T, n), "wb") as f:
	        f.write(r.randbytes(n))
	    os.utime(f.name, (0, 0))
	FORMATS["lz4 -l"] = "-1"  # nothing here can be made smaller
	for format in ("plain", "zstd -T0", "lz4 -l"):
	    with open(T + "/" + format.split()[0], "wb") as f:
	        f.write(compress(format, archive(*from_tree(T + "/in")[1:])))
	END
    for format in plain zstd lz4; do
        restore -C "$T/out-$format" "$T/$format"
        succeeded
        newc diff --ignore=mtime "$T/in" "$T/out-$format"
        rm -r "$T/out-$format"
    done
}

@test "100,000 entries" {
    python3 -I - "$tests/lib" "$T/image" <<-'END'
	import sys
	sys.path.insert(0, sys.argv[1])
	from newc import *
	entries = []
	for d in range(100):
	    entries.append(entry("d%02d" % d, DIR | 0o755, mtime=d))
	    for f in range(999):
	        name = "d%02d/f%03d" % (d, f)
	        entries.append(entry(name, data=name) if f % 3 else entry(name, ino=f // 9, nlink=3, dev=(0, d), data=name))
	open(sys.argv[2], "wb").write(compress("lz4 -l", archive(*entries)))
	END
    restore -C "$T/out" "$T/image"
    succeeded
    newc manifest --short --no-root "$T/out" >"$T/tree"
    [[ $(lines "$T/tree") == 100000 ]]
    python3 -I - >"$T/expected" <<-'END'
	for d in range(100):
	    print("d%02d d 0755 0:0 %d" % (d, d))
	    for f in range(999):
	        name, first = "d%02d/f%03d" % (d, f), "d%02d/f%03d" % (d, f // 9 * 9)
	        last = "d%02d/f%03d" % (d, f // 9 * 9 + 6)
	        print("%s f 0644 0:0 0 \"%s\"%s" % (name, name if f % 3 else last, "" if f % 3 or name == first else " =" + first))
	END
    diff -u "$T/expected" "$T/tree" >"$T/diff" || { head -n 20 "$T/diff"; return 1; }
}

# Slashes behind names, and links to what a name has become

@test "a directory with a slash after its name keeps what is there" {
    image 'archive(entry("f", data="1"), entry("l", LNK | 0o777, "none"), *[entry(n, DIR | 0o700, uid=3) for n in ("f/", "l/", "d/")])'
    restores 'f f 0644 0:0 0 "1"' 'l l - 0:0 0 -> none' 'd d 0700 3:0 0'
}

@test "another type of entry with a slash after its name removes an empty directory" {
    image 'archive(*[entry(n, DIR | 0o755) for n in "abcdef"], entry("f/g"), entry("t", LNK | 0o777, "e"), entry("a/", data="1"),
                   entry("b/", LNK | 0o777, "x"), entry("c/", FIFO | 0o600), entry("d/", 0o644), entry("t/", data="1"),
                   entry("f/", LNK | 0o777, "x", uid=7, mtime=8), entry("new/", data="1"))'
    restores 'e d 0755 0:0 0' 'f d 0755 7:0 0' 'f/g f 0644 0:0 0 ""' 't l - 0:0 0 -> e'
}

@test "a hard link whose first name now has another type is a link to that" {
    image 'archive(entry("p", data="old", ino=5, nlink=2), entry("p", FIFO | 0o600), entry("q", data="data", ino=5, nlink=2)) +
           archive(entry("t", data="old"), entry("l", data="old", ino=5, nlink=2), entry("l", LNK | 0o777, "t"),
                   entry("m", REG | 0o600, "new", ino=5, nlink=2)) +
           archive(entry("k", data="old", ino=5, nlink=2), entry("k", LNK | 0o777, "made"), entry("n", data="new", ino=5, nlink=2))'
    restores 'p p 0600 0:0 0' 'q p 0600 0:0 0 =p' 't f 0600 0:0 0 "new"' 'l l - 0:0 0 -> t' 'm l - 0:0 0 -> t =l' \
        'k l - 0:0 0 -> made' 'n l - 0:0 0 -> made =k' 'made f 0644 0:0 0 "new"'
}

@test "an entry of no type makes no parents" {
    image 'archive(entry("no/such", 0o644), entry("a"))'
    restores 'a f 0644 0:0 0 ""'
}

@test "fs.protected_*: files, fifos, links and names through symlinks in a sticky directory" {
    local name value old=()
    for name in regular fifos symlinks hardlinks; do
        value=$(cat "/proc/sys/fs/protected_$name") || skip "no fs.protected_$name"
        old+=("$name=$value")
        [[ $name == regular || $name == fifos ]] && value=2 || value=1
        echo "$value" 2>/dev/null >"/proc/sys/fs/protected_$name" || skip "fs.protected_$name cannot be set"
    done
    image 'archive(entry("t", DIR | 0o1777), entry("t/f", data="old", uid=5), entry("t/p", FIFO | 0o622, uid=5),
                   entry("t/l", LNK | 0o777, "../d", uid=5), entry("d", DIR | 0o755), entry("t/l/x", data="x"),
                   entry("t/l/y/z/v", data="v"), entry("t/l/", DIR | 0o700),
                   entry("t/a", uid=5, ino=3, nlink=2), entry("t/b", data="ab", uid=5, ino=3, nlink=2)) +
           archive(entry("t/f", data="new", uid=5), entry("t/p", FIFO | 0o622, uid=6), entry("t/l/x", data="xx"),
                   entry("t/l", LNK | 0o777, "../d", uid=5))'
    restore -C "$T/out" "$T/image"
    for value in "${old[@]}"; do echo "${value#*=}" >"/proc/sys/fs/protected_${value%=*}"; done
    succeeded
    tree 't d 1777 0:0 0' 't/f f 0644 5:0 0 "new"' 't/p p 0622 6:0 0' 't/l l - 5:0 0 -> ../d' 'd d 0700 0:0 0' \
        'd/x f 0644 0:0 0 "xx"' 'd/y d 0755 0:0 now' 'd/y/z d 0755 0:0 now' 'd/y/z/v f 0644 0:0 0 "v"' \
        't/a f 0644 5:0 0 "ab"' 't/b f 0644 5:0 0 "ab" =t/a'
}
