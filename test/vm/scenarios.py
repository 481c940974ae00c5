# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machines, and what each must show."""
import ast
import dataclasses
import re

KERNEL = "%s panic=-1 printk.devkmsg=on"
SYSTEMD = ("systemd.unit=vmtest.target systemd.log_target=kmsg "
           "systemd.journald.forward_to_console=1")
ROOT = "root=/dev/vda rootfstype=ext4 rw"
# The groups a scenario is in: what is run for each suite, what is run every day on bookworm, and what on demand alone.
GROUPS = ("core", "daily", "demand")

# The firmware says whether it wants signatures; four bytes of attributes are before a variable's value.
SAY_SECURE_BOOT = ("say secure-boot=$(od -An -tu1 -j4 "
                   "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c | tr -d ' ')\n")
SAY_ROOT = ("say \"root is $(findmnt -no FSTYPE,OPTIONS /) boot=$(ls -A /boot | tr '\\n' ' ') "
            "esp=$(findmnt -no TARGET -t vfat)\"\n")


# The mdmon that was started before the root was there leaves to one on the root, as on any machine.
MDMON = ("systemctl start mdmon@md127\n"
         "until p=$(pgrep -x mdmon) && [ \"$(stat -Lc %d /proc/$p/root/)\" = \"$(stat -c %d /)\" ]; do sleep 1; done\n"
         "say mdmon $(readlink /proc/$p/exe)\n")

CHECKED = "arm\ncheck\nfinish poweroff\n"
KEXEC = ("arm\nkexec -s -l /boot/vmlinuz-$(uname -r) --initrd=/boot/second.img "
         f"--command-line='{KERNEL % 'console=ttyS0 no_timer_check'} vmtest.kexeced'\nfinish kexec\n")


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    what: str
    script: str = "arm\nfinish poweroff\n"
    image: str = "small"
    group: str = "demand"
    boot: str = "tiny"  # the small initrd; or "dracut", "uki", "unified", "entry", "two initrds", "grub"
    secure: bool = False  # Secure Boot, with what boots signed
    signed: bool = True  # and in a control not
    in_boot: bool = True  # whether the root's /boot has the image
    damage: bool = False  # and whether that is corrupt
    packed: str = "zstd"  # how; or "gzip", or "plain"
    fstab: str = ""
    stack: str = None
    memory: int = 1024
    cpus: int = 1
    cmdline: str = ""
    dialogue: tuple = ()
    ends: str = "poweroff"  # or "reboot", "halt", "kexec", "refused"
    pivots: bool = True
    restore: str = None  # another program than the one under test
    dirty: bool = False  # whether a control leaves a file system dirty
    control_says: str = None  # what systemd-shutdown says in a control
    kernel: str = None  # the oldest Linux that can do this
    selinux: bool = False
    suites: tuple = ()  # where it can run, if not everywhere
    archs: tuple = ("amd64",)
    says: str = None  # what the serial console has to show besides
    composed: bool = False  # the exitrd is made of the running system
    stashed: bool = False  # the image is what the initramfs has kept of itself
    presses: tuple = None  # Ctrl-Alt-Del, as qemu.run takes it
    heard: bool = True  # whether the journal lives until the program has said what it did
    watch: int = None  # seconds from one look of a builder of images at the console to the next
    restores: int = 1  # how many times the machine stops

    @property
    def control(self):
        return self.control_says is not None


