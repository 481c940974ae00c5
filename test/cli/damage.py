#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""damage.py FORMAT: an image cut at 500 places and with a bit flipped at 500 places.

Either the restore fails and nothing has changed, or the tree is the right one. A cut image is only restored where it is a
plain one that ends between two entries: an archive without a trailer, with the entries before the cut. A flipped bit can
be one that means nothing. Formats without checksums cannot tell: of a plain archive, all other entries are restored as
they were, and data with the flipped bit; of another format, what its own program decodes."""
import functools
import hashlib
import multiprocessing
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import Failure, check, main, make_tree, restore, same, scratch

PLACES = 500
NO_CHECKSUM = {"lzma": "xz --format=lzma -dcq", "lz4 -l": "lz4 -dcq"}
# KiB: several blocks of those formats that have small ones. The others would only take longer.
SIZES = dict.fromkeys(("bzip2", "lzma", "xz", "lz4", "lz4 -l"), 48) | {"plain": 100, "gzip": 200, "lzop": 400, "xz -T0": 160}


def places(size, r):
    ends = set(range(40)) | set(range(size - 40, size))
    return sorted(ends | set(r.sample(range(40, size - 40), PLACES - len(ends))))


class Plain:
    """A plain archive of a tree, and what of the tree a cut or a flip may change."""

    def __init__(self, tmp):
        tree = tmp + "/tree"
        self.image = original(tmp)
        self.lines = {line.split()[0]: line for line in newc.manifest(tree, root=False)}
        self.entries, at = [], 0  # name, its file's number, where it, its data and its padding begin, and its end
        for e in newc.from_tree(tree):
            data = at + len(newc.pad(bytes(110 + int(e[94:102], 16))))
            name = self.image[at + 110:at + 109 + int(e[94:102], 16)]
            self.entries.append((newc.show(name), e[6:14], at, data, data + int(e[54:62], 16), at + len(e)))
            at += len(e)
        self.end = at  # of the last entry before the trailer

    def may_end(self, at):
        return at >= self.end + len(newc.trailer()) - 3 or any(padding <= at <= end for *_, padding, end in self.entries)

    def linked(self, number):
        return {name for name, other, *_ in self.entries if other == number}

    def check(self, out, what, at):
        restored = {line.split()[0]: line for line in newc.manifest(out, root=False)}
        differs = {name for name in self.lines if self.lines[name] != restored.get(name)}
        added = set(restored) - set(self.lines)
        if what == "cut":
            missing = {name: number for name, number, *_, end in self.entries if end > at + 3}
            allowed = set().union(*(self.linked(number) for number in missing.values()))
            check(differs <= allowed and not set(missing) & set(restored) and not added, "lost:", differs - allowed)
            return
        for name, number, start, data, padding, end in self.entries:
            if data <= at < padding and self.lines[name].split()[1] == "f":
                contents = bytearray(self.image[data:padding])
                contents[at - data] ^= 1 << at % 8
                old = hashlib.sha256(self.image[data:padding]).hexdigest()
                new = hashlib.sha256(contents).hexdigest()
                check({n: line.replace(old, new) for n, line in self.lines.items()} == restored, "not just other data:", name)
                return
            if start <= at < padding:
                below = {n for n in self.lines if name == "." or n.startswith(name + "/")}
                allowed = self.linked(number) | below
                check(differs <= allowed and len(added) <= 1, "not just", name, "but", differs - allowed, added)
                return
        # in padding or in the trailer, which may become a file
        check(not differs and len(added) <= (at >= self.end), "lost:", differs, "new:", added)


@functools.lru_cache(None)
def original(tmp):
    with open(tmp + "/image", "rb") as f:
        return f.read()


@functools.lru_cache(None)
def plain(tmp):
    return Plain(tmp)


@functools.lru_cache(None)
def expected(tmp):
    return list(newc.manifest(tmp + "/tree", root=False))


def right(format, tmp, worker, what, at):
    """What is in worker.out is right for worker.image."""
    out = worker + ".out"
    if format == "plain":
        plain(tmp).check(out, what, at)
    elif what == "cut":
        check(False, "restored")
    elif format in NO_CHECKSUM:
        with open(worker + ".image", "rb") as f:
            done = subprocess.run(NO_CHECKSUM[format].split(), stdin=f, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:  # for what is in the header and means nothing to a decoder
            same(expected(tmp), out, root=False)
            return
        with open(worker + ".plain", "wb") as f:
            f.write(done.stdout)
        try:
            restore(worker + ".plain", worker + ".expected", warning=None)
            same(worker + ".expected", out, root=False)
        finally:
            shutil.rmtree(worker + ".expected", ignore_errors=True)
    else:
        same(expected(tmp), out, root=False)


def one(job):
    format, tmp, what, at = job
    worker = "%s/%d" % (tmp, os.getpid())
    image, out = worker + ".image", worker + ".out"
    data = bytearray(original(tmp))
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
            right(format, tmp, worker, what, at)
            shutil.rmtree(out)
    except Failure as e:
        shutil.rmtree(out, ignore_errors=True)
        return 2, "%s, %s at %d of %d: %s" % (format, what, at, os.path.getsize(tmp + "/image"), e)
    return status, line


def run(format):
    r = random.Random(format)
    with scratch() as tmp:
        make_tree(tmp + "/tree", SIZES.get(format, 280) << 10, files=16)
        image = newc.compress(format, newc.archive(*newc.from_tree(tmp + "/tree"), block=512))
        with open(tmp + "/image", "wb") as f:
            f.write(image)
        jobs = [(format, tmp, what, at) for what in ("cut", "flip") for at in places(len(image), r)]
        with multiprocessing.Pool(2) as pool:
            results = pool.map(one, jobs, chunksize=20)
        check(not [n for n in os.listdir(tmp) if n.startswith(".restore-")], "something is left beside it")
        failures = [line for status, line in results if status == 2]
        for line in failures[:20]:
            print(line, file=sys.stderr)
        check(not failures, "%d of %d" % (len(failures), len(jobs)))
        if format == "plain":
            for (status, _), (_, _, what, at) in zip(results, jobs):
                check(what == "flip" or plain(tmp).may_end(at) == (status == 0), "cut at", at, "exit", status)
        print("%s: %d cuts, %d flips: %d failed as they should, %d restored" % (
            format, PLACES, PLACES, sum(s == 1 for s, _ in results), sum(s == 0 for s, _ in results)))


if __name__ == "__main__":
    main(run, *sys.argv[1:])
