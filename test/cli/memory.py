#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""memory.py MIB FORMAT...: the peak resident set of a restore of a tree of MIB, of each of its processes and of all
together, is under 16 MiB plus the format's own window."""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import RESTORE, check, main, scratch

LIMIT = 16384  # KiB
FILE = 4 << 20  # bytes of each file
# What the format needs by itself, in KiB: its window or dictionary; of a format of blocks, a block.
WINDOW = {"plain": 0, "gzip": 32, "pigz": 32, "bzip2": 900, "lzma": 8192, "xz": 1024, "xz -T0": 1024, "lzop": 256,
          "lz4 -l": 8192, "lz4": 4096, "zstd -15": 8192, "zstd -T0": 8192}
# The same windows and blocks, sooner.
FAST = {"gzip": "-1", "lzma": "--lzma1=preset=0,dict=8MiB", "xz": "-T1 --check=crc32 --lzma2=preset=0,dict=1MiB",
        "xz -T0": "--check=crc32 --lzma2=preset=0,dict=1MiB --block-size=128KiB", "lz4 -l": "-1", "lz4": "-1",
        "zstd -15": "-q -1 --zstd=wlog=22", "lzop": "-1", "pigz": "-1 -T -b 128"}


def value(path, field):
    with open(path, encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(field))


def measure(pid, highest):
    """Look at a process and its children: note each one's peak resident set, as the kernel knows it, in highest[pid],
    in KiB; return what they have in memory together now, with pages that they share counted once. They are stopped
    meanwhile: a block that one hands to the other would count twice."""
    total = 0
    stack = [pid]
    stopped = []
    while stack:
        at = stack.pop()
        try:
            os.kill(at, signal.SIGSTOP)
            stopped.append(at)
            for task in os.listdir("/proc/%d/task" % at):
                with open("/proc/%d/task/%s/children" % (at, task), encoding="ascii") as f:
                    stack.extend(int(c) for c in f.read().split())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
    for at in stopped:
        try:
            highest[at] = value("/proc/%d/status" % at, "VmHWM:")
            total += value("/proc/%d/smaps_rollup" % at, "Pss:")
            os.kill(at, signal.SIGCONT)
        except (FileNotFoundError, ProcessLookupError, StopIteration):
            continue
    return total


def write_plain(path, files):
    """An archive of files with little in them to compress, for the compressor's time; the decoder's memory is the same."""
    data = random.Random(files).randbytes(32 << 10)
    with open(path, "wb") as f:
        for i in range(files):
            f.write(newc.entry("file%d" % i, filesize=FILE) + data)
            f.seek(FILE - len(data), os.SEEK_CUR)  # a hole takes no memory, and reads fast
        f.write(newc.trailer())


def run(mib, *formats):
    mib = int(mib)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])  # each further CPU's thread has buffers of its own
    with scratch() as tmp:
        plain, compressed, out = tmp + "/plain", tmp + "/compressed", tmp + "/out"
        write_plain(plain, mib // 4)
        for format in formats:
            image = plain
            if format != "plain":
                image = compressed
                with open(plain, "rb") as f, open(image, "wb") as to:
                    subprocess.run((format + " -c " + FAST.get(format, newc.FORMATS[format])).split(), stdin=f, stdout=to, check=True)
            highest, together = {}, 0
            with subprocess.Popen([RESTORE, "-C", out, image], stdout=subprocess.DEVNULL) as p:
                while p.poll() is None:
                    together = max(together, measure(p.pid, highest))
                    time.sleep(0.005)
            check(p.returncode == 0, format, "exit", p.returncode)
            size = sum(os.path.getsize(out + "/" + n) for n in os.listdir(out))
            check(size == (mib // 4) * FILE, format, "restored", size)
            limit = LIMIT + WINDOW[format]
            print("%s, %d MiB: peak %d KiB in all, of the processes %s; limit %d KiB" % (
                format, mib, together, " and ".join(str(kib) for kib in highest.values()), limit))
            check(together < limit and max(highest.values()) < limit, format, "needs more than", limit, "KiB")
            shutil.rmtree(out)


if __name__ == "__main__":
    main(run, *sys.argv[1:])
