#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill.py SIGNAL TIMES: a restore that gets a signal at a random moment.

SIGKILL: there is no `shutdown` without the whole tree, what was there before is still there, and the next run
restores all. SIGTERM, to its decoders too: the run goes on to its end, if main() had begun."""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import RESTORE, STAGING, check, main, make_tree, restore, same, scratch


def theirs(out, write=False):
    """Files of somebody else in out, whose names are in the image too or beside it."""
    for name, content in (("/usr/theirs", "1"), ("/usr/lib/file3", "2"), ("/mine/file", "3")):
        if write:
            os.makedirs(os.path.dirname(out + name), exist_ok=True)
            with open(out + name, "w", encoding="ascii") as f:
                f.write(content)
        else:
            with open(out + name, encoding="ascii") as f:
                check(f.read() == content, "changed:", name)


def complete(tree, out):
    theirs(out)
    os.remove(out + "/usr/theirs")
    shutil.rmtree(out + "/mine")
    os.remove(out + "/usr/lib/file3")
    same(tree, out, root=False, ignore=("mtime",))


def run(name, times):
    signo, r = getattr(signal, name), random.Random(name)
    with scratch() as tmp:
        tree, image, out = tmp + "/tree", tmp + "/image", tmp + "/out"
        make_tree(tree, 12 << 20, files=300)
        for i in range(100):  # many names at the top, so that the commit takes its time
            os.mkdir("%s/top%d" % (tree, i))
        with open(image, "wb") as f:
            f.write(newc.compress("zstd -15", newc.archive(*newc.from_tree(tree))))
        # What is in DIR wins over the image.
        os.remove(tree + "/usr/lib/file3")

        durations = []
        for _ in range(5):
            theirs(out, write=True)
            start = time.monotonic()
            restore(image, out)
            durations.append(time.monotonic() - start)
            complete(tree, out)
            shutil.rmtree(out)
        duration = sorted(durations)[2]

        killed = finished = staged = i = 0
        while (killed if name == "SIGKILL" else finished) < int(times):
            i += 1
            check(i < 5 * int(times), "only", killed, "were killed and", finished, "finished")
            theirs(out, write=True)
            with subprocess.Popen([RESTORE, "-C", out, image], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  start_new_session=True) as p:
                time.sleep(r.uniform(0, duration * 1.1))
                if name == "SIGTERM":  # to the decoders too, as at shutdown
                    os.killpg(p.pid, signo)
                else:
                    p.send_signal(signo)
                said = p.communicate()
            if name == "SIGTERM" and p.returncode == -signo and not os.path.exists(out + "/" + STAGING):
                check(not os.path.exists(out + "/shutdown"), "run", i, "ended half-way")
                theirs(out)
            elif p.returncode == 0:
                finished += 1
                complete(tree, out)
            else:
                check(name == "SIGKILL" and p.returncode == -signo, "run", i, "exit", p.returncode, said)
                killed += 1
                staged += os.path.exists(out + "/" + STAGING)
                theirs(out)
                if os.path.exists(out + "/shutdown"):
                    if os.path.exists(out + "/" + STAGING):
                        shutil.rmtree(out + "/" + STAGING)
                    complete(tree, out)
                else:
                    restore(image, out)
                    check(not os.path.exists(out + "/" + STAGING), "run", i, "left its staging")
                    complete(tree, out)
            shutil.rmtree(out)
        print("%s: %d killed (%d with staging), %d finished, of %.0f ms each" % (
            name, killed, staged, finished, 1000 * duration))


if __name__ == "__main__":
    main(run, *sys.argv[1:])
