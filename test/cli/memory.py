#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""memory.py MIB FORMAT...: the peak resident set of a restore of a tree of MIB, in all its processes together, is
under 16 MiB plus the format's own window."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import RESTORE, check, main, scratch, text

import random

LIMIT = 16384  # KiB
# What the format needs by itself, in KiB: its window or dictionary; of a format of blocks, a block.
WINDOW = {"plain": 0, "gzip": 32, "pigz": 32, "bzip2": 900, "lzma": 8192, "xz": 1024, "xz -T0": 1024, "lzop": 256,
          "lz4 -l": 8192, "lz4": 4096, "zstd -15": 8192, "zstd -T0": 8192}


def peaks(pid):
    """Peak resident sets of a process and its children, in KiB: {pid: kib}."""
    found = {}
    stack = [pid]
    while stack:
        at = stack.pop()
        try:
            with open("/proc/%d/status" % at, encoding="ascii") as f:
                for line in f:
                    if line.startswith("VmHWM:"):
                        found[at] = int(line.split()[1])
            for task in os.listdir("/proc/%d/task" % at):
                with open("/proc/%d/task/%s/children" % (at, task), encoding="ascii") as f:
                    stack.extend(int(c) for c in f.read().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def run(mib, *formats):
    mib = int(mib)
    with scratch() as tmp:
        r = random.Random(mib)
        block = text(r, 4 << 20)
        for format in formats:
            image, out = tmp + "/image", tmp + "/out"
            with open(image, "wb") as f:
                command = ["cat"] if format == "plain" else (format + " -c " + newc.FORMATS[format]).split()
                # Speed over size: what is measured is the decoder, and its window is set by the level.
                with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=f) as p:
                    for i in range(mib // 4):
                        p.stdin.write(newc.entry("file%d" % i, data=block))
                    p.stdin.write(newc.trailer())
                    p.stdin.close()
                check(p.returncode == 0, command)
            # tmpfs pages that are mapped or written are not of the process; its own memory is measured by the kernel.
            highest = {}
            with subprocess.Popen([RESTORE, "-C", out, image], stdout=subprocess.DEVNULL) as p:
                while p.poll() is None:
                    for pid, kib in peaks(p.pid).items():
                        highest[pid] = max(kib, highest.get(pid, 0))
            check(p.returncode == 0, format, "exit", p.returncode)
            size = sum(os.path.getsize(out + "/" + n) for n in os.listdir(out))
            check(size == (mib // 4) * len(block), format, "restored", size)
            total = sum(highest.values())
            print("%s, %d MiB: peak %d KiB (%s), limit %d KiB" % (
                format, mib, total, " + ".join(str(v) for v in highest.values()), LIMIT + WINDOW[format]))
            check(total < LIMIT + WINDOW[format], format, "needs", total, "KiB")
            shutil.rmtree(out)


if __name__ == "__main__":
    main(run, *sys.argv[1:])
