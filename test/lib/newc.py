#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write newc archives and images of them, right or wrong, and compare trees.

An archive, a part and an image are plain bytes, so they are joined with +:

    early() + compress("zstd -15", archive(entry("init", REG | 0o755, b"#!/bin/sh\n")))

Format: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.

As a program:
    newc.py manifest [--short] [--no-root] [--ignore=FIELD]... TREE    a line for each file of a tree
    newc.py diff [--no-root] [--ignore=FIELD]... TREE TREE             what differs; exit 1 where something does
    newc.py expect TREE [LINE]...                                      the same, of a tree and lines of manifest --short --no-root
    newc.py image EXPRESSION >IMAGE                                    the bytes of an expression like the one above
    newc.py compress FORMAT <FILE >FILE
"""
import os
import stat
import struct
import sys
import time

# Others are imported where they are needed: bats starts this program a thousand times.

REG, DIR, LNK, CHR, BLK, FIFO, SOCK = (
    stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK)

# A format's name is the command that makes it; the options are those that dracut gives, where they
# matter, and a block size that makes xz -T0 write several blocks of little data.
FORMATS = {
    "plain": None,
    "gzip": "-9 -n",
    "pigz": "-9 -n -T -b 128",
    "bzip2": "-9",
    "lzma": "-6",
    "xz": "-T1 --check=crc32 --lzma2=dict=1MiB",
    "xz -T0": "--check=crc32 --lzma2=dict=1MiB --block-size=128KiB",
    "lzop": "-9",
    "lz4 -l": "-9",
    "lz4": "-9",
    "zstd -15": "-q",
    "zstd -T0": "-q",
}


def tobytes(s):
    return s if isinstance(s, bytes) else s.encode("utf-8", "surrogateescape")


def pad(data, to=4):
    return data + bytes(-len(data) % to)


def entry(name, mode=REG | 0o644, data=b"", *, ino=0, uid=0, gid=0, nlink=1, mtime=0, dev=(0, 0), rdev=(0, 0),
          filesize=None, namesize=None, check=None, magic="070701"):
    """One entry. A name gets its NUL unless namesize is given, which then says how many bytes of name follow
    (cut, or padded with NULs). Any header field may be bytes, to be put there as they are."""
    name, data, magic = tobytes(name), tobytes(data), tobytes(magic)
    if namesize is None:
        name += b"\0"
        namesize = len(name)
    elif isinstance(namesize, int):
        name = name[:namesize].ljust(namesize, b"\0")
    if check is None:
        check = sum(data) & 0xffffffff if magic == b"070702" else 0
    if filesize is None:
        filesize = len(data)
    fields = (ino, mode, uid, gid, nlink, mtime, filesize, *dev, *rdev, namesize, check)
    try:
        header = b"%s%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x" % (magic, *fields)
    except TypeError:
        header = magic + b"".join(f if isinstance(f, bytes) else b"%08x" % f for f in fields)
    return pad(header + name) + pad(data)


def trailer(**fields):
    return entry("TRAILER!!!", **({"mode": 0} | fields))


def archive(*entries, end=True, block=4):
    """A plain part. block=512 pads it as GNU cpio does."""
    return pad(b"".join(entries) + (trailer() if end else b""), block)


def early(*names, data=b"microcode", block=512):
    """An early part as dracut writes it."""
    names = names or ("kernel/x86/microcode/GenuineIntel.bin",)
    entries = [entry(".", DIR | 0o755), entry("early_cpio", data="1\n")]
    seen = set()
    for name in names:
        steps = name.split("/")
        for i in range(1, len(steps)):
            parent = "/".join(steps[:i])
            if parent not in seen:
                entries.append(entry(parent, DIR | 0o755))
                seen.add(parent)
        entries.append(entry(name, data=data))
    return archive(*entries, block=block)


def bootconfig(text=b"key = value\n", size=None, checksum=None, after=0):
    """A boot configuration, to be put behind an image (Documentation/admin-guide/bootconfig.rst)."""
    text = tobytes(text)
    return (text + struct.pack("<II", len(text) if size is None else size,
                               sum(text) & 0xffffffff if checksum is None else checksum) +
            b"#BOOTCONFIG\n" + bytes(after))


def compress(format, data):
    if FORMATS[format] is None:
        return data
    import shlex
    import subprocess
    command = shlex.split(format) + shlex.split(FORMATS[format]) + ["-c"]
    if format == "zstd -15" and len(data) < 65536:
        command[1] = "-3"  # frames of the same kind; -15 clears 100 MB of tables first
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def walk(tree):
    """The names below tree, "." first, parents before children, sorted: bytes."""
    yield b"."
    tree = os.fsencode(tree)
    stack = [b""]
    while stack:
        at = stack.pop()
        if at:
            yield at
        if not at or stat.S_ISDIR(os.lstat(os.path.join(tree, at)).st_mode):
            names = os.listdir(os.path.join(tree, at))
            stack.extend(os.path.join(at, name) for name in sorted(names, reverse=True))


def from_tree(tree, names=None, data_in="last"):
    """The entries of a tree, inodes numbered from 1; the data of hard links in the last or first of them."""
    numbers, left, entries = {}, {}, []
    names = list(walk(tree)) if names is None else [tobytes(n) for n in names]
    stats = [os.lstat(os.path.join(os.fsencode(tree), n)) for n in names]
    for st in stats:
        key = (st.st_dev, st.st_ino)
        numbers.setdefault(key, len(numbers) + 1)
        left[key] = left.get(key, 0) + 1
    total = dict(left)
    for name, st in zip(names, stats):
        path, key, data, rdev = os.path.join(os.fsencode(tree), name), (st.st_dev, st.st_ino), b"", (0, 0)
        if stat.S_ISLNK(st.st_mode):
            data = os.readlink(path)
        elif stat.S_ISREG(st.st_mode) and left[key] == (1 if data_in == "last" else total[key]):
            with open(path, "rb") as f:
                data = f.read()
        elif stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
            rdev = (os.major(st.st_rdev), os.minor(st.st_rdev))
        left[key] -= 1
        entries.append(entry(name, st.st_mode, data, ino=numbers[key], uid=st.st_uid, gid=st.st_gid,
                             nlink=2 if stat.S_ISDIR(st.st_mode) else total[key], mtime=int(st.st_mtime), rdev=rdev))
    return entries


def show(name, lowest=33):
    return "".join(chr(b) if lowest <= b < 127 and b != 92 else "\\x%02x" % b for b in name)


def sha256(data):
    import hashlib
    return hashlib.sha256(data).hexdigest()


def manifest(tree, ignore=(), short=False, root=True):
    """A line for each file: path, type, mode, uid:gid, mtime, and by type: size, sha256 and the first name of a
    hard-link group; the link's target; the device's numbers. short writes contents of up to 40 bytes out, leaves
    the size away, and says "now" for what was made in the last hour. ignore holds any of mode, owner, mtime,
    sha256, links."""
    groups, hidden = {}, "-"
    for name in walk(tree):
        path = os.path.join(os.fsencode(tree), name)
        st = os.lstat(path)
        seconds = st.st_mtime_ns // 10**9
        mtime = str(seconds) if st.st_mtime_ns % 10**9 == 0 else "%d.%09d" % divmod(st.st_mtime_ns, 10**9)
        if short and seconds > time.time() - 3600:
            mtime = "now"
        line = [show(name), {REG: "f", DIR: "d", LNK: "l", CHR: "c", BLK: "b", FIFO: "p",
                             SOCK: "s"}[stat.S_IFMT(st.st_mode)],
                hidden if "mode" in ignore or stat.S_ISLNK(st.st_mode) else "%04o" % stat.S_IMODE(st.st_mode),
                hidden if "owner" in ignore else "%d:%d" % (st.st_uid, st.st_gid),
                hidden if "mtime" in ignore else mtime]
        if stat.S_ISREG(st.st_mode):
            with open(path, "rb") as f:
                data = f.read()
            if "sha256" not in ignore:
                line.append('"%s"' % show(data, 32) if short and len(data) <= 40 else sha256(data))
            if not short:
                line.append(str(st.st_size))
        elif stat.S_ISLNK(st.st_mode):
            line += ["->", show(os.readlink(path))]
        elif stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
            line.append("%d:%d" % (os.major(st.st_rdev), os.minor(st.st_rdev)))
        if not stat.S_ISDIR(st.st_mode) and "links" not in ignore:
            first = groups.setdefault((st.st_dev, st.st_ino), name)
            if first != name:
                line.append("=" + show(first))
        if root or name != b".":
            yield " ".join(line)


def differences(a, b):
    """The lines that only one of two manifests has, each with the manifest's sign: "-" or "+"."""
    a, b = set(a), set(b)
    return sorted(["-" + line for line in a - b] + ["+" + line for line in b - a], key=lambda line: line[1:])