BOTH = ("amd64", "arm64")
SCENARIOS = (
    Scenario("poweroff", "plain /boot, power off", script=CHECKED, group="core", archs=BOTH),
    Scenario("reboot", "plain /boot, reboot", script="arm\nfinish reboot\n", ends="reboot", group="daily", archs=BOTH),
    Scenario("halt", "plain /boot, halt", script="arm\nfinish halt\n", ends="halt", archs=BOTH),
    Scenario("kexec", "plain /boot, kexec into a second kernel", group="daily",
             script=KEXEC, ends="kexec"),
    Scenario("kexec-poweroff", "kexec, and then a power off of what it started", restores=2,
             script="if grep -q vmtest.again /proc/cmdline; then say again; arm; finish poweroff\n"
             "else arm; kexec -s -l /boot/vmlinuz-$(uname -r) --initrd=/boot/second.img "
             "--command-line=\"$(cat /proc/cmdline) vmtest.again\"; finish kexec; fi\n", says="vmtest: again"),
    Scenario("two-cpus", "two processors; the other machines have one", cpus=2),
    Scenario("uki", "a unified kernel image on an unmounted ESP, nothing in /boot", boot="uki", in_boot=False,
             script=SAY_ROOT + "finish poweroff\n", group="core", archs=BOTH, says="boot= esp="),
    Scenario("unified", "a type 2 entry: a unified kernel image, by systemd-boot from an unmounted ESP, nothing in /boot",
             boot="unified", in_boot=False, script=SAY_ROOT + "finish poweroff\n", says=r"boot= esp="),
    Scenario("unified-secureboot", "the same with Secure Boot, all of it signed", boot="unified", in_boot=False,
             secure=True, script=SAY_ROOT + SAY_SECURE_BOOT + "finish poweroff\n", says=r"secure-boot=1"),
    Scenario("unified-secureboot-control", "the same with a unified kernel image that is not signed", boot="unified",
             in_boot=False, secure=True, signed=False, ends="refused", pivots=False),
    Scenario("composefs", "root is a composefs image that composefs= in a unified kernel image names", boot="unified",
             in_boot=False, stack="composefs", script=SAY_ROOT + "finish poweroff\n", suites=("trixie", "sid"),
             says=r"root is overlay .* boot= esp="),
    Scenario("entry", "systemd-boot with a type 1 entry, the ESP on /boot", boot="entry", in_boot=False,
             fstab="PARTUUID=11111111-2222-3333-4444-555555555555 /boot vfat defaults 0 0\n", group="daily",
             script="finish poweroff\n"),
    Scenario("two-initrds", "systemd-boot with two initrd lines, the ESP unmounted", boot="two initrds",
             in_boot=False, script="finish poweroff\n", group="daily"),
    Scenario("grub", "GRUB from an ESP, kernel and image below /boot/ostree, named by an entry in /boot/loader alone",
             boot="grub", in_boot=False, script="say $(cat /proc/cmdline)\nfinish poweroff\n",
             says=r"BOOT_IMAGE=\S*/boot/ostree/vmtest-1/vmlinuz"),
    Scenario("retain-initrd", "retain_initrd, nothing in /boot", in_boot=False, boot="dracut", cmdline="retain_initrd",
             script="finish poweroff\n", kernel="6.8", group="daily"),
    Scenario("debug-shell", "rd.break=pre-shutdown on the kernel command line", cmdline="rd.break=pre-shutdown",
             dialogue=((rb"pre-shutdown:/# ", b"echo vm''test-shell=$((6 * 7))\n"),
                       (rb"vmtest-shell=42", b"exit\n"))),
    Scenario("noexec", "/run mounted noexec", script="mount -o remount,noexec /run\narm\nfinish poweroff\n", group="core",
             archs=BOTH),
    Scenario("small-memory", "512 MB of memory, a general image larger than /run", image="general", memory=512,
             group="core"),
    Scenario("selinux", "SELinux with the distribution's policy", selinux=True, group="daily", archs=BOTH,
             cmdline="security=selinux selinux=1 enforcing=1"),
    Scenario("corrupt", "a corrupt image", script=CHECKED, damage=True, pivots=False, group="core", archs=BOTH),
    Scenario("soft-reboot", "a soft reboot, whose restore serves the power off after it", suites=("trixie", "sid"),
             script="if [ -e /run/again ]; then say again; finish poweroff\n"
             "else : >/run/again; arm; finish soft-reboot; fi\n", says=r"vmtest: again"),
    Scenario("forced", "systemctl poweroff --force: no unit is stopped, and so nothing restored", pivots=False,
             script="arm\nfinish 'poweroff --force'\n", control_says="Powering off"),
    Scenario("sigterm", "SIGTERM to the program again and again while it restores", image="general",
             script="arm\nsystemd-run -q -p DefaultDependencies=no sh -c "
             "'while sleep .1; do pkill -TERM -f [d]racut-initramfs-restore && echo vmtest: terminated >/dev/kmsg; "
             "done'\nfinish poweroff\n", says="vmtest: terminated"),
    Scenario("ctrl-alt-del", "Ctrl-Alt-Del eight times in two seconds: systemd reboots at once, while the program restores",
             ends="reboot", script="arm\nfinish reboot\n", heard=False, presses=(
                 rb"Stopping dracut-shutdown\.service", rb"systemd\[1\]: Received SIGINT", rb"Ctrl-Alt-Del was pressed more"),
             says="Ctrl-Alt-Del was pressed more than 7 times within 2s"),
    Scenario("replaced", "the image is replaced again and again while it is restored",
             script="arm\nv=$(uname -r)\nsystemd-run -q -p DefaultDependencies=no sh -c \"while :; do cp /boot/initrd.img-$v "
             "/boot/new; mv /boot/new /boot/initrd.img-$v && echo vmtest: replaced >/dev/kmsg; done\"\nfinish poweroff\n",
             says="vmtest: replaced"),
    Scenario("loop", "root in a file on another file system", stack="loop", group="core", archs=BOTH),
    Scenario("loop-control", "the same without a restore", stack="loop", pivots=False, script="finish poweroff\n",
             control_says=r"Not all loop devices detached, 1 left", dirty=True, group="daily"),
    Scenario("gzip", "an image packed by gzip; the decoder's library may have text relocations", packed="gzip",
             script="say $(systemctl show -P MemoryDenyWriteExecute dracut-shutdown)\narm\nfinish poweroff\n",
             says="vmtest: yes", archs=BOTH),
    Scenario("oz", "root in a file, an image without compression; a builder of images waits, and wants to take the disk",
             stack="loop", packed="plain", watch=10, archs=BOTH),
    Scenario("oz-control", "the same with the distribution's own script: the disk is not to be had", stack="loop",
             packed="plain", watch=10, restore="dracut", pivots=False, dirty=True,
             control_says=r"Not all loop devices detached, 1 left"),
    Scenario("lvm-on-luks", "root on LVM on LUKS", stack="lvm", group="daily"),
    Scenario("lvm-on-luks-control", "the same without a restore", stack="lvm", pivots=False,
             script="finish poweroff\n", control_says=r"Not all DM devices detached, 2 left"),
    Scenario("md", "root on an md array", stack="md", group="daily"),
    Scenario("md-control", "the same without a restore", stack="md", pivots=False, script="check\nfinish poweroff\n",
             control_says=r"Not all MD devices stopped, 1 left"),
    Scenario("netboot", "nothing in /boot, power off through an exitrd made of the running system", composed=True,
             script=CHECKED, in_boot=False, group="daily"),
    Scenario("netboot-reboot", "the same, reboot", script="arm\nfinish reboot\n", ends="reboot", composed=True,
             in_boot=False),
    Scenario("netboot-halt", "the same, halt", script="arm\nfinish halt\n", ends="halt", composed=True, in_boot=False),
    Scenario("netboot-kexec", "the same, kexec", script=KEXEC, ends="kexec", composed=True, in_boot=False),
    Scenario("netboot-loop", "nothing in /boot, root in a file on another file system", stack="loop", composed=True,
             script=CHECKED, in_boot=False, group="daily"),
    Scenario("netboot-loop-control", "the same with the distribution's script", stack="loop", in_boot=False,
             restore="dracut", pivots=False, control_says=r"Not all loop devices detached, 1 left", dirty=True),
    Scenario("netboot-lvm-on-luks", "nothing in /boot, root on LVM on LUKS", stack="lvm", composed=True, in_boot=False,
             group="daily"),
    Scenario("netboot-lvm-on-luks-control", "the same with the distribution's script", stack="lvm", in_boot=False,
             restore="dracut", pivots=False, control_says=r"Not all DM devices detached, 2 left"),
    Scenario("netboot-md", "nothing in /boot, root on an md array", stack="md", composed=True, in_boot=False,
             group="daily"),
    Scenario("netboot-md-control", "the same with the distribution's script", stack="md", in_boot=False,
             restore="dracut", pivots=False, control_says=r"Not all MD devices stopped, 1 left"),
    Scenario("netboot-selinux", "nothing in /boot, SELinux with the distribution's policy", selinux=True, composed=True,
             in_boot=False, cmdline="security=selinux selinux=1 enforcing=1"),
    Scenario("stash", "nothing in /boot, dracut's image, which has kept itself (restore_stash)", boot="dracut",
             image="stashing", stashed=True, in_boot=False, script=CHECKED, group="daily"),
    Scenario("stash-without", "the same without that, for its time", boot="dracut", composed=True, in_boot=False),
    Scenario("live", "a live system: the image on the medium, root an overlay on a file there", stack="live",
             in_boot=False, script=CHECKED, group="daily", says="restored /run/initramfs/live/images/pxeboot/initrd.img"),
    Scenario("live-control", "the same without a restore", stack="live", in_boot=False, pivots=False,
             script="check\nfinish poweroff\n", control_says=r"Not all loop devices detached, 1 left", dirty=True),
    Scenario("live-composed", "the same without an image on the medium", stack="bare", composed=True, in_boot=False,
             script=CHECKED),
    Scenario("multipath", "root on a device with two paths to one disk", stack="multipath"),
    Scenario("multipath-control", "the same without a restore", stack="multipath", pivots=False,
             script="finish poweroff\n", control_says=r"Not all DM devices detached, 1 left"),
    Scenario("nbd", "root in a file on a disk on the network (NBD)", stack="nbd"),
    Scenario("nbd-control", "the same without a restore", stack="nbd", pivots=False, script="finish poweroff\n",
             control_says=r"Not all loop devices detached, 1 left", dirty=True),
    Scenario("netboot-nbd", "nothing in /boot, root in a file on a disk on the network", stack="nbd", composed=True,
             in_boot=False),
    Scenario("netboot-iscsi", "nothing in /boot, root in a file on an iSCSI disk", stack="iscsi", composed=True,
             in_boot=False),
    Scenario("netboot-iscsi-control", "the same with the distribution's script", stack="iscsi", in_boot=False,
             restore="dracut", pivots=False, control_says=r"Not all loop devices detached, 1 left", dirty=True),
    Scenario("netboot-multipath", "nothing in /boot, root on a device with two paths to one disk", stack="multipath",
             composed=True, in_boot=False),
    Scenario("netboot-multipath-lost", "the same, and at the end both paths are lost, for which the device would wait",
             stack="multipath", composed=True, in_boot=False, script="arm\n: >/run/vmtest-lose\nfinish poweroff\n",
             says=r"vmtest: lost .* 8:0 F \d+ .*8:16 F "),
    Scenario("mdmon", "root on an array whose metadata a program writes", stack="mdmon",
             script=MDMON + "arm\nfinish poweroff\n", says=r"vmtest: mdmon /\S*sbin/mdmon"),
    Scenario("mdmon-control", "the same without a restore", stack="mdmon", pivots=False,
             script=MDMON + "finish poweroff\n", control_says=r"Not all MD devices stopped, \d left"),
    Scenario("netboot-mdmon", "nothing in /boot, root on an array whose metadata a program writes", stack="mdmon",
             composed=True, in_boot=False, script=MDMON + "arm\nfinish poweroff\n",
             says=r"vmtest: mdmon /\S*sbin/mdmon"),
    Scenario("timing-dracut", "the distribution's own script, for its time", restore="dracut"),
)



