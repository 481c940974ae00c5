#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lz4.py: the legacy lz4 format has no end mark. A part right behind it is a part, though its magic number could be a
block's size; a block whose size is such a magic number is a block, wherever it is among others."""
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import check, main, restore, scratch

MAGIC = struct.pack("<I", 0x184C2102)


def literal(data):
    """A block of nothing but literals."""
    more, left = b"", len(data) - 15
    return bytes([0xF0]) + b"\xff" * (left // 255) + bytes([left % 255]) + data


def blocks(data, sizes):
    """DATA in literal blocks: each of so many bytes when it is encoded, the rest in one more."""
    out = MAGIC
    for size in sizes:
        n = next(n for n in range(size - size // 255 - 3, size) if len(literal(data[:n])) == size)
        out += struct.pack("<I", size) + literal(data[:n])
        data = data[n:]
    return out + struct.pack("<I", len(literal(data))) + literal(data)


def run():
    size = {"gzip": 0x00088B1F, "lzma": 0x0000005D}
    big = os.urandom(2 << 20)
    first = newc.archive(newc.entry("first", data=big))
    with scratch() as tmp:
        def restored(name, *parts):
            with open(tmp + "/image", "wb") as f:
                f.write(b"".join(parts))
            restore(tmp + "/image", tmp + "/out-" + name)
            with open(tmp + "/out-%s/first" % name, "rb") as f:
                check(f.read() == big, name, "first differs")
            return os.path.exists(tmp + "/out-%s/second" % name)

        for format in newc.FORMATS:
            parts = newc.compress("lz4 -l", first), newc.compress(format, newc.archive(newc.entry("second", data="x" * 5000)))
            padding = bytes(-len(parts[0]) % 4 if format == "plain" else 0)
            check(restored("behind-" + format, parts[0], padding, parts[1]), format, "behind lz4 -l is lost")
        for name, magic in size.items():
            for sizes in ([magic], [magic, magic], [700001, magic], [magic, 700001, magic]):
                restored("%s-%d-%d" % (name, len(sizes), sizes[0]), blocks(first, sizes))
        # A block that ends between a name and its padding, and a damaged one behind it.
        bad = b"\xf0\xff"
        with open(tmp + "/image", "wb") as f:
            f.write(blocks(newc.entry("f12", data="x")[:114], []) + struct.pack("<I", len(bad)) + bad)
        done = subprocess.run([os.environ["RESTORE"], "-C", tmp + "/out", tmp + "/image"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        check(done.returncode == 1 and "the lz4 data is damaged" in done.stdout and done.stdout.count("\n") == 1, done)
        # Another frame of the same stream, as cat makes of two.
        check(restored("frames", newc.compress("lz4 -l", newc.archive(newc.entry("second", data="x"))),
                       newc.compress("lz4 -l", first)), "the first frame is lost")


if __name__ == "__main__":
    main(run, *sys.argv[1:])
