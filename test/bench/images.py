# SPDX-License-Identifier: LGPL-2.1-or-later
"""The images that are measured: one tree, made by dracut and enlarged from the host, in every format. They are made
once and kept in a cache."""
import glob
import hashlib
import os
import platform
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc

# The size of a general image of a distribution's kernel; the cloud kernel's is a third of it.
FULL = {"bytes": 239 << 20, "files": 1548}
SHORT = {"bytes": 0, "files": 0}  # as dracut makes it

# As dracut gives them (059), but for the size of xz's blocks, which -T0 chooses by the number of CPUs.
COMPRESSORS = {
    "plain": "cat",
    "lz4": "lz4 -l -9 -q",
    "zstd": "zstd -15 -q -T0",
    "gzip": "pigz -9 -n -T",
    "lzop": "lzop -9",
    "xz": "xz --check=crc32 --lzma2=dict=1MiB --block-size=3MiB -T0",
    "lzma": "lzma -9",
    "bzip2": "bzip2 -9",
}


def say(*what):
    print(*what, file=sys.stderr, flush=True)


def kernel():
    """The newest kernel that is installed with its modules."""
    found = [p.split("/")[-2] for p in glob.glob("/lib/modules/*/modules.dep")]
    if not found:
        sys.exit("no kernel with modules is installed in /lib/modules")
    return max(found, key=lambda v: [int(x) if x.isdigit() else 0 for x in v.replace("-", ".").split(".")])


def files(tree):
    """(files, bytes) of a tree."""
    sizes = [os.lstat(os.path.join(d, n)).st_size for d, _, names in os.walk(tree) for n in names
             if not os.path.islink(os.path.join(d, n))]
    return len(sizes), sum(sizes)


def candidates():
    """The host's files that are like those of an image, in an order that depends on their names alone."""
    found = {}
    for top in ("/usr/lib/*-linux-gnu", "/usr/lib/python3*", "/usr/lib/systemd", "/usr/bin", "/usr/sbin", "/usr/share"):
        for root in glob.glob(top):
            for folder, _, names in os.walk(root):
                for name in names:
                    path = os.path.join(folder, name)
                    if os.path.isfile(path) and not os.path.islink(path) and not path.endswith((".gz", ".xz", ".zst")):
                        found[path] = os.path.getsize(path)
    return sorted(found.items(), key=lambda f: hashlib.sha256(f[0].encode("utf-8", "surrogateescape")).digest())


def enlarge(tree, version, size):
    """Add a second copy of the modules, and files of the host where firmware lies, up to a size."""
    modules = os.path.join(tree, "usr/lib/modules", version)
    have, used = files(tree)
    if size["bytes"] <= used:
        return
    more, more_bytes = files(modules)
    if used + more_bytes < size["bytes"]:
        shutil.copytree(modules, modules + "-second", symlinks=True)
        have, used = have + more, used + more_bytes
    for path, n in candidates():
        left, room = size["files"] - have, size["bytes"] - used
        if left <= 0 or room <= 0:
            break
        # files near the size that is still missing on average: so number and size come out together
        if room / left / 6 <= n <= min(room, room / left * 6):
            copy = tree + "/usr/lib/firmware" + path.replace("/usr/", "/", 1)
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copyfile(path, copy)
            have, used = have + 1, used + n


def archive(tree, path):
    subprocess.run("find . -print0 | sort -z | cpio -o -0 -H newc -R 0:0 --reproducible --quiet >'%s'" % path, shell=True,
                   cwd=tree, check=True, env=dict(os.environ, LC_ALL="C"))


def compress(name, plain, path):
    command = COMPRESSORS[name].split()
    with open(plain, "rb") as source, open(path + ".new", "wb") as target:
        subprocess.run(command, stdin=source, stdout=target, check=True)
        os.fsync(target.fileno())
    os.rename(path + ".new", path)


def release_tool():
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "dracut-core"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip() or "unknown"


