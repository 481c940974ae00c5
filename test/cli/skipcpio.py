#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""skipcpio.py DRACUTS: hundreds of images, each through our skipcpio and through dracut's: the same bytes and exit
status, and with DEBUG_SKIPCPIO=1 the messages of newer versions of dracut's."""
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from harness import SKIPCPIO, check, main, quiet, scratch
from newc import archive, compress, early, entry, trailer

NO_HEADER = "No CPIO header found."
BUFFER = 2048  # dracut's program reads in steps of this, or one less


def images():
    """(what it is, bytes, offset of the first byte that is not skipped; None where it has to fail)"""
    r = random.Random(4)
    noise = r.randbytes(3 * BUFFER).replace(b"\0", b"\1")
    main_part = compress("gzip", archive(entry("init", data=noise)))
    first = early(block=4)

    near = sorted({k * BUFFER + d for k in (0, 1, 2, 3) for d in (-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5)} |
                  {k * (BUFFER - 1) + d for k in (2, 3) for d in (-1, 0, 1)} | set(range(6, 131, 4)) | {512, 65535, 65536, 65537})
    near = [n for n in near if n >= 0]
    for n in near:
        yield "padding %d" % n, first + bytes(n) + main_part, len(first) + n
        yield "padding %d and no rest" % n, first + bytes(n), len(first) + n
        yield "padding %d and one byte" % n, first + bytes(n) + b"x", len(first) + n
    for n in near:
        yield "rest of %d" % n, first + bytes(512) + noise[:n], len(first) + 512
        yield "early data of %d" % n, early(data=noise[:n], block=4) + bytes(8) + main_part, len(early(data=noise[:n], block=4)) + 8

    whole = first + bytes(512) + main_part
    edges = {0, 1, 109, 110, 111, 119, 120, 121, len(first) - 1, len(first), len(first) + 1}
    for n in sorted(edges | set(r.sample(range(len(first)), 60)) | set(r.sample(range(len(whole)), 60))):
        # dracut's reads 120 bytes of each header, and wants no more of an archive than its trailer's beginning
        ends = len(first) - len(trailer()) + 120
        yield "cut at %d" % n, whole[:n], None if n < ends else min(n, len(first) + 512)

    for n in (120, 121, 1000, *near[-12:]):
        yield "compressed, %d" % n, (main_part + noise)[:n], 0
        yield "noise, %d" % n, noise[:n], 0 if len(noise[:n]) >= 120 else None
        yield "zeros, %d" % n, bytes(n), 0
    for magic in ("070702", "070707", "07070", "070700"):
        it = archive(entry("a", data=noise, magic=magic))
        yield "magic " + magic, it, 0
        yield "magic %s inside" % magic, archive(entry("a"), entry("b", data=noise, magic=magic)) + main_part, None

    plain = archive(*[entry("f%d" % i, data=noise[:i]) for i in range(50)])
    yield "plain", plain, len(plain)
    yield "plain, padded", plain + bytes(512), len(plain) + 512
    yield "plain, no trailer", archive(entry("a", data=noise), end=False), None
    yield "plain, no trailer, zeros", archive(entry("a", data=noise), end=False) + bytes(512), None
    yield "plain, no trailer, compressed", archive(entry("a", data=noise), end=False) + main_part, None
    yield "two early parts", first + first + main_part, len(first)
    for size in (11, 12, 15, 16, 600):
        it = archive(entry("a"), end=False) + trailer(namesize=size)
        yield "trailer of %d" % size, it + first + main_part, len(it) if size == 11 else len(it) + len(first)
    it = archive(entry("a"), end=False) + entry("TRAILER!!!", data=noise)
    yield "trailer with data", it + bytes(4) + main_part, len(it) + 4
    it = archive(entry("TRAILER!!?"), entry("TRAILER!!!x"), entry("x", data=trailer()))
    yield "trailers that are none", it + main_part, len(it)
    yield "lower and upper case", first.replace(b"a", b"A") + main_part, None


def run(program, image, **env):
    done = subprocess.run([program, image], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env=dict(os.environ) | env)
    return done.returncode, done.stdout, done.stderr


def same(dracuts):
    count = 0
    with scratch() as tmp:
        image = tmp + "/image"
        with open(image, "wb") as f:
            f.write(archive(entry("a"), end=False))
        old = run(dracuts, image)[0] == 0  # dracut 051's passes on whole what is damaged, and knows one length of a trailer
        for what, data, rest in images():
            with open(image, "wb") as f:
                f.write(data)
            ours = run(SKIPCPIO, image)
            theirs = ours if old and (rest is None or what.startswith("trailer")) else run(dracuts, image)
            count += theirs is not ours
            check(ours[:2] == theirs[:2], what, "of", len(data), "bytes: exit", ours[0], "not", theirs[0], "or",
                  len(ours[1]), "bytes, not", len(theirs[1]))
            lines = quiet(ours[2])
            check(len(lines) == (ours[0] != 0), what, lines)
            if what == "lower and upper case":
                continue
            check((rest is None) == (ours[0] != 0), what, "exit", ours[0])
            debug = run(SKIPCPIO, image, DEBUG_SKIPCPIO="1")
            check(debug[:2] == ours[:2], what, "another result with DEBUG_SKIPCPIO=1")
            lines = quiet(debug[2])
            if rest is None:
                check(lines == quiet(ours[2]), what, lines)
            elif not data.startswith(b"070701"):
                check(lines == [NO_HEADER], what, lines)
            elif rest < len(data):
                check(lines == ["CPIO data and any trailing zeros end at position %d." % (rest - 1)], what, lines)
            else:
                # Here dracut's looks at a byte that it has not read; whatever it finds, nothing is left to copy.
                check(lines in ([], ["CPIO data and any trailing zeros end at position %d." % (rest - 1)]), what, lines)
            check(run(SKIPCPIO, image, DEBUG_SKIPCPIO="2") == ours, what, "debug 2")
        print(count, "images, the same bytes and exit status")


if __name__ == "__main__":
    main(same, *sys.argv[1:])
