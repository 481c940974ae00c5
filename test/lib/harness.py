# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the Python drivers of test/cli share: run the program and check all that it says, a tree to put into images,
and how to fail. RESTORE and SKIPCPIO name the programs."""
import contextlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import newc

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
RESTORE = os.environ.get("RESTORE", TOP + "/build/restore/dracut-initramfs-restore")
SKIPCPIO = os.environ.get("SKIPCPIO", TOP + "/build/skipcpio/skipcpio")


class Failure(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(str(w) for w in what))


@contextlib.contextmanager
def scratch():
    """A directory on a tmpfs that is gone afterwards."""
    path = tempfile.mkdtemp(prefix="restore-test.", dir="/dev/shm")
    try:
        yield path
    finally:
        shutil.rmtree(path)


def quiet(said):
    """The lines of what was said, which must be whole, UTF-8 and without control characters."""
    check(not said or said.endswith(b"\n"), "not a whole line:", said)
    try:
        lines = said.decode("utf-8").splitlines() if said else []
    except UnicodeDecodeError:
        raise Failure("no UTF-8: %r" % said) from None
    check(len(lines) == said.count(b"\n"), "strange line ends:", said)
    check(not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", said), "control bytes:", said)
    return lines


def restore(image, out, *options, expect=0, warning=False):
    """Restore image into the directory out. expect: the exit status, or None for 0 or 1, which is returned with
    the line that was said. One line must have been said, two with a warning (True, or None for either)."""
    done = subprocess.run([RESTORE, *options, "-C", out, image], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, check=False)
    stdout, stderr = quiet(done.stdout), quiet(done.stderr)
    check(done.returncode == expect or (expect is None and done.returncode in (0, 1)), "exit", done.returncode,
          stdout, stderr)
    if done.returncode == 0:
        check(len(stdout) == 1, "stdout:", stdout)
        check(len(stderr) in {True: (1,), False: (0,), None: (0, 1)}[warning], "stderr:", stderr)
        return 0, stdout[0]
    check(not stdout and len(stderr) == 1, "not one line on stderr:", stdout, stderr)
    check(re.match("dracut-initramfs-restore: %s: (offset [0-9]+: .|nothing to restore|there is no room for)" % re.escape(image),
                   stderr[0]), stderr[0])
    return done.returncode, stderr[0]


def same(expected, tree, **how):
    """tree is the expected one: another tree, or a list of the lines of its manifest."""
    if isinstance(expected, str):
        expected = newc.manifest(expected, **how)
    lines = newc.differences(expected, newc.manifest(tree, **how))
    check(not lines, "%d differences:\n%s" % (len(lines), "\n".join(lines[:10])))


LETTERS = bytes(range(64)) * 4


def text(r, size, words=None):
    """Bytes that compress about as well as a real image's: matches, and letters that make a block in few bytes."""
    words, out, left = words or r.randbytes(32768), [], size
    while left > 0:
        at, length = r.randrange(len(words)), min(left, r.randrange(20, 768))
        out.append(r.randbytes(length).translate(LETTERS) if r.randrange(6) == 0 else words[at:at + length])
        left -= len(out[-1])
    return b"".join(out)


def make_tree(path, size, files=40, seed=1):
    """A tree of every type, size bytes of files, with an executable `shutdown`."""
    r = random.Random(seed)
    words = r.randbytes(32768)
    os.makedirs(path)
    for name in ("bin", "etc", "usr", "usr/lib", "usr/lib/modules"):
        os.mkdir(os.path.join(path, name))
    dirs = ["bin", "etc", "usr", "usr/lib", "usr/lib/modules", ""]
    for i in range(files):
        name = os.path.join(path, dirs[i % len(dirs)], "file%d" % i)
        with open(name, "wb") as f:
            f.write(text(r, r.randrange(2 * size // files), words))
        os.chmod(name, r.choice([0o644, 0o755, 0o600, 0o4755]))
        os.chown(name, r.randrange(3), r.randrange(3))
    os.link(path + "/bin/file0", path + "/bin/link0")
    os.link(path + "/usr/file2", path + "/usr/lib/link2")
    os.link(path + "/usr/file2", path + "/usr/link2")
    os.symlink("usr/lib", path + "/lib")
    os.symlink("/bin/file0", path + "/etc/absolute")
    os.symlink("nowhere", path + "/etc/grün")
    os.mknod(path + "/usr/null", 0o20666, os.makedev(1, 3))
    os.mknod(path + "/usr/disk", 0o60660, os.makedev(8, 1))
    os.mkfifo(path + "/usr/pipe", 0o622)
    os.chmod(path + "/etc", 0o1777)
    with open(path + "/shutdown", "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n")
    os.chmod(path + "/shutdown", 0o755)
    for name in newc.walk(path):
        os.utime(os.path.join(os.fsencode(path), name), (0, r.randrange(1 << 31)), follow_symlinks=False)


def main(run, *arguments):
    """Call run(*arguments); a Failure is told and exits with 1."""
    try:
        run(*arguments)
    except Failure as e:
        print(e, file=sys.stderr)
        sys.exit(1)
