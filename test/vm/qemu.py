# SPDX-License-Identifier: LGPL-2.1-or-later
"""Start QEMU and watch a machine from outside, until it ends or its time is over."""
import codecs
import contextlib
import dataclasses
import json
import os
import re
import selectors
import shlex
import socket
import subprocess
import time

@dataclasses.dataclass(frozen=True)
class Architecture:
    """How QEMU emulates it, and what its tools are called."""
    qemu_name: str
    options: tuple  # -machine and -cpu
    firmware: str
    variables: str
    cmdline: str  # for the kernel
    efi: str  # as in bootx64.efi
    triplet: str
    objcopy: str

    @property
    def qemu(self):
        return "qemu-system-" + self.qemu_name


ARCHITECTURES = {
    # no_timer_check: on a busy computer the emulated timer can be late enough for Linux to panic ("IO-APIC + timer
    # doesn't work"); under KVM, Linux does not check either.
    # udev would load KVM, which takes half a minute on a busy computer, in the middle of a shutdown that comes early;
    # and with svm=off Linux 6.12 gives programs garbage.
    # After cmpxchg16b, QEMU 7.2 has garbage in the flags. Linux 6.12 uses it to allocate, and dies of it.
    "amd64": Architecture("x86_64", ("-machine", "q35", "-cpu", "max,cx16=off"), "/usr/share/OVMF/OVMF_CODE_4M.fd",
                          "/usr/share/OVMF/OVMF_VARS_4M.fd", "console=ttyS0 no_timer_check modprobe.blacklist=kvm_amd", "x64",
                          "x86_64-linux-gnu", "objcopy"),
    "arm64": Architecture("aarch64", ("-machine", "virt", "-cpu", "cortex-a76"), "/usr/share/AAVMF/AAVMF_CODE.fd",
                          "/usr/share/AAVMF/AAVMF_VARS.fd", "console=ttyAMA0", "aa64", "aarch64-linux-gnu",
                          "aarch64-linux-gnu-objcopy"),
}
# Firmware that requires programs signed by its owner, whom these variables name.
SECURE_FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
SECURE_VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"

# The stages of a machine: what shows, on which channel, that it has reached one.
STAGES = (
    ("firmware", None, None),
    ("boot loader", "serial", rb"BdsDxe: starting Boot"),
    ("kernel", "serial", rb"Linux version"),
    ("initrd", "serial", rb"vmtest: initrd|systemd\[1\]: Running in initrd"),
    ("userspace", "port", rb"^userspace"),
    ("stopping", "port", rb"^stopping"),
    ("restoring", "serial", rb"Stopping dracut-shutdown\.service"),
    ("restored", "serial", rb"Stopped dracut-shutdown\.service"),
    ("systemd-shutdown", "port", rb"^restored-tree begin"),
    ("pivoted", "port", rb"^pivoted"),
    ("last hook", "port", rb"^last "),
    ("powered off", "qmp", rb'"SHUTDOWN"'),
)
STAGE_NAMES = tuple(name for name, _, _ in STAGES)


def escape(value):
    """A value for QEMU's option parser, which splits at commas; two commas stand for one."""
    return str(value).replace(",", ",,")


def option(*words, **settings):
    """The argument of an option: option("socket", id="a", fd=3) is socket,id=a,fd=3. A final underscore in a
    setting's name is dropped (if_), the others are dashes."""
    pairs = (f"{name.rstrip('_').replace('_', '-')}={escape(value)}" for name, value in settings.items())
    return ",".join([*map(escape, words), *pairs])


