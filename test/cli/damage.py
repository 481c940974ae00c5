#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""damage.py FORMAT: an image cut at 500 places and with a bit flipped at 500 places.

Either the restore fails and nothing has changed, or it has restored the right tree: a flipped bit can be one that
means nothing. A format without a checksum cannot always tell, so there a flip may end in another tree; and a plain
archive that is cut between two entries is one without a trailer, which is right."""
import multiprocessing
import os
import random
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import Failure, check, main, make_tree, restore, same, scratch

PLACES = 500
NO_CHECKSUM = ("plain", "lzma", "lz4 -l")
SLOW = ("bzip2", "lzma", "xz", "xz -T0")


def places(size, r):
    ends = set(range(40)) | set(range(size - 40, size))
    return sorted(ends | set(r.sample(range(40, size - 40), PLACES - len(ends))))


def one(job):
    format, tmp, what, at, may_pass = job
    worker = "%s/%d" % (tmp, os.getpid())
    image, out = worker + ".image", worker + ".out"
    with open(tmp + "/image", "rb") as f:
        data = bytearray(f.read())
    if what == "cut":
        del data[at:]
    else:
        data[at] ^= 1 << at % 8
    with open(image, "wb") as f:
        f.write(data)
    try:
        status, line = restore(image, out, expect=None, warning=None)
        if status == 1:
            check(not os.path.lexists(out), "something is left")
        else:
            if may_pass != "any tree":
                check(may_pass or what == "flip", "restored:", line)
                if what == "flip":
                    same(tmp + "/tree", out, root=False, ignore=("mtime",))
            shutil.rmtree(out)
    except Failure as e:
        shutil.rmtree(out, ignore_errors=True)
        return 2, "%s, %s at %d of %d: %s" % (format, what, at, os.path.getsize(tmp + "/image"), e)
    return status, line


def entry_ends(tree):
    """The offsets in a plain archive of the tree where it may be cut: the last bytes of padding of each entry."""
    ends, at = set(), 0
    for e in newc.from_tree(tree):
        namesize, filesize = int(e[94:102], 16), int(e[54:62], 16)
        data_end = at + (len(newc.pad(bytes(110 + namesize))) + filesize)
        at += len(e)
        ends |= set(range(data_end, at + 1))
    return ends | set(range(at + len(newc.trailer()) - 3, at + 4096))


def run(format):
    r = random.Random(format)
    with scratch() as tmp:
        make_tree(tmp + "/tree", (300 if format in SLOW else 600) << 10)
        image = newc.compress(format, newc.archive(*newc.from_tree(tmp + "/tree"), block=512))
        with open(tmp + "/image", "wb") as f:
            f.write(image)
        may_end = entry_ends(tmp + "/tree") if format == "plain" else ()
        jobs = [(format, tmp, "cut", at, at in may_end) for at in places(len(image), r)]
        jobs += [(format, tmp, "flip", at, "any tree" if format in NO_CHECKSUM else False) for at in places(len(image), r)]
        with multiprocessing.Pool(2) as pool:
            results = pool.map(one, jobs, chunksize=20)
        check(not [n for n in os.listdir(tmp) if n.startswith(".restore-")], "something is left beside it")
        failures = [line for status, line in results if status == 2]
        for line in failures[:20]:
            print(line, file=sys.stderr)
        check(not failures, "%d of %d" % (len(failures), len(jobs)))
        print("%s: %d cuts, %d flips: %d failed as they should, %d restored" % (
            format, PLACES, PLACES, sum(s == 1 for s, _ in results), sum(s == 0 for s, _ in results)))


if __name__ == "__main__":
    main(run, *sys.argv[1:])