def build(cache, size, formats):
    """{format: path} of the images of a tree of that size, and what they are of. Beside them lies early.img, the plain
    one behind an early part: dracut's skipcpio passes over the first plain part, whatever that is."""
    version = kernel()
    key = hashlib.sha256(repr((version, release_tool(), size, COMPRESSORS, 1)).encode()).hexdigest()[:12]
    folder = os.path.join(cache, "%s-%s" % (version, key))
    plain = folder + "/plain.img"
    if not os.path.exists(plain):
        say("bench: dracut makes a tree of Linux", version)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder + "/tree")
        with open(folder + "/dracut.log", "w", encoding="utf-8") as log:
            if subprocess.run(["dracut", "--quiet", "--force", "--no-hostonly", "--no-early-microcode", "--no-compress",
                               "--kver", version, folder + "/first.img"], stdout=log, stderr=log,
                              check=False).returncode != 0:
                sys.exit("dracut failed: see " + log.name)
        with open(folder + "/first.img", "rb") as image:
            subprocess.run(["cpio", "-id", "--quiet"], stdin=image, cwd=folder + "/tree", check=True)
        enlarge(folder + "/tree", version, size)
        archive(folder + "/tree", plain + ".new")
        shutil.rmtree(folder + "/tree")
        os.unlink(folder + "/first.img")
        os.rename(plain + ".new", plain)
    if not os.path.exists(folder + "/early.img"):
        with open(plain, "rb") as source, open(folder + "/early.img.new", "wb") as target:
            target.write(newc.early())
            shutil.copyfileobj(source, target, 1 << 20)
            os.fsync(target.fileno())
        os.rename(folder + "/early.img.new", folder + "/early.img")
    missing = [f for f in formats if not os.path.exists("%s/%s.img" % (folder, f))]
    # Those that keep one CPU busy run beside each other.
    single = [f for f in missing if "-T0" not in COMPRESSORS[f] and "pigz" not in COMPRESSORS[f]]
    if missing:
        say("bench: compressing:", *missing)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(lambda f: compress(f, plain, "%s/%s.img" % (folder, f)), sorted(single, key="lzma".__ne__)))
    for f in missing:
        if f not in single:
            compress(f, plain, "%s/%s.img" % (folder, f))
    images = {f: "%s/%s.img" % (folder, f) for f in formats}
    return images, describe(version, plain, images)


def entries(path):
    """(name, mode, size) of the entries of a plain image."""
    with open(path, "rb") as f:
        while True:
            header = f.read(110)
            mode, size, namesize = (int(header[i:i + 8], 16) for i in (14, 54, 94))
            name = f.read((namesize + 2 + 3) // 4 * 4 - 2)[:namesize - 1].decode("utf-8", "surrogateescape")
            if name == "TRAILER!!!":
                return
            yield name, mode, size
            f.seek((size + 3) // 4 * 4, os.SEEK_CUR)


def describe(version, plain, images):
    found = list(entries(plain))
    regular = [e for e in found if e[1] & 0o170000 == 0o100000]

    def below(top):
        return sum(size for name, _, size in regular if name.startswith(top))
    return {
        "kernel": version, "dracut": release_tool(), "files": len(regular), "entries": len(found),
        "file_bytes": sum(size for _, _, size in regular), "modules_bytes": below("usr/lib/modules/"),
        "firmware_bytes": below("usr/lib/firmware/"),
        "images": {f: {"bytes": os.path.getsize(p), "made_by": COMPRESSORS[f]} for f, p in images.items()},
    }


def synthetic(cache, plain, name, count, size):
    """A plain image of count files of size bytes each, cut from a real one. Made anew where it is missing."""
    path = os.path.join(cache, name + ".img")
    if not os.path.exists(path):
        os.makedirs(cache, exist_ok=True)
        cut = random.Random(1)
        with open(plain, "rb") as source, open(path + ".new", "wb") as target:
            room = os.path.getsize(plain) - size
            for i in range(count):
                if i % 100 == 0:
                    target.write(newc.entry("dir%d" % (i // 100), newc.DIR | 0o755))
                source.seek(cut.randrange(room))
                target.write(newc.entry("dir%d/file%d" % (i // 100, i), data=source.read(size)))
            target.write(newc.trailer())
            target.flush()
            os.fsync(target.fileno())
        os.rename(path + ".new", path)
    return path


def synthetic_in(format, plain):
    """The same, compressed fast: what is compared is sizes with each other."""
    path = plain.replace(".img", "." + format)
    if not os.path.exists(path):
        with open(plain, "rb") as source, open(path + ".new", "wb") as target:
            subprocess.run({"zstd": "zstd -3 -q -T0", "lz4": "lz4 -l -1 -q", "gzip": "pigz -6 -n"}[format].split(),
                           stdin=source, stdout=target, check=True)
            os.fsync(target.fileno())
        os.rename(path + ".new", path)
    return path


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", "dracut-core", "cpio", "libarchive-tools",
                           "busybox-static", "initramfs-tools-core", "zstd", "xz-utils", "lz4", "lzop", "bzip2", "gzip",
                           "libzstd1", "liblzma5", "liblz4-1", "libisal2", "zlib1g", "libbz2-1.0", "liblzo2-2"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return {"cpu": model, "cpus": len(os.sched_getaffinity(0)), "linux": platform.release(),
            "packages": dict(line.split() for line in done.stdout.splitlines())}