def but(scenario, changes):
    """A scenario with fields changed, each as FIELD=VALUE: a Python literal, or else text."""
    for change in changes:
        field, _, value = change.partition("=")
        if field not in {f.name for f in dataclasses.fields(scenario)}:
            raise SystemExit(f"a scenario has no {field}")
        try:
            value = ast.literal_eval(value)
        except (SyntaxError, ValueError):
            pass
        scenario = dataclasses.replace(scenario, **{field: value})
    return scenario


# Who may not speak between the first stop message and the end: the tools that dracut's script runs, and shells.
FOREIGN = re.compile(rb"(?:^|[ /\]])((?:cpio|gzip|bzip2|xz|lzma|lzop|lz4|zstd|skipcpio|sh|bash|dash|busybox)"
                     rb"(?:\[\d+\])?: .*)", re.M)
OURS = re.compile(rb"dracut-initramfs-restore\[\d+\]: ([^\r\n]*)")
# In /run/initramfs anyway: the mark, the image's identifier, and what dracut's initramfs makes there while it boots: its
# /var/log, and since dracut 112 more of its /var and etc.
NOT_RESTORED = {".", "./.need_shutdown", "./.image-id", "./log", "./log/private", "./live", "./cmdline.d", "./systemd",
                "./systemd/coredump", "./systemd/ephemeral-trees", "end"}