@dataclasses.dataclass
class Machine:
    """What QEMU is to emulate. Disks are raw images, /dev/vda first; with firmware the machine boots from the last."""
    arch: Architecture = ARCHITECTURES["amd64"]
    memory: int = 1024
    cpus: int = 1
    disks: tuple = ()
    two_paths: str = None  # one more disk, which is there twice: /dev/sda and /dev/sdb
    remote: str = None  # one more, which QEMU itself serves over NBD as "root" on 10.0.2.100; there is no other network
    kernel: str = None
    initrd: str = None
    append: str = None
    firmware: str = None  # a writable copy of the firmware's variables
    secure: bool = False  # whether they, and the firmware, are those with Secure Boot
    debug_port: str = None  # a file for what the guest writes to port 0xe9, in place of the port

    def arguments(self, serial, port, qmp):
        """The command line, as a list; the channels are descriptors of sockets."""
        args = [self.arch.qemu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-accel", option("tcg", thread="multi"), *self.arch.options, "-smp", str(self.cpus), "-m", str(self.memory),
                "-chardev", option("socket", id="serial", fd=serial), "-serial", "chardev:serial",
                "-chardev", option("socket", id="qmp", fd=qmp), "-mon", option(chardev="qmp", mode="control")]
        if self.debug_port:
            args += ["-chardev", option("file", id="debug", path=self.debug_port),
                     "-device", option("isa-debugcon", iobase="0xe9", chardev="debug")]
        else:
            args += ["-chardev", option("socket", id="port", fd=port), "-device", "virtio-serial-pci",
                     "-device", option("virtserialport", chardev="port", name="vmtest")]
        if self.secure:
            # The firmware lets only code in system management mode change its variables.
            args += ["-machine", "smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"]
        if self.firmware:
            code = SECURE_FIRMWARE if self.secure else self.arch.firmware
            args += ["-drive", option(if_="pflash", format="raw", unit=0, readonly="on", file=code),
                     "-drive", option(if_="pflash", format="raw", unit=1, file=self.firmware)]
        for number, disk in enumerate(self.disks):
            args += ["-drive", option(if_="none", id=f"disk{number}", format="raw", cache="unsafe", file=disk)]
            device = {"drive": f"disk{number}"}
            if self.firmware:
                # The firmware looks only at disks in this order, and GRUB sees only those.
                device["bootindex"] = number + 2 if number < len(self.disks) - 1 else 1
            args += ["-device", option("virtio-blk-pci", **device)]
        for number in range(2 if self.two_paths else 0):
            if number == 0:
                args += ["-device", option("virtio-scsi-pci", id="scsi")]
            # Otherwise QEMU locks the file.
            args += ["-drive", option(if_="none", id=f"path{number}", format="raw", cache="unsafe", file=self.two_paths,
                                      **{"file.locking": "off"}),
                     "-device", option("scsi-hd", drive=f"path{number}", serial="vmtest", share_rw="on")]
        if self.remote:
            args += ["-blockdev", option(driver="raw", node_name="remote", **{"file.driver": "file", "file.filename": self.remote}),
                     "-chardev", option("socket", id="nbd", path=self.remote + ".socket", reconnect=1),
                     "-netdev", option("user", id="net", restrict="on", guestfwd="tcp:10.0.2.100:10809-chardev:nbd"),
                     "-device", option("virtio-net-pci", netdev="net", romfile="")]
        for name in ("kernel", "initrd", "append"):
            if getattr(self, name) is not None:
                args += ["-" + name, str(getattr(self, name))]
        return args


    def first_commands(self):
        """The monitor's first commands."""
        commands = [{"execute": "qmp_capabilities"}]
        if self.remote:
            commands += [
                {"execute": "nbd-server-start", "arguments": {"addr": {"type": "unix", "data": {"path": self.remote + ".socket"}}}},
                {"execute": "block-export-add", "arguments": {"type": "nbd", "id": "remote", "node-name": "remote", "name": "root",
                                                              "writable": True}}]
        return "".join(json.dumps(command) + "\n" for command in commands).encode()


@dataclasses.dataclass
class Run:
    """What was seen of a machine."""
    command: str = ""
    serial: bytearray = dataclasses.field(default_factory=bytearray)
    port: bytearray = dataclasses.field(default_factory=bytearray)
    qmp: bytearray = dataclasses.field(default_factory=bytearray)
    watcher: "Watcher" = None
    errors: str = ""  # QEMU's own output
    ended: str = ""  # poweroff, reboot, halt, timeout, or what QEMU did
    stages: dict = dataclasses.field(default_factory=dict)  # name: seconds since the start
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def cost(self):
        return f"{self.seconds:.0f} s, {self.cpu_seconds:.0f} s of CPU"

    @property
    def stage(self):
        return [name for name in STAGE_NAMES if name in self.stages][-1]

    def said(self, word):
        """The last line on the port that begins with the word, without it; None if there is none."""
        lines = re.findall(rb"^" + re.escape(word.encode()) + rb"(?: (.*))?$", self.port, re.M)
        return lines[-1].decode(errors="replace") if lines else None

    def hear(self, channel, data, now):
        """Take what came on a channel, and note the stages that it shows."""
        heard = getattr(self, channel)
        line = heard.rfind(b"\n") + 1
        heard += data
        for name, where, pattern in STAGES:
            if where == channel and name not in self.stages and re.compile(pattern, re.M).search(heard, line):
                self.stages[name] = round(now, 1)


class Watcher:
    """Polls the console as builders of images do that wait for a machine to shut itself down: what came since the last
    time is decoded strictly as UTF-8, and the first error is the end of the build."""

    def __init__(self, period):
        self.period, self.next, self.polls, self.error = period, period, 0, None
        self.decoder, self.seen = codecs.getincrementaldecoder("utf-8")("strict"), 0

    def poll(self, now, console, final=False):
        """Look at the console, if it is time or nothing more will come."""
        if now < self.next and not final:
            return
        self.next = now + self.period
        self.polls += 1
        new, self.seen = bytes(console[self.seen:]), len(console)
        try:
            self.decoder.decode(new, final)
        except UnicodeDecodeError as e:
            self.error = self.error or f"poll {self.polls}, after {now:.0f} s: {e.reason} in {new[max(0, e.start - 20):e.end + 20]!r}"
            self.decoder.reset()


