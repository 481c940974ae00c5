#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Make a unified kernel image: uki.py OUT STUB SECTION=FILE...

Sections are put behind those of the stub, in the order given, by objcopy; a name may come several
times, as in an image with profiles."""
import re
import struct
import subprocess
import sys


def headers(path):
    """The file's bytes, the offset of its section table, and the number of its rows."""
    data = bytearray(open(path, "rb").read())
    pe = struct.unpack_from("<I", data, 0x3C)[0]
    count, optional = struct.unpack_from("<H", data, pe + 6)[0], struct.unpack_from("<H", data, pe + 20)[0]
    return data, pe + 24 + optional, count


def main(out, stub, *sections):
    data, table, count = headers(stub)
    pe = struct.unpack_from("<I", data, 0x3C)[0]
    alignment = struct.unpack_from("<I", data, pe + 24 + 32)[0]
    base = struct.unpack_from("<Q", data, pe + 24 + 24)[0]
    end = max(sum(struct.unpack_from("<II", data, table + 40 * i + 8)) for i in range(count))
    arguments = []
    for number, section in enumerate(sections):
        path = section.split("=", 1)[1]
        end = -(-end // alignment) * alignment
        # objcopy adds a name once only: the real ones are written over these afterwards.
        arguments += ["--add-section", f".x{number}={path}", "--change-section-vma", f".x{number}={base + end:#x}"]
        end += len(open(path, "rb").read())
    subprocess.run(["objcopy", *arguments, stub, out], check=True, stderr=subprocess.DEVNULL)

    data, table, count = headers(out)
    for at in range(table, table + 40 * count, 40):
        match = re.fullmatch(rb"\.x(\d+)\0*", data[at:at + 8])
        if match:
            data[at:at + 8] = sections[int(match[1])].split("=", 1)[0].encode().ljust(8, b"\0")
    open(out, "wb").write(data)


main(*sys.argv[1:])
