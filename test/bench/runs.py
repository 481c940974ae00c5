# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run a program as at shutdown and measure it: in a mount namespace of its own, into a fresh tmpfs on /run, with the
image where it is looked for, warm or cold, on some of the CPUs."""
import ctypes
import os
import platform
import signal
import subprocess
import time

TARGET = "/run/initramfs"
BOOT_IMAGE = "/boot/initrd.img-" + platform.release()

CLONE_NEWNS, CLONE_NEWPID, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x20000000, 4096, 16384, 1 << 18, 2
libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (name, os.strerror(number)))


def mount(source, target, kind=None, flags=0, data=None):
    _call("mount", *(s.encode() if s else None for s in (source, target, kind)), ctypes.c_ulong(flags),
          data.encode() if data else None)


def umount(target):
    _call("umount2", target.encode(), 0)


def enter_namespace():
    """A mount namespace where no place but BOOT_IMAGE has an image for the running kernel, and where this is PID 1, which
    has to see what a restore mounts."""
    _call("unshare", CLONE_NEWNS | CLONE_NEWPID)
    child = os.fork()
    if child != 0:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xff)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc")
    # Labels cost the same whoever sets them; and the stock script fails where the policy is half installed.
    for path in ("/boot", "/efi", "/lib/modules/" + platform.release(), "/etc/selinux"):
        if os.path.isdir(path):
            mount("tmpfs", path, "tmpfs")
    if os.path.exists("/etc/fstab"):
        mount("/dev/null", "/etc/fstab", None, MS_BIND)  # the stock script mounts /boot by it


def offer(image):
    """Make this the image that the running kernel is said to have booted from."""
    if os.path.lexists(BOOT_IMAGE):
        os.unlink(BOOT_IMAGE)
    os.symlink(image, BOOT_IMAGE)


class Fresh:
    """A fresh tmpfs on /run, with what asks for a restore; .used and .nodes once it is left."""

    def __enter__(self):
        mount("tmpfs", "/run", "tmpfs", 0, "mode=755,size=90%")
        os.mkdir(TARGET)
        with open(TARGET + "/.need_shutdown", "w", encoding="ascii"):
            pass
        os.chdir(TARGET)
        return self

    def __exit__(self, *_):
        os.chdir("/")
        self.used = self.nodes = 0
        for path in ("/run", TARGET) if os.path.ismount(TARGET) else ("/run",):
            st = os.statvfs(path)
            self.used += (st.f_blocks - st.f_bfree) * st.f_frsize
            self.nodes += st.f_files - st.f_ffree
        if os.path.ismount(TARGET):
            umount(TARGET)
        umount("/run")


def chill(path):
    """Drop a file from the page cache."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


def warm(path):
    with open(path, "rb", 0) as f:
        while f.read(1 << 20):
            pass


class Result:
    """Of one run: wall and cpu in milliseconds, blocks read, the exit status and what was said."""

    def __init__(self, wall, usage, status, said):
        self.wall = wall * 1e3
        self.cpu = (usage.ru_utime + usage.ru_stime) * 1e3
        self.read = usage.ru_inblock * 512
        self.status = status
        self.said = said
        self.used = self.nodes = 0


def execute(argv, env=None):
    """Run and measure argv, in the current directory, until it has ended."""
    said = os.memfd_create("said")
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, said, 1),
               (os.POSIX_SPAWN_DUP2, said, 2)]
    start = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, env or os.environ, file_actions=actions,
                          setsigdef=[signal.SIGPIPE])  # which Python ignores
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    try: # what a pipeline has left behind; this is PID 1
        while True:
            os.wait()
    except ChildProcessError:
        pass
    text = os.pread(said, 4096, 0).decode("utf-8", "replace")
    os.close(said)
    return Result(wall, usage, os.waitstatus_to_exitcode(status), text)


def restore(argv, image, *, cold=False, env=None):
    """Run argv once, as at shutdown."""
    offer(image)
    if cold:
        chill(image)
    fresh = Fresh()
    with fresh:
        result = execute(argv, env)
    result.used, result.nodes = fresh.used, fresh.nodes
    return result


def _processes(pid):
    stack, found = [pid], []
    while stack:
        at = stack.pop()
        found.append(at)
        try:
            for task in os.listdir("/proc/%d/task" % at):
                with open("/proc/%d/task/%s/children" % (at, task), encoding="ascii") as f:
                    stack.extend(int(c) for c in f.read().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def _field(path, name):
    try:
        with open(path, encoding="ascii", errors="replace") as f:
            for line in f:
                if line.startswith(name):
                    return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass
    return 0


def memory(argv, image, env=None):
    """Peak memory in KiB of argv and all its processes together: {"pss": ..., "hwm": ...}.

    pss counts a page that several of them share once, sampled every few milliseconds; hwm is the sum of the peaks that
    the kernel keeps for each, which counts such pages again and again: the first is a little low, the second too high.
    """
    offer(image)
    pss, peaks = 0, {}
    with Fresh():
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=env or os.environ) as p:
            while p.poll() is None:
                now = 0
                for pid in _processes(p.pid):
                    now += _field("/proc/%d/smaps_rollup" % pid, "Pss:")
                    peaks[pid] = max(_field("/proc/%d/status" % pid, "VmHWM:"), peaks.get(pid, 0))
                pss = max(pss, now)
                time.sleep(0.001)
        used = os.statvfs("/run")
    return {"pss": pss, "hwm": sum(peaks.values()), "status": p.returncode,
            "bytes": (used.f_blocks - used.f_bfree) * used.f_frsize}
