# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measurements beside the table: memory on other machines, growth of the cost, a slow disk, what --exclude saves."""
import contextlib
import os
import shutil
import statistics
import tempfile
import time

import contenders
import images
import runs

RATE = 100 * 1000 * 1000  # bytes a second


def median_run(bench, argv, image, rounds, *, cold=False):
    results = [runs.restore(argv, image, cold=cold) for _ in range(rounds)]
    for r in results:
        if r.status != 0:
            raise SystemExit("%s: %s" % (" ".join(argv), r.said))
    walls = [r.wall for r in results]
    return {"median": statistics.median(walls), "min": min(walls), "max": max(walls),
            "cpu": statistics.median(r.cpu for r in results), "used": results[0].used,
            "read": statistics.median(r.read for r in results)}


@contextlib.contextmanager
def meminfo(available):
    """A /proc/meminfo that tells of so many KiB available."""
    with tempfile.NamedTemporaryFile("w", suffix=".meminfo") as fake:
        with open("/proc/meminfo", encoding="ascii") as f:
            fake.writelines("MemAvailable: %d kB\n" % available if line.startswith("MemAvailable:") else line
                            for line in f)
        fake.flush()
        runs.mount(fake.name, "/proc/meminfo", None, runs.MS_BIND)
        try:
            yield
        finally:
            runs.umount("/proc/meminfo")


def memory_elsewhere(bench, image, cpus, available):
    """Peak memory of ours where sched_getaffinity() tells of so many CPUs, and /proc/meminfo of so much memory."""
    env = dict(os.environ, LD_PRELOAD=bench.programs.fake_cpus, FAKE_CPUS=str(cpus))
    with meminfo(available) if available else contextlib.nullcontext():
        peak = runs.memory(bench.programs.ours(image), image, env)
    if peak["status"] != 0:
        images.say("bench: %s: ours fails with %d CPUs" % (image, cpus))
    return peak


def grow(bench, what, sizes):
    """Time and memory of images of several sizes: (name, number of files, bytes each, units)."""
    lines = bench.result.setdefault(what, [])
    for format in ("plain", "lz4", "zstd"):
        for name, files, size, units in sizes:
            image = images.synthetic(bench.options.cache + "/grow", bench.plain, name, files, size)
            if format != "plain":
                image = images.synthetic_in(format, image)
            images.say("bench: %s %s, %s" % (what, name, format))
            runs.warm(image)
            argv = bench.programs.ours(image, "-C", runs.TARGET)  # a mere unpacking: it is no root to pivot into
            line = median_run(bench, argv, image, 5)
            peak = runs.memory(argv, image)
            lines.append({"format": format, "units": units, **line, "pss": peak["pss"]})
            bench.save()
    shutil.rmtree(bench.options.cache + "/grow")


def size(bench):
    grow(bench, "size", [("size-%d" % mb, mb * 5, 200000, mb) for mb in (10, 100, 1000)])


def count(bench):
    grow(bench, "count", [("count-%d" % n, n, 1024, n) for n in (1000, 10000, 100000)])


def disk_of(path):
    """MAJOR:MINOR of the whole disk that a file lies on, or None."""
    device = os.stat(path).st_dev
    node = os.path.realpath("/sys/dev/block/%d:%d" % (os.major(device), os.minor(device)))
    if os.path.exists(node + "/partition"):
        node = os.path.dirname(node)
    try:
        with open(node + "/dev", encoding="ascii") as f:
            return f.read().strip()
    except FileNotFoundError:
        return None


def controller():
    """(folder, file, value format, name) of what limits reading on this machine, or None."""
    with open("/proc/self/mountinfo", encoding="ascii") as f:
        mounts = [line.split() for line in f]
    for fields in mounts:
        kind, rest = fields[fields.index("-") + 1], fields[fields.index("-") + 3]
        if kind == "cgroup" and "blkio" in rest.split(","):
            return fields[4], "blkio.throttle.read_bps_device", "%s %d", "cgroup v1, blkio.throttle.read_bps_device"
    for fields in mounts:
        if fields[fields.index("-") + 1] == "cgroup2":
            with open(fields[4] + "/cgroup.controllers", encoding="ascii") as f:
                if "io" in f.read().split():
                    with contextlib.suppress(OSError), open(fields[4] + "/cgroup.subtree_control", "w",
                                                            encoding="ascii") as f:
                        f.write("+io")
                    return fields[4], "io.max", "%s rbps=%d", "cgroup v2, io.max"
    return None


@contextlib.contextmanager
def slow(disk, found):
    """Be in a cgroup that reads RATE from this disk."""
    folder, file, value, _ = found
    group = folder + "/dracut-restore-bench"
    os.makedirs(group, exist_ok=True)
    try:
        with open(group + "/" + file, "w", encoding="ascii") as f:
            f.write(value % (disk, RATE))
        with open(group + "/cgroup.procs", "w", encoding="ascii") as f:
            f.write(str(os.getpid()))
        yield
    finally:
        with open(folder + "/cgroup.procs", "w", encoding="ascii") as f:
            f.write(str(os.getpid()))
        os.rmdir(group)


def slow_disk(bench):
    """Cold from a device limited to RATE: the transfer alone, and everybody."""
    found = controller()
    disk = disk_of(bench.plain)
    result = bench.result["slow_disk"] = {"rate": RATE, "by": found[3] if found else None, "lines": []}
    if not found or not disk:
        result["by"] = "nothing on this machine: %s" % ("no cgroup controller" if not found else "no block device")
        images.say("bench: slow disk:", result["by"])
        return
    peers = {p.name: p for p in bench.peers}
    for format in bench.images:
        image = bench.images[format]
        images.say("bench: slow disk, %s" % format)
        field = [("transfer", [bench.programs.alone, "read", image]), (contenders.OURS, bench.programs.ours(image))]
        field += [(name, peers[name].command(format, image)) for name in ("decoder, cpio", "bsdtar") if name in peers]
        samples = {name: [] for name, _ in field}
        with slow(disk, found):
            for _ in range(2 if format == "bzip2" else 5):
                for name, argv in field:
                    time.sleep(0.5)  # what one did not use of its rate is not to be the next one's
                    r = runs.restore(argv, image, cold=True)
                    if r.status == 0:
                        samples[name].append(r)
        for name, rs in samples.items():
            if rs:
                result["lines"].append({"format": format, "who": name, "median": statistics.median(r.wall for r in rs),
                                        "min": min(r.wall for r in rs), "max": max(r.wall for r in rs),
                                        "read": statistics.median(r.read for r in rs),
                                        "bytes": os.path.getsize(image)})
        bench.save()


def exclude(bench):
    """What --exclude saves in time and in memory, which is tmpfs."""
    lines = bench.result["exclude"] = []
    modules, firmware = ["-x", "usr/lib/modules"], ["-x", "usr/lib/firmware"]
    for format in ("plain", "lz4", "zstd"):
        if format not in bench.images:
            continue
        image = bench.images[format]
        images.say("bench: exclude, %s" % format)
        runs.warm(image)
        for options in ([], modules, firmware, modules + firmware):
            line = median_run(bench, bench.programs.ours(image, *options), image, 7)
            lines.append({"format": format, "options": options, **line})
    bench.save()
