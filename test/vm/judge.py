# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel as judge: an image is booted, its /init prints what the kernel made of it, and our program's restore of
the same bytes must be the same tree.

The printer is in a part of its own, in front of the odd bytes or behind them; it is /init to the kernel and
/shutdown to our program."""
import os
import re

import corpus
import guest
import qemu

# What the kernel prints when it stops unpacking and continues with what it has.
KERNEL_FAILED = re.compile(rb"Initramfs unpacking failed: ([^\r\n]*)")


def image(manifest_tool, case):
    with open(manifest_tool, "rb") as f:
        printer = corpus.printer(f.read())
    return case.image + printer if case.behind else printer + case.image


def by_kernel(the_guest, path, folder, timeout):
    """The kernel's manifest, as lines, and the run."""
    port = os.path.join(folder, "debug-port")
    machine = qemu.Machine(memory=256, kernel=the_guest.vmlinuz, initrd=path, debug_port=port,
                           append="console=ttyS0 no_timer_check quiet panic=-1 rdinit=/shutdown")
    run = qemu.run(machine, timeout)
    with open(port, errors="replace") as f:
        return f.read().splitlines(), run


def by_program(the_guest, path):
    """Our program's manifest, as lines, its exit code, and what it said."""
    out = guest.run("unshare", "--mount", "--propagation", "private", "sh", "-c", """
        mount -t tmpfs -o mode=755 tmpfs "$1"
        "$2" -C "$1" "$3" 2>&1
        echo "exit=$?"
        "$4" "$1"
        """, "sh", the_guest.mount_point, the_guest.program, path, the_guest.manifest_tool).decode(errors="replace")
    said, code, manifest = re.fullmatch(r"(.*?)^exit=(\d+)\n(.*)", out, re.M | re.S).groups()
    return manifest.splitlines(), int(code), said.splitlines()


def entries(lines, case):
    """{path: the rest} of a manifest without its last line and what only one side can have."""
    result = {}
    for line in lines[:-1]:
        fields = line.split(" ")
        if fields[0] not in corpus.NOT_COMPARED and fields[0] not in case.not_compared:
            result[fields[0]] = " ".join(fields[1:-1])
    return result


def judge(the_guest, case, folder, timeout):
    """(run, problems) of one image."""
    path = guest.write(os.path.join(folder, "image"), image(the_guest.manifest_tool, case))
    kernel, run = by_kernel(the_guest, path, folder, timeout)
    ours, code, said = by_program(the_guest, path)
    failed = KERNEL_FAILED.search(run.serial)
    problems = []
    if not kernel or kernel[-1] != "end":
        problems.append(f"the kernel ran no /shutdown; it ended with {run.ended}")
    if bool(failed) != case.kernel_fails:
        problems.append(f"the kernel said {failed[1].decode() if failed else 'nothing'}, which is not what was expected")
    if (code != 0) != case.fails:
        problems.append(f"our program ended with {code}: {said}")
    if not problems and not case.fails:
        a, b = entries(kernel, case), entries(ours, case)
        problems += [f"{name}: the kernel has {a.get(name)}, our program {b.get(name)}"
                     for name in sorted(a.keys() | b.keys()) if a.get(name) != b.get(name)]
    return run, problems
