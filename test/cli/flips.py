#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""flips.py RESTORE DIR: each byte of each header of plain parts flipped in turn. Where the program succeeds, all that
the other entries hold has to be in the tree; what a flipped digit makes of its own entry is the kernel's to say."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from newc import archive, compress, early, entry, trailer

restore, top = sys.argv[1:]
out, path = os.path.join(top, "out"), os.path.join(top, "image")
FLIPS = (1, 0x30, 0x80)  # another digit; NUL for 0; no ASCII. Sizes are such that no flip ends an entry where another does


def part(*names):
    """A plain part, and (offset, name) of each of its headers."""
    entries = [(name, entry(name, data=name * 5)) for name in names] + [(None, trailer())]
    headers, data = [], b""
    for name, one in entries:
        headers.append((len(data), name))
        data += one
    return data, headers


def tree_without(wanted):
    for name in wanted:
        try:
            with open(os.path.join(out, name), "rb") as f:
                if f.read() != name.encode() * 5:
                    return name
        except OSError:
            return name
    return None


def run(before, plain, headers, behind, names):
    lost = 0
    for start, own in headers:
        for at in range(start, start + 110):
            for flip in FLIPS:
                data = bytearray(plain)
                data[at] ^= flip
                with open(path, "wb") as f:
                    f.write(before + data + behind)
                status = subprocess.run([restore, "-q", "-C", out, path], stderr=subprocess.DEVNULL).returncode
                missing = tree_without(name for name in names if name != own) if status == 0 else None
                if status not in (0, 1) or missing:
                    print(f"byte {at - start} of the header of {own} ^ {flip:#x}: exit {status}, lost {missing}")
                    lost += 1
                shutil.rmtree(out, ignore_errors=True)
    return lost


one, one_headers = part("first", "second")
failed = run(b"", one, one_headers, b"", ("first", "second"))
modules, modules_headers = part("module")
failed += run(early(), modules, modules_headers, compress("gzip", archive(entry("main", data="main" * 5))), ("module", "main"))
sys.exit(failed > 0)
