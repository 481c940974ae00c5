#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""matrix.py FORMAT: a tree in every arrangement of early parts, main parts and padding is restored as it was."""
import itertools
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import Failure, check, main, make_tree, restore, same, scratch


def run(format):
    failures = []
    with scratch() as tmp:
        tree, image, out = tmp + "/tree", tmp + "/image", tmp + "/out"
        # More than one block of every format, in each half too: lz4 -l's have 8 MiB, lz4's 4 MiB, bzip2's 900 KB.
        make_tree(tree, {"lz4 -l": 20, "lz4": 10}.get(format, 2) << 20)
        names = list(newc.walk(tree))
        half = names.index(b"usr")
        whole = newc.compress(format, newc.archive(*newc.from_tree(tree), block=512))
        halves = [newc.compress(format, newc.archive(*newc.from_tree(tree, part))) for part in (names[:half], names[half:])]
        earlies = [newc.early(), newc.early("kernel/firmware/acpi/dsdt.aml", block=4)]
        expected, runs = list(newc.manifest(tree)), 0
        for early, main_parts, padding in itertools.product(range(3), (1, 2), (0, 512, 4096)):
            parts = earlies[:early] + (halves if main_parts == 2 else [whole])
            with open(image, "wb") as f:
                f.write(b"".join(part + bytes(padding) for part in parts))
            try:
                restore(image, out)
                same(expected, out)
                runs += 1
            except Failure as e:
                failures.append("%s, %d early, %d main, %d padding: %s" % (format, early, main_parts, padding, e))
            shutil.rmtree(out, ignore_errors=True)
        check(not failures, "\n".join(failures))
        check(runs == 18, "only", runs, "runs")


if __name__ == "__main__":
    main(run, *sys.argv[1:])
