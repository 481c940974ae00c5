# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who is measured, and by which command. A command runs in the directory to restore into."""
import glob
import os
import shutil

OURS, ALONE, XZ_THREADS = "ours", "decode alone", "xz -T0, cpio"

# How the packaged decoder is called; what a knowing person would write.
DECODERS = {"plain": "", "lz4": "lz4 -dc |", "zstd": "zstd -dcq |", "gzip": "gzip -dc |", "lzop": "lzop -dc |",
            "xz": "xz -dc |", "lzma": "xz -dc --format=lzma |", "bzip2": "bzip2 -dc |"}

# By what a format is decoded alone, and whether by several threads too.
LIBRARIES = {"plain": ("write", True), "lz4": ("lz4-legacy", True), "zstd": ("zstd", False), "gzip": ("isal", False),
             "lzop": ("lzop", True), "xz": ("xz", True), "lzma": ("lzma", False), "bzip2": ("bzip2", False)}


def stock_script():
    """dracut's own script, also where ours is installed in its place."""
    for path in ("/usr/lib/dracut/dracut-initramfs-restore", "/usr/lib/dracut/dracut-initramfs-restore.distrib"):
        if os.path.exists(path):
            with open(path, "rb") as f:
                if f.read(2) == b"#!":
                    return path
    return None


def pipeline(format, image, reader):
    """skipcpio, as in the stock script, and the right decoder."""
    skip = next((p for p in ("/usr/lib/dracut/skipcpio.distrib", "/usr/lib/dracut/skipcpio") if os.access(p, os.X_OK)),
                "cat")
    if format == "plain":
        return ["bash", "-c", "%s <'%s'" % (reader, image)]
    return ["bash", "-c", "set -o pipefail; %s '%s' | %s %s" % (skip, image, DECODERS[format], reader)]


def threaded_xz(format, image):
    """What xz could do since 5.4 if the script asked for it: in no table of aims, but it should be seen."""
    return ["bash", "-c", "set -o pipefail; xz -dc -T0 '%s' | cpio -id --quiet" % image] if format == "xz" else None


def foreign(root, *names):
    """A program of another Debian's root, as an argv: run by that root's own loader, with its libraries. The decoders that
    it starts are this machine's. None where it is not there."""
    program = next((root + n for n in names if root and os.access(root + n, os.X_OK)), None)
    loader = next(iter(glob.glob(str(root) + "/lib64/ld-linux-*.so.*") + glob.glob(str(root) + "/lib/ld-linux-*.so.*")), None)
    folders = glob.glob(str(root) + "/usr/lib/*-linux-gnu")
    return [loader, "--library-path", ":".join(folders), program] if program and loader else None


class Contender:
    """command(format, image) is an argv, or None where it is of no use for the format. With skips, the image has an
    early part if it is plain, as skipcpio would pass over the only part."""

    def __init__(self, name, command, present, skips=False):
        self.name, self.command, self.present, self.skips = name, command, present, skips


def peers(root=None):
    """Those that are on this machine, or in root."""
    script = stock_script()
    have = shutil.which
    threecpio = foreign(root, "/usr/bin/3cpio") or (["3cpio"] if have("3cpio") else None)
    extractor = foreign(root, "/usr/bin/dracut-extractinitrd", "/usr/lib/dracut/extractinitrd")
    every = [
        Contender("stock script", lambda f, i: [script], script, skips=True),
        Contender("decoder, cpio", lambda f, i: pipeline(f, i, "cpio -id --quiet"), have("cpio")),
        Contender(XZ_THREADS, threaded_xz, have("xz") and have("cpio")),
        Contender("bsdtar", lambda f, i: ["bsdtar", "-xf", i], have("bsdtar")),
        Contender("bsdcpio", lambda f, i: ["bsdcpio", "-id", "--quiet", "-F", i], have("bsdcpio")),
        Contender("decoder, busybox cpio", lambda f, i: pipeline(f, i, "busybox cpio -id"), have("busybox")),
        Contender("3cpio", lambda f, i: [*threecpio, "-x", "--force", "-C", ".", i], threecpio),
        Contender("dracut-extractinitrd", lambda f, i: [*extractor, i], extractor),
        Contender("lsinitrd --unpack", lambda f, i: ["lsinitrd", "--unpack", i], have("lsinitrd"), skips=True),
        Contender("unmkinitramfs", lambda f, i: ["unmkinitramfs", i, "."], have("unmkinitramfs"), skips=True),
    ]
    return [c for c in every if c.present], [c.name for c in every if not c.present]


class Programs:
    """What was built here."""

    def __init__(self, build):
        self.restore = os.path.abspath(build) + "/restore/dracut-initramfs-restore"
        self.alone = os.path.abspath(build) + "/test/bench/decode-alone"
        self.fake_cpus = os.path.abspath(build) + "/test/bench/fake-cpus.so"

    def ours(self, image, *options):
        return [self.restore, *options, image]

    def decode_alone(self, format, image, threads=1, zlib=False):
        return [self.alone, "zlib" if zlib else LIBRARIES[format][0], image, str(threads)]
