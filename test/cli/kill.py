#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill.py SIGNAL TIMES: an unpacking into a directory that gets a signal at a random moment.

SIGKILL: the directory is not there, or the whole tree is, and the next run unpacks all. SIGTERM, to its decoders
too: the run goes on to its end, if main() had begun."""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
import newc
from harness import RESTORE, check, main, make_tree, restore, same, scratch


def run(name, times):
    signo, r = getattr(signal, name), random.Random(name)
    with scratch() as tmp:
        tree, image, out = tmp + "/tree", tmp + "/image", tmp + "/out"
        make_tree(tree, 2 << 20, files=100)
        with open(image, "wb") as f:
            f.write(newc.compress("zstd -15", newc.archive(*newc.from_tree(tree))))

        expected, durations = list(newc.manifest(tree, root=False)), []

        def whole():
            same(expected, out, root=False)
            shutil.rmtree(out)

        for _ in range(5):
            start = time.monotonic()
            restore(image, out)
            durations.append(time.monotonic() - start)
            whole()
        duration = sorted(durations)[2]

        killed = finished = i = 0
        while (killed if name == "SIGKILL" else finished) < int(times):
            i += 1
            check(i < 5 * int(times), "only", killed, "were killed and", finished, "finished")
            with subprocess.Popen([RESTORE, "-C", out, image], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  start_new_session=True) as p:
                time.sleep(r.uniform(0, duration * 1.1))
                if name == "SIGTERM":  # to the decoders too, as at shutdown
                    os.killpg(p.pid, signo)
                else:
                    p.send_signal(signo)
                said = p.communicate()
            if p.returncode == 0:
                finished += 1
            else:
                # SIGTERM before main() has begun
                check(p.returncode == -signo, "run", i, "exit", p.returncode, said)
                killed += 1
            left = [name for name in os.listdir(tmp) if name.startswith(".restore-")]
            check(not left or p.returncode == -signal.SIGKILL, "run", i, "left", left)
            check(p.returncode != 0 or os.path.exists(out), "run", i, "restored nothing")
            if left and not os.path.exists(out):
                restore(image, out)
            if os.path.exists(out):
                whole()
            for rest in left:
                shutil.rmtree(tmp + "/" + rest)
        print("%s: %d killed, %d finished, of %.0f ms each" % (name, killed, finished, 1000 * duration))


if __name__ == "__main__":
    main(run, *sys.argv[1:])
