#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cost.py N EXPRESSION...: the CPU time of restoring an image grows no faster than its size.

Each EXPRESSION gives an image, as `newc.py image` takes it, with N in it. With 4 * N, it costs no more than 4 times as
much, give or take what a clock and caches do."""
import os
import resource
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import RESTORE, check, main, scratch

TRIES = 3  # of which the best one counts


def cost(tmp, expression, n, enough=0):
    """CPU milliseconds, in user mode and kernel: the best of some tries, or the first that is good enough."""
    out = tmp + "/out"
    with open(tmp + "/image", "wb") as f:
        f.write(eval("(%s)" % expression, vars(newc) | {"N": n}))
    best = None
    for _ in range(TRIES):
        # To unmount a tmpfs takes a part of the time that removing its files does.
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", out], check=True)
        try:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([RESTORE, "-q", "-C", out, tmp + "/image"], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        finally:
            subprocess.run(["umount", out], check=True)
        took = 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        best = took if best is None else min(best, took)
        if best <= enough:
            break
    return best


def run(n, *expressions):
    with scratch() as tmp:
        os.mkdir(tmp + "/out")
        for expression in expressions:
            small = cost(tmp, expression, int(n))
            most = 7 * small + 50
            large = cost(tmp, expression, 4 * int(n), most)
            print("%s: %.0f ms, four times as large %.0f ms" % (expression, small, large))
            check(large <= most, expression, ": more than", most, "ms")


if __name__ == "__main__":
    main(run, *sys.argv[1:])
