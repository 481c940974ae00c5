# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs run in another system's root, and what they have made there compared."""
import os
import shutil
import subprocess
import sys


def enter(root):
    """Start this program again where ROOT has /proc and /dev, which go away with it. Returns the root's real path."""
    root = os.path.realpath(root)
    script = 'for dir in proc dev; do mount --rbind "/$dir" "$0/$dir"; done; exec "$@"'
    if os.environ.get("INROOT") != root:
        os.environ["INROOT"] = root
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "sh", "-euc", script, root, sys.executable,
                              *sys.argv])
    return root


class Work:
    """A directory in the root, for a with statement."""

    def __init__(self, root):
        self.root, self.path = root, "/tmp/inroot-%d" % os.getpid()

    def __enter__(self):
        os.makedirs(self.outside())
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.outside())

    def outside(self, name=""):
        return "%s%s/%s" % (self.root, self.path, name)

    def run(self, *command, **environment):
        """Run a command in a fresh directory `here`. Returns its status, standard output and standard error."""
        shutil.rmtree(self.outside("here"), ignore_errors=True)
        os.mkdir(self.outside("here"))
        process = subprocess.run(
            ["chroot", self.root, "sh", "-c", 'umask 022; cd "$0"; exec "$@"', self.path + "/here", *command],
            capture_output=True, stdin=subprocess.DEVNULL, check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", **environment})
        return process.returncode, process.stdout, process.stderr


def without_times(manifest):
    """A tree without the times of directories: GNU cpio makes files in them after it has set those."""
    return sorted(" ".join(f[:4] if f[1] == "d" else f) for f in (line.split(" ") for line in manifest))


def print_difference(title, ours, theirs):
    """Of two results of (status, stdout, stderr, tree)."""
    print(title)
    for name, result in ("ours", ours), ("theirs", theirs):
        print("  %-7s %d, %d bytes, %s" % (name + ":", result[0], len(result[1]), result[2][-200:]))
    a, b = (set(r[3]) | set(r[1].decode(errors="replace").splitlines()) for r in (ours, theirs))
    for sign, lines in ("-", b - a), ("+", a - b):
        for line in sorted(lines)[:5]:
            print("  %s%s" % (sign, line))