# What has to come back of an initramfs that keeps itself: all programs, libraries and their data.
STASHED = re.compile(r"\./(shutdown|usr/(?!lib/firmware|lib/modules/[^/ ]+/kernel|lib/dracut/hooks)\S*) ")
STAMP = rb"\[ *(\d+\.\d+)\] systemd\[1\]: %s dracut-shutdown\.service"


def stop_log(run):
    """The serial console from the first stop message on."""
    start = re.search(rb"systemd\[1\]: (?:Stopping|Stopped) ", run.serial)
    return bytes(run.serial[start.start():]) if start else b""


def service_time(run):
    """Seconds from "Stopping" to "Stopped" of dracut-shutdown.service, or None."""
    stamps = [re.search(STAMP % word, run.serial) for word in (b"Stopping", b"Stopped")]
    return float(stamps[1][1]) - float(stamps[0][1]) if all(stamps) else None


def our_lines(run):
    return [line.decode(errors="backslashreplace") for line in OURS.findall(run.serial)]


def restored_tree(run):
    """The manifest of /run/initramfs right before the last pivot."""
    found = re.findall(rb"^restored-tree begin\n(.*?)^restored-tree end\n", run.port, re.M | re.S)
    return found[-1].decode().splitlines() if found else None


def compare_trees(expected, found, label=False, times=True, limit=5):
    """Differences of two manifests, the root itself and what the machine put there left out."""
    def entries(lines):
        result = {}
        for line in lines:
            fields = line.split(" ")
            if fields[0] not in NOT_RESTORED:
                # GNU cpio, from which the expected tree is, sets the times of files alone.
                with_time = times and fields[1] == "f"
                result[fields[0]] = fields[1:4] + fields[4 if with_time else 5:-1]
                # As setfiles does without -F: of a label only the type, and that where the policy has one.
                if label:
                    result[fields[0]].append(fields[-1].split(":")[2] if ":" in fields[-1] else "-")
        return result
    a, b = entries(expected), entries(found)
    if label:
        for name, fields in a.items():
            if fields[-1] == "-" and name in b:
                b[name][-1] = "-"
    problems = [f"{name} is missing" for name in a if name not in b]
    problems += [f"{name} is too much" for name in b if name not in a]
    problems += [f"{name} is {' '.join(b[name])}, not {' '.join(a[name])}" for name in a if name in b and a[name] != b[name]]
    if len(problems) > limit:
        problems[limit:] = [f"and {len(problems) - limit} more differences in the tree"]
    return problems


