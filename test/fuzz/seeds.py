#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""seeds.py DIR: write the fuzzing targets' seeds to DIR/TARGET/NAME, small ones of each kind."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from newc import (BLK, CHR, DIR, FIFO, FORMATS, LNK, REG, SOCK, archive, bootconfig, compress, early, entry, trailer)

# As fuzz-decode.c and the whole program's mutator number them.
DECODERS = ["gzip", "zstd -15", "xz", "lzma", "lz4", "lz4 -l", "bzip2", "lzop"]

TREE = [entry(".", DIR | 0o755), entry("a", DIR | 0o755, mtime=5), entry("a/f", data="content\n"),
        entry("l", LNK | 0o777, "a"), entry("l/g", REG | 0o4755, "x" * 100, uid=1, gid=2),
        entry("h", ino=7, nlink=2), entry("a/h", data="linked", ino=7, nlink=2), entry("c", CHR | 0o600, rdev=(1, 3)),
        entry("b", BLK | 0o660, rdev=(8, 1)), entry("p", FIFO | 0o600), entry("s", SOCK | 0o755),
        entry("sum", data="checked", magic="070702"), entry("shutdown", REG | 0o755, "#!/bin/sh\n")]

WAYS_OUT = {
    "dots": [entry("../c/f", data="evil"), entry("../../c", DIR | 0o777, uid=3), entry("..", DIR | 0o777)],
    "absolute": [entry("/mnt/c/f", data="evil"), entry("/etc/passwd", data="evil")],
    "symlink": [entry("l", LNK | 0o777, "/mnt/c"), entry("l/f", data="evil"), entry("l/d", DIR | 0o777, uid=3),
                entry("m", LNK | 0o777, "../../c"), entry("m/new", data="evil")],
    "hardlink": [entry("l", LNK | 0o777, "/mnt/c"), entry("l/f", ino=3, nlink=2), entry("x", data="evil", ino=3, nlink=2),
                 entry("y", ino=4, nlink=2), entry("y", LNK | 0o777, "/mnt/c/f"), entry("z", data="evil", ino=4, nlink=2)],
    "turned": [entry("d", DIR | 0o755), entry("d/l", DIR | 0o755, mtime=3), trailer(),
               entry("d/l", LNK | 0o777, "/mnt/c"), entry("d/l/d", DIR | 0o755, mtime=9)],
    "magic": [entry("m", LNK | 0o777, "/proc/self/fd/3"), entry("m/x", data="evil"),
              entry("n", LNK | 0o777, "/proc/self/root"), entry("n/mnt/c/f", data="evil")],
    "types": [entry("t", DIR | 0o755), entry("t", data="file"), entry("t", LNK | 0o777, "x"), entry("t", FIFO | 0o600),
              entry("t/", DIR | 0o755), entry("./t/..//./u/", DIR | 0o755), entry("", data="x"), entry(".", LNK, "x")],
    "sizes": [entry("z", filesize=0xffffffff, data="x")],
    "names": [entry("n", namesize=0), entry("n" * 4094), entry("n\0", namesize=b"00001001"), entry("n\0", namesize=b"ffffffff")],
    "deep": [entry("d/" * 200 + "f", data="x"), entry("missing/parents/f", data="x")],
}


def pe(*sections):
    """A PE file with these sections, (name, data) each, without any code."""
    head = bytearray(b"MZ".ljust(60, b"\0") + struct.pack("<I", 64) + b"PE\0\0")
    head += struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, 112, 0x22)
    head += struct.pack("<H", 0x20b).ljust(112, b"\0")
    at, body, memory = 1024, b"", 0x1000
    for name, data in sections:
        raw = len(data) + -len(data) % 16
        head += name.ljust(8, b"\0") + struct.pack("<IIIIIIHHI", len(data), memory, raw, at, 0, 0, 0, 0, 0x40000040)
        body += data.ljust(raw, b"\0")
        at += raw
        memory += 0x1000 + raw // 0x1000 * 0x1000
    return bytes(head).ljust(1024, b"\0") + body


def fit(default, **ramdisk):
    """A FIT with two configurations, whose image r has these properties."""
    strings, tree = b"", b""

    def name(text):
        nonlocal strings
        strings += text.encode() + b"\0"
        return len(strings) - len(text) - 1

    def padded(data):
        return data + bytes(-len(data) % 4)

    def node(node, *inner, **properties):
        return (struct.pack(">I", 1) + padded(node.encode() + b"\0") +
                b"".join(struct.pack(">III", 3, len(v), name(k.replace("_", "-"))) + padded(v) for k, v in properties.items()) +
                b"".join(inner) + struct.pack(">I", 2))
    tree = node("", node("images", node("r", node("hash", value=b"abcd"), **ramdisk), node("k", data=b"kernel")),
                node("configurations", node("c1", kernel=b"k\0", ramdisk=b"r\0"), node("c2", kernel=b"k\0"), **default)) + b"\0\0\0\t"
    return struct.pack(">10I16x", 0xd00dfeed, 56 + len(tree) + len(strings), 56, 56 + len(tree), 40, 17, 16, 0, len(strings),
                       len(tree)) + tree + strings