def diff(tree_a, tree_b, **how):
    return differences(manifest(tree_a, **how), manifest(tree_b, **how))


def expect(tree, *lines):
    """Whether a tree's short manifest has these lines and no others. Prints what differs."""
    found, lines = sorted(manifest(tree, short=True, root=False)), sorted(lines)
    if found == lines:
        return 0
    import difflib
    print("\n".join(difflib.unified_diff(lines, found, "expected", "restored", lineterm="")))
    return 1


def main(what, *arguments):
    if what == "expect":
        return expect(*arguments)
    options = [a for a in arguments if a.startswith("--")]
    arguments = [a for a in arguments if a not in options]
    how = {"ignore": [o[9:] for o in options if o.startswith("--ignore=")],
           "short": "--short" in options, "root": "--no-root" not in options}
    if what == "manifest":
        print("\n".join(manifest(*arguments, **how)))
    elif what == "diff":
        lines = diff(*arguments, **how)
        print("\n".join(lines), end="\n" if lines else "")
        return 1 if lines else 0
    elif what == "image":
        sys.stdout.buffer.write(b"".join(eval("(%s)" % e, globals()) for e in arguments))
    elif what == "compress":
        sys.stdout.buffer.write(compress(*arguments, sys.stdin.buffer.read()))
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