# After the pivot systemd-shutdown is called as it was named there, by that or by the link.
VERBS = {"poweroff": "Powering off", "reboot": "Rebooting", "halt": "Halting system", "kexec": "Rebooting with kexec"}


def check_composed(scenario, run, tree, lines):
    """What is wrong with an exitrd of the running system."""
    problems = []
    if not all("composed an exitrd of the running system" in line for line in lines):
        problems.append(f"the program did not say that it composed: {lines}")
    if tree is not None:
        names = {line.split(" ")[0] for line in tree}
        problems += [f"{name} is missing" for name in ("./shutdown", "./etc/initrd-release", "./oldroot")
                     if name not in names]
    if tree is not None and scenario.selinux:
        labels = {fields[0]: fields[-1] for fields in (line.split(" ") for line in tree if line != "end")}
        wanted = {"./etc/ld.so.cache": "ld_so_cache_t", "./usr/lib/systemd/systemd-shutdown": "init_exec_t"}
        problems += [f"{name} has the label {labels.get(name)}, not {label}" for name, label in wanted.items()
                     if f":{label}:" not in labels.get(name, "")]
        problems += [f"{name} has the label {label}" for name, label in labels.items()
                     if name not in NOT_RESTORED and (":" not in label or ":tmpfs_t:" in label or "unlabeled" in label)]
    pivots = list(re.finditer(rb"Successfully changed into root pivot", run.serial))
    if len(pivots) != 1:
        problems.append(f"there were {len(pivots)} pivots")
    elif not re.search(rb"shutdown\[1\]: %s\." % VERBS[scenario.ends].encode(), run.serial[pivots[0].end():]):
        problems.append(f"the exitrd's systemd-shutdown did not say {VERBS[scenario.ends]}")
    return problems


