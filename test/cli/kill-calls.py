#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill-calls.py ROOT: SIGKILL at each system call of a restore for the pivot, below ROOT, in a mount namespace of its own.

Until the commit, what was there is there, and nothing else; after it, all is done."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import RESTORE, check, main


class System:
    def __init__(self, root):
        self.command = [RESTORE, "-S", root, "-k", "1"]
        self.run, self.dir = root + "/run", root + "/run/initramfs"
        self.theirs = self.dir + "/theirs"

    def prepare(self):
        """A tmpfs on /run. In run/initramfs, a file, and a mount with another."""
        subprocess.run(["umount", "--recursive", self.run], stderr=subprocess.DEVNULL, check=False)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=8m", "run", self.run], check=True)
        os.makedirs(self.theirs)
        subprocess.run(["mount", "-t", "tmpfs", "live", self.theirs], check=True)
        for name in (self.theirs + "/medium", self.dir + "/.need_shutdown"):
            with open(name, "w", encoding="ascii") as f:
                f.write("mine")
        for name in (self.theirs + "/medium", self.theirs, self.dir + "/.need_shutdown", self.dir):
            os.utime(name, (1000, 1000))

    def state(self):
        """What is mounted at and below /run/initramfs, what is below it, and what of /run is in use."""
        with open("/proc/self/mountinfo", encoding="utf-8") as f:
            mounts = [line for line in f if line.split()[4].startswith(self.dir)]
        used = os.statvfs(self.run)
        return mounts, list(newc.manifest(self.dir)), used.f_bfree, used.f_ffree

    def killed(self, call, occurrence):
        subprocess.run(["strace", "-o", "/dev/null", "-e", "trace=" + call, "-e",
                        "inject=%s:signal=KILL:when=%s" % (call, occurrence), *self.command],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    def calls(self):
        """Each call of a restore, as its name and how often it has been made by then."""
        trace = self.run + "/../trace"
        subprocess.run(["strace", "-o", trace, *self.command], stdout=subprocess.DEVNULL, check=True)
        count = {}
        with open(trace, encoding="utf-8", errors="replace") as f:
            for name in re.findall(r"^([a-z0-9_]+)\(", f.read(), re.M):
                count[name] = count.get(name, 0) + 1
                yield name, count[name]

    def done(self):
        with open(self.theirs + "/medium", encoding="ascii") as f:
            return os.access(self.dir + "/shutdown", os.X_OK) and os.access(self.dir + "/bin/sh", os.X_OK) and f.read() == "mine"


def run(root):
    system = System(root)
    system.prepare()
    calls = list(system.calls())
    check(system.done(), "not restored")
    system.prepare()
    before, finished = system.state(), 0
    for call, occurrence in calls:
        system.killed(call, occurrence)
        if os.path.exists(system.dir + "/shutdown"):
            check(system.done(), "killed at", call, occurrence, ": half done")
            finished += 1
            system.prepare()
            before = system.state()
        else:
            after = system.state()
            check(after == before, "killed at", call, occurrence, ":", before, after)
    print("%d times all was as before, %d times all was done" % (len(calls) - finished, finished))
    check(len(calls) - finished > 200 and finished > 5, "killed at", len(calls), "calls only")
    # What somebody makes after a kill is theirs.
    system.killed("setns", 1)
    os.makedirs(system.dir + "/etc/cmdline.d")
    with open(system.dir + "/etc/cmdline.d/debug.conf", "w", encoding="ascii") as f:
        f.write("rd.break")
    subprocess.run(system.command, stdout=subprocess.DEVNULL, check=True)
    with open(system.dir + "/etc/cmdline.d/debug.conf", encoding="ascii") as f:
        check(f.read() == "rd.break" and system.done(), "not carried over after a kill")


if __name__ == "__main__":
    main(run, *sys.argv[1:])