OS_RELEASE = b'ID=test\nVERSION_ID="1"\nPRETTY_NAME=\'A system\'\n'
UKI = [(b".osrel", OS_RELEASE), (b".cmdline", b"root=/dev/vda1 quiet"), (b".uname", b"6.1.0-1"), (b".linux", b"MZ" * 40),
       (b".initrd", archive(*TREE[:4]))]

ENTRIES = [
    b"title A system\nversion 6.1.0-1\nmachine-id 0123456789abcdef0123456789abcdef\nlinux /6.1.0-1/linux\n"
    b"initrd /ucode.img\ninitrd\t/6.1.0-1/initrd\noptions root=UUID=1234 ro\noptions quiet\n",
    b"\xef\xbb\xbf# comment\r\nlinux /vmlinuz-6.1.0-1\r\ninitrd /initramfs-6.1.0-1.img $tuned_initrd\r\n"
    b"options $kernelopts ostree=/ostree/boot.1/x/y/0\r\n", OS_RELEASE,
    b"# GRUB Environment Block\nsaved_entry=abc\nkernelopts=root=/dev/vda ro\n#####\n"]
CMDLINES = [b"BOOT_IMAGE=(hd0,gpt2)/vmlinuz-6.1.0-1 root=UUID=1234 ro quiet", b'initrd=\\6.1.0-1\\initrd root=UUID=1234 ro quiet "a b=c"',
            b"BOOT_IMAGE=/boot/vmlinuz-linux root=/dev/sda2 ostree=/ostree/boot.0/x/y/0 x=\"y z\""]
NAMES = [b"/boot/vmlinuz-6.1.0-1", b"fedora-6.1.0-1.fc40.x86_64+3-0.conf", b"6.1.0", b"initramfs-6.1.0-1-fallback.img"]
# Nodes of an EFI device path: a partition by its GUID, a file.
DRIVE = struct.pack("<BBHIQQ16sBB", 4, 1, 42, 1, 2048, 100000, bytes(range(16)), 2, 2)
FILE = struct.pack("<BBH", 4, 4, 4 + 20) + "\\EFI\\a.efi".encode("utf-16-le")[:18] + b"\0\0"