def check_report(scenario, run, lines):
    """Where --check and the shutdown that came after it differ."""
    status, verdict, image = run.said("check exit"), run.said("check verdict"), run.said("check image")
    if status is None:
        return []
    problems = []
    if (status == "0") != scenario.pivots or (verdict or "").startswith("the next shutdown pivots") != scenario.pivots:
        problems.append(f"--check ended with {status} and said: {verdict}")
    if scenario.pivots and not scenario.composed and not (image and any(image.split(" ")[0] in line for line in lines)):
        problems.append(f"--check named {image}, but: {lines}")
    if scenario.composed and (image or "").split(" ")[0] != "none":
        problems.append(f"--check named {image}, and there is none")
    return problems


def check(scenario, run, expected):
    """What is wrong with a run, as sentences; expected is the manifest of the image. The disks are looked at
    elsewhere."""
    if scenario.ends == "refused":
        return [] if run.ended == "refused" and b"Linux version" not in run.serial else [
            f"it ended with {run.ended}, and what is not signed was not refused"]
    problems = []
    if run.ended == "poweroff" and b"vmtest: the second kernel runs" in run.serial:
        run.ended = "kexec"
    if run.ended != scenario.ends:
        problems.append(f"it ended with {run.ended} instead of {scenario.ends}; the last stage was {run.stage}")

    stop = stop_log(run)
    try:
        stop.decode()
    except UnicodeDecodeError as e:
        problems.append(f"the console is not UTF-8: {stop[max(0, e.start - 20):e.end + 20]!r}")
    problems += [f"somebody speaks: {line.decode(errors='replace').strip()}" for line in FOREIGN.findall(stop)]
    lines = our_lines(run)
    if scenario.restore != "dracut" and scenario.heard and len(lines) != (0 if scenario.control else scenario.restores):
        problems.append(f"the program said {len(lines)} lines: {lines}")

    pivot = b"systemd-shutdown[1]: Successfully changed into root pivot" in run.serial
    tree = restored_tree(run)
    if tree is None:
        problems.append("systemd-shutdown never came to look at /run/initramfs")
    if scenario.pivots:
        if not pivot:
            problems.append("systemd-shutdown did not pivot")
        if scenario.composed:
            problems += check_composed(scenario, run, tree, lines)
        elif scenario.stashed and tree is not None:
            # What runs in an initramfs makes files and removes hooks.
            problems += compare_trees(*([line for line in lines_of if STASHED.match(line)] for lines_of in (expected, tree)))
            if not all("restored /run/dracut-restore/initrd (zstd)" in line for line in lines):
                problems.append(f"it is not what was kept: {lines}")
        elif tree is not None:
            # dracut's script sets no times.
            problems += compare_trees(expected, tree, scenario.selinux, scenario.restore != "dracut")
        pivoted, last = run.said("pivoted"), run.said("last")
        if pivoted is None:
            problems.append("no word from inside the restored image")
        if last is None:
            problems.append("the restored image's last hook did not run")
        elif last != "left= mounts=0":
            problems.append(f"the last hook found something left: {last}")
        if scenario.boot == "two initrds" and pivoted and "second=from the second initrd" not in pivoted:
            problems.append("the second initrd is not in the restored tree")
    else:
        if pivot or run.said("pivoted") is not None:
            problems.append("systemd-shutdown pivoted")
        if tree and any(line.startswith("./shutdown ") for line in tree):
            problems.append("/run/initramfs/shutdown is there")
        if not re.search(rb"systemd-shutdown\[1\]: (Powering off|Rebooting)\.", run.serial):
            problems.append("systemd-shutdown did not go on without the pivot")
    if scenario.control_says and not re.search(scenario.control_says.encode(), run.serial):
        problems.append(f"the control shows no difference: systemd-shutdown did not say {scenario.control_says!r}")
    if scenario.says and not re.search(scenario.says.encode(), run.serial):
        problems.append(f"the console does not show {scenario.says!r}")
    if scenario.damage and not any(re.search(r"corrupt|checksum|truncated|damaged|invalid", line, re.I) for line in lines):
        problems.append(f"the program did not say that the image is corrupt: {lines}")
    problems += check_report(scenario, run, lines)
    if scenario.watch and run.watcher.error:
        problems.append(f"the watcher cannot read the console: {run.watcher.error}")
    if scenario.dialogue and b"vmtest-shell=42" not in run.serial:
        problems.append("there was no debug shell")
    return problems
