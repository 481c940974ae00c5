#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verdict.py EXTRACT [IMAGES]: of damaged images, dracut-extractinitrd --test says what a restore does

Cut, with a bit flipped, with bytes left out or put in, in all formats, with and without an early part; and two parts, with
a byte replaced."""
import multiprocessing
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import make_tree, scratch

FORMATS = ("plain", "gzip", "bzip2", "lzma", "xz", "lzop", "lz4", "lz4 -l", "zstd -15")


def damage(data, r):
    at = r.randrange(len(data))
    kind = r.randrange(6)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes([data[at] ^ 1 << r.randrange(8)]) + data[at + 1:]
    if kind == 2:
        return data[:at] + data[at + r.randrange(1, 600):]
    if kind == 3:
        return data[:at] + bytes(r.randrange(256) for _ in range(r.randrange(1, 9))) + data[at:]
    if kind == 4:  # a digit of a header
        headers = [i for i in range(0, len(data), 4) if data[i:i + 6] == b"070701"]
        at = r.choice(headers or [at]) + r.randrange(110)
        return data[:at] + r.choice([b"0", b"1", b"f", b"z"]) + data[at + 1:]
    return data + r.choice([b"x", bytes(512), b"070701", data[:at], newc.trailer()])


def one(job):
    tmp, name, data = job
    image, out = "%s/%d.image" % (tmp, os.getpid()), "%s/%d.out" % (tmp, os.getpid())
    with open(image, "wb") as f:
        f.write(data)
    tested = subprocess.run([EXTRACT, "--test", image], capture_output=True, check=False)
    restored = subprocess.run([os.environ["RESTORE"], "-q", "-C", out, image], capture_output=True, check=False)
    shutil.rmtree(out, ignore_errors=True)
    if tested.returncode == restored.returncode and tested.returncode in (0, 1):
        return restored.returncode, None
    return 2, "%s: tested %d, restored %d: %s%s" % (name, tested.returncode, restored.returncode,
                                                    tested.stderr.decode(), restored.stderr.decode())


EXTRACT = os.path.realpath(sys.argv[1])


def jobs(top, count):
    make_tree(top + "/tree", 60 << 10)
    archive = newc.archive(*newc.from_tree(top + "/tree"), block=512)
    images = [early + newc.compress(form, archive) for early in (newc.early(), b"") for form in FORMATS]
    for n in range(count):
        yield top, "image %d" % n, damage(images[n % len(images)], random.Random(n))
    # Two compressed parts, each third byte another one.
    small = [newc.entry("d", newc.DIR | 0o755), newc.entry("d/f", data="data\n"), newc.entry("l", newc.LNK | 0o777, "f")]
    pair = newc.pad(newc.compress("xz", newc.archive(*small))) + newc.compress("gzip", newc.archive(*small))
    for at in range(0, len(pair), 3):
        yield top, "byte %d of two parts" % at, pair[:at] + b"\xff" + pair[at + 1:]


def main(count):
    with scratch() as top, multiprocessing.Pool(2) as pool:
        results = pool.map(one, jobs(top, count), chunksize=20)
    print(*(line for _, line in results if line), sep="\n", end="")
    sums = [sum(status == s for status, _ in results) for s in range(3)]
    print("%d images: %d restored, %d not, %d verdicts differ" % (len(results), *sums))
    return sums[2] > 0 or 0 in sums[:2]


if __name__ == "__main__":  # which the processes of the pool are not
    sys.exit(main(int(sys.argv[2]) if len(sys.argv) > 2 else 1000))