class Keys:
    """Presses Ctrl-Alt-Del from when the console shows a pattern, and again whenever it shows that the last press was
    taken, until it shows that it was enough. A keyboard has no room for the bytes of two presses, of signals the kernel
    keeps one, and what is pressed later is there for whoever is PID 1 then."""
    PAUSE = 0.05
    PRESS = json.dumps({"execute": "send-key", "arguments": {
        "keys": [{"type": "qcode", "data": key} for key in ("ctrl", "alt", "delete")], "hold-time": 20}}).encode() + b"\n"

    def __init__(self, start, taken, enough):
        self.start, self.taken, self.enough = map(re.compile, (start, taken, enough))
        self.presses, self.next = 0, None

    def poll(self, now, console, monitor):
        """Press if it is time. Seconds until it will be; None if only what the console shows can tell."""
        if self.enough.search(console) or not (self.start if self.presses == 0 else self.taken).search(console):
            return None
        if len(self.taken.findall(console)) < self.presses:
            self.next = None
            return None
        self.next = self.next or now + self.PAUSE
        if now >= self.next:
            with contextlib.suppress(BrokenPipeError):  # the machine has ended
                monitor.sendall(self.PRESS)
            self.presses, self.next = self.presses + 1, None
            return None
        return self.next - now


# What firmware and boot loader say of a program that is not signed.
REFUSED = re.compile(rb"Access [Dd]enied|Security [Vv]iolation|Security Policy Violation")


def run(machine, timeout, dialogue=(), presses=None, program=None, watch=None):
    """Run a machine. The timeout is a function, for what a machine may take depends on what else the computer does
    meanwhile; it gives seconds since the start. The dialogue is a sequence of (pattern to wait for on the serial
    console, bytes to type); presses are the three patterns of Keys; watch is a Watcher's period in seconds. A program is
    run in QEMU's place by the unit tests."""
    ours, theirs = zip(*(socket.socketpair() for _ in range(3)))
    channels = dict(zip(("serial", "port", "qmp"), ours))
    argv = machine.arguments(*(s.fileno() for s in theirs))
    if program:
        argv = [*program, *(str(s.fileno()) for s in theirs)]
    result = Run(command=shlex.join(argv), watcher=Watcher(watch) if watch else None)
    result.stages["firmware"] = 0.0
    dialogue, searched = list(dialogue), 0
    keys = Keys(*presses) if presses else None
    start = time.monotonic()
    # A harness that is killed leaves no machine behind.
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *argv], pass_fds=[s.fileno() for s in theirs], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        for s in theirs:
            s.close()
        channels["qmp"].sendall(machine.first_commands())
        with selectors.DefaultSelector() as selector:
            for name, s in channels.items():
                selector.register(s, selectors.EVENT_READ, name)
            while selector.get_map():
                left = start + timeout() - time.monotonic()
                if left <= 0:
                    result.ended = "timeout"
                    break
                now = time.monotonic() - start
                if result.watcher:
                    result.watcher.poll(now, result.serial)
                    left = min(left, result.watcher.next - now)
                if keys and (due := keys.poll(now, result.serial, channels["qmp"])) is not None:
                    left = min(left, due)
                for key, _ in selector.select(max(0, left)):
                    try:
                        data = key.fileobj.recv(1 << 16)
                    except ConnectionResetError:
                        data = b""
                    if not data:
                        selector.unregister(key.fileobj)
                        continue
                    result.hear(key.data, data, time.monotonic() - start)
                while dialogue and (match := re.compile(dialogue[0][0]).search(result.serial, searched)):
                    searched = match.end()
                    channels["serial"].sendall(dialogue.pop(0)[1])
                if machine.secure and not result.ended and REFUSED.search(result.serial):
                    result.ended = "refused"
                    channels["qmp"].sendall(b'{"execute": "quit"}\n')
                if not result.ended and b"reboot: System halted" in result.serial[-4096:]:
                    result.ended = "halt"
                    channels["qmp"].sendall(b'{"execute": "quit"}\n')
        if result.ended == "timeout":
            process.kill()
        result.errors = process.stdout.read().decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        result.cpu_seconds = usage.ru_utime + usage.ru_stime
    finally:
        process.kill()
        process.stdout.close()
        for s in ours:
            s.close()
    result.seconds = time.monotonic() - start
    if result.watcher:
        result.watcher.poll(result.seconds, result.serial, final=True)
    if not result.ended:
        reasons = [e["data"]["reason"] for e in map(json.loads, filter(None, result.qmp.split(b"\n")))
                   if e.get("event") == "SHUTDOWN"]
        result.ended = {"guest-shutdown": "poweroff", "guest-reset": "reboot"}.get(
            reasons[-1] if reasons else None, f"QEMU exited with {process.returncode}")
    if b"Kernel panic" in result.serial:
        result.ended = "kernel panic"
    return result
