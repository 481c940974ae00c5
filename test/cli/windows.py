#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""windows.py: zstd's matches as far back as each window reaches, in one part and in several;
blocks of one byte and blocks that were stored."""
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import check, main, restore, scratch

# Of 512 KiB to 128 MiB.
OPTIONS = ("-1", "-9 --zstd=wlog=22", "-19 --zstd=strategy=2", "-3 --long=22", "-3 --long=23", "-3 --long=27", "-3 --no-check -B512KiB -T2")


def files():
    """Contents that come again 1 byte to 7.5 MiB later, odd lengths apart."""
    r = random.Random(7)
    blob = r.randbytes(3900001)
    yield from (blob, blob, r.randbytes(77), blob[::-1], blob, blob[:1000003] * 3, bytes(20000001), b"x" * 300001)
    yield from (blob + blob[::-1], r.randbytes(2500000), blob, b"", b"abc" * 1000000, blob[500:] + bytes(3))


def run():
    with scratch() as tmp:
        entries = [newc.entry("f%d" % i, data=data) for i, data in enumerate(files())]
        expected = {"f%d" % i: data for i, data in enumerate(files())}
        images = [[newc.archive(*part) for part in parts] for parts in ([entries], [entries[:3], entries[3:4], entries[4:]])]
        for options in OPTIONS:
            for parts in images[:1 if options.endswith("-T2") else 2]:
                with open(tmp + "/image", "wb") as f:
                    for part in parts:
                        subprocess.run(["zstd", "-qc", *options.split()], input=part, stdout=f, check=True)
                restore(tmp + "/image", tmp + "/out")
                for name, data in expected.items():
                    with open(tmp + "/out/" + name, "rb") as f:
                        check(f.read() == data, options, len(parts), "parts:", name, "differs")
                shutil.rmtree(tmp + "/out")


if __name__ == "__main__":
    main(run, *sys.argv[1:])