def seeds():
    plain = archive(*TREE, block=512)
    for name, entries in {"tree": TREE, **WAYS_OUT}.items():
        yield "fuzz-unpack", name, b"\0" + archive(*entries)
    yield "fuzz-unpack", "regions", b"\2" + early() + archive(*TREE[:6], end=False) + archive(*TREE[6:])
    yield "fuzz-unpack", "exclude", b"\x80" + archive(entry("m", DIR | 0o755), entry("m/x", data="y"), entry("proc", DIR | 0o755))
    # As flips_make() reads it: kinds; a part's files, each with its name's length, its size and a shift; which header.
    for kinds in (0, 1, 2, 3, 28, 31):
        yield "fuzz-unpack", "flips-%d" % kinds, bytes([64, kinds, 1, 5, 9, 0, 8, 30, 1, 0, 2, 2, 7, 3, 3, 9, 1, 0, 1, 0, 1, 0, 0])
    # Two flips make a file with data of the trailer; its size leads into the next part.
    yield "fuzz-unpack", "flips-trailer", bytes([64, 2, 0, 10, 0, 0, 0, 0, 20, 10, 0, 0, 1, 1, 60, 7, 18, 8])
    yield "fuzz-parts", "early", b"\1" + early() + plain
    yield "fuzz-parts", "early-gzip", b"\2" + early() + compress("gzip", plain)
    yield "fuzz-parts", "bootconfig", b"\0" + plain + bootconfig(after=3)
    yield "fuzz-parts", "unaligned", b"\3" + plain + b"\0" + plain
    for name in ("sizes", "names"):
        yield "fuzz-parts", name, b"\0" + archive(*WAYS_OUT[name])
    for i, format in enumerate(DECODERS):
        data = compress(format, archive(*TREE))
        yield "fuzz-decode", format.replace(" ", ""), bytes([i]) + data
        yield "fuzz-decode", format.replace(" ", "") + "-threads", bytes([i | 64]) + compress(format, b"text " * 60) + data
        yield "fuzz-parts", format.replace(" ", ""), b"\0" + data
    yield "fuzz-decode", "xz-blocks", bytes([2 | 64]) + compress("xz -T0", archive(entry("x", data=bytes(300000))))
    yield "fuzz-decode", "lzop-stored", bytes([7]) + compress("lzop", bytes(range(256)) * 2)
    yield "fuzz-pe", "uki", b"\0" + pe(*UKI)
    yield "fuzz-pe", "profiles", b"\3" + pe(*UKI, (b".profile", b"ID=main\n"), (b".cmdline", b"quiet"), (b".profile", b"ID=other\n"),
                                           (b".initrd", b"other"))
    yield "fuzz-pe", "nothing", b"\0" + pe()
    for i, e in enumerate(ENTRIES):
        for j, c in enumerate(CMDLINES):
            yield "fuzz-texts", "%d-%d" % (i, j), b"\xff".join((e, c, NAMES[(i + j) % len(NAMES)]))
    for i, value in enumerate(("\\EFI\\Linux\\a.efi", "1234-abcd", "grün-\U0001f600")):
        yield "fuzz-efivar", "utf16-%d" % i, struct.pack("<I", 7) + (value + "\0").encode("utf-16-le")
    for i, text in enumerate((b"PARTUUID=1234-abcd", b"UUID=12/34", b'LABEL="EFI system"', b"/dev/vda1", b"host:/share")):
        yield "fuzz-efivar", "source-%d" % i, text
    fat = bytearray(512)
    fat[0:3], fat[11:13], fat[510:512], fat[54:62] = b"\xeb\x3c\x90", b"\0\2", b"\x55\xaa", b"FAT16   "
    yield "fuzz-efivar", "fat", bytes(fat)
    yield "fuzz-efivar", "xfs", b"XFSB".ljust(512, b"\0")
    yield "fuzz-efivar", "ext", bytes(1024 + 56) + b"\x53\xef" + bytes(200)
    for name, nodes, options in (("uki", DRIVE + FILE, ""), ("options", DRIVE + FILE + FILE, "root=/dev/vda2 initrd=\\x"), ("none", DRIVE, "")):
        nodes += b"\x7f\xff\4\0"
        yield "fuzz-bootoption", name, (struct.pack("<IH", 1, len(nodes)) + "OS\0".encode("utf-16-le") + nodes +
                                        options.encode("utf-16-le"))
    for name, entries in (("id", [entry("kernel", DIR | 0o755), entry("kernel/x", data="x" * 9), entry("kernel/restore/id", data="1234-5\n")]),
                          ("long", [entry("./kernel/restore/id", data="1" * 70)]), ("none", TREE)):
        yield "fuzz-identifier", name, archive(*entries)
    for name, kind, body in (("ramdisk", 3, b"abcd"), ("multi", 4, struct.pack(">III", 4, 3, 0) + b"kernabc\0")):
        yield "fuzz-bootoption", "uboot-" + name, struct.pack(">IIIIIIIBBBB32s", 0x27051956, 0, 0, len(body), 0, 0, 0, 5, 2, kind, 0,
                                                              b"name") + body
    yield "fuzz-fit", "inside", fit({"default": b"c1\0"}, data=b"070701")
    yield "fuzz-fit", "behind", b"\0" + fit({}, data_size=b"\0\0\0\4", data_offset=bytes(4)) + b"abcdefgh"
    yield "fuzz-fit", "at", fit({}, data_size=b"\0\0\0\4", data_position=b"\0\0\0\x38")
    yield "fuzz-fit", "none", fit({"default": b"c2\0"}, data=b"070701")
    for name, words in (("list", "-lv x"), ("patterns", "--list - a* */h [!b] ?"), ("parts", "-P 2- x -s"), ("tar", "--tar x"),
                        ("names", "--strip-components=1 --subdir p x"), ("exclude", "x -x a -x /l --exclude=*.c"),
                        ("files", "-F a --file b -- c*"), ("test", "--test x"), ("json", "--json x"), ("raw", "--raw --parts=-3 x -F y"),
                        ("wrong", "--parts=3-2 x"), ("help", "--he")):
        image = early() + archive(*TREE, block=512) + archive(*TREE[5:7], entry("p", data="again", magic="070702"))
        yield "fuzz-extract", name, "\0".join(words.split()).encode() + b"\0\0" + image
    for i in range(len(DECODERS) + 1):
        yield "afl", "tree-%d" % i, bytes([i]) + archive(*TREE)
    for i, (name, entries) in enumerate(WAYS_OUT.items()):
        if name != "names":
            yield "afl", name, bytes([i % len(DECODERS)]) + archive(*entries)


def main(directory):
    assert len(FORMATS) > len(DECODERS)
    total = 0
    for target, name, data in seeds():
        os.makedirs(os.path.join(directory, target), exist_ok=True)
        with open(os.path.join(directory, target, name), "wb") as f:
            f.write(data)
        total += len(data)
    print("%d bytes" % total)


if __name__ == "__main__":
    main(*sys.argv[1:])
