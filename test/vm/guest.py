# SPDX-License-Identifier: LGPL-2.1-or-later
"""Build what the machines boot: the root file system, dracut's images, disks, unified kernel images."""
import glob
import gzip
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import qemu

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
EFI_BINARIES = "usr/lib/systemd/boot/efi"
SNAKEOIL = "/usr/share/ovmf/PkKek-1-snakeoil"  # the owner of the firmware variables with Secure Boot, by Debian's ovmf

DROP_INS = "dracut-shutdown.service.d"
# mdadm's unit builds an image of its own at shutdown, kexec's makes each reboot a kexec; the others only cost time.
MASKED = """mdadm-shutdown.service kexec-load.service kexec.service systemd-firstboot.service dbus.socket dbus.service
    systemd-logind.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
    e2scrub_reap.service fstrim.timer selinux-autorelabel-mark.service lvm2-monitor.service
    systemd-update-utmp.service systemd-random-seed.service open-iscsi.service iscsid.socket"""
# What the guest needs to boot, dracut to build images with every storage stack, and our program to run.
PACKAGES = """systemd systemd-sysv udev dbus kmod e2fsprogs procps util-linux
    dracut dracut-core cpio gzip zstd busybox-static kexec-tools systemd-boot-efi
    mdadm lvm2 cryptsetup-bin dmsetup nbd-client policycoreutils selinux-policy-default
    zlib1g liblzma5 liblz4-1 libzstd1 libseccomp2 libisal2 libarchive13 libselinux1""".split()
# Packages of suites after bookworm.
LATER = ["systemd-ukify"]
# Packages for scenarios that run on this machine's architecture only.
NATIVE = ["open-iscsi"]
# Its scripts fail in these suites: semodule cannot compile it.
POLICY, WITHOUT_POLICY = "selinux-policy-default", ("sid",)
FILE_CONTEXTS = "etc/selinux/default/contexts/files/file_contexts"
# Packages to build the program for another architecture.
BUILD_PACKAGES = """libc6-dev libarchive-dev zlib1g-dev liblzma-dev liblz4-dev libzstd-dev libseccomp-dev libisal-dev libbz2-dev
    libselinux1-dev""".split()
# ELF headers of programs that qemu-user runs, with their masks: 20 bytes to the machine's number.
BINFMT_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
BINFMT = {"arm64": r"\x7fELF\x02\x01\x01" + r"\x00" * 9 + r"\x02\x00\xb7\x00"}
# The small image boots and takes apart every stack; the general one is what dracut makes for any machine, with as much
# ballast as a distribution's larger kernel has in drivers, so that a fifth of 512 MB of memory cannot hold it.
IMAGES = {
    "small": ["--modules", "base systemd systemd-initrd dracut-systemd udev-rules rootfs-block fs-lib dm crypt lvm "
              "mdraid shutdown vmtest", "--drivers", "virtio_pci virtio_blk virtio_console loop erofs overlay"],
    "stashing": [],
    "general": ["--add", "dm crypt lvm mdraid vmtest", "--include", "/usr/lib/modules", "/usr/lib/ballast"],
}


def run(*argv, **how):
    how = {"check": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL} | how
    try:
        return subprocess.run([str(a) for a in argv], **how).stdout
    except subprocess.CalledProcessError as e:
        sys.stderr.buffer.write(b"".join((e.stdout or b"").splitlines(True)[-30:]))
        raise


def digest(*parts):
    h = hashlib.sha256()
    for part in parts:
        h.update(repr(part).encode() + b"\0")
    return h.hexdigest()[:16]


def sources(suite):
    """The machine's own apt sources with another suite's name, as mmdebstrap takes them."""
    shown = run("apt-get", "indextargets", "Created-By: Packages", "Origin: Debian", "Component: main",
                "--format", "$(REPO_URI) $(CODENAME)").decode().split()
    targets = sorted(set(zip(shown[::2], shown[1::2])))
    own = {codename for _, codename in targets if "-" not in codename}
    if len(own) != 1:
        raise SystemExit(f"apt's sources have no suite of Debian, or several: {sorted(own)}; has apt-get update run?")
    own = own.pop()
    return [f"deb {uri} {codename.replace(own, suite, 1)} main" for uri, codename in targets
            if codename == own or suite not in ("sid", "unstable")]


def files_below(*trees):
    """(name, contents) of every file, for a digest."""
    for tree in trees:
        for directory, directories, names in os.walk(tree):
            directories.sort()
            for name in sorted(names):
                path = os.path.join(directory, name)
                with open(path, "rb") as f:
                    yield os.path.relpath(path, tree), f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


def repacked(image, how):
    """A zstd image without its early part, as "plain" or "gzip"; since dracut 112 kernel modules are in a plain part."""
    with open(image, "rb") as f:
        data = f.read()
    data = data[(data.index(b"TRAILER!!!") + 10 | 511) + 1:]
    at = data.index(b"\x28\xb5\x2f\xfd")
    tree = run("zstd", "-dcq", stdin=None, input=data[at:])
    return data[:at] + (gzip.compress(tree, 1) if how == "gzip" else tree)


class OutOfReach(Exception):
    """A suite's archive does not answer, or has nothing that is valid today."""


class Guest:
    def __init__(self, build, cache, suite="bookworm", arch="amd64", kernel=None):
        self.build, self.cache, self.suite, self.arch = build, cache, suite, arch
        self.machine = qemu.ARCHITECTURES[arch]
        self.foreign = arch != run("dpkg", "--print-architecture").decode().strip()
        self.work = os.path.join(build, "work")
        self.upper = os.path.join(self.work, "upper")
        # A newer kernel, from backports, for scenarios beyond the suite's own.
        self.kernel_suite = kernel
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.upper)
        os.makedirs(cache, exist_ok=True)
        self.make_root()
        self.version, = os.listdir(os.path.join(self.root, "lib/modules"))
        self.vmlinuz = os.path.join(self.root, "boot/vmlinuz-" + self.version)
        self.manifest_tool = os.path.join(self.work, "manifest")
        self.mount_point = os.path.join(self.work, "tree")
        os.mkdir(self.mount_point)
        self.program = os.path.join(self.upper, "usr/libexec/dracut-restore/dracut-initramfs-restore")
        run(*self.compiler(), "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-static", "-o", self.manifest_tool,
            os.path.join(HERE, "manifest.c"))

    def compiler(self):
        """The compiler for the guest: a foreign one gets the guest's headers and libraries."""
        if not self.foreign:
            return [os.environ.get("CC", "cc")]
        return [f"{self.machine.triplet}-gcc", "--sysroot=" + self.sysroot]

    def understood(self, argv, **how):
        """Run something that runs programs of the guest's architecture."""
        if not self.foreign:
            return run(*argv, **how)
        name = f"vmtest-{self.arch}-{os.getpid()}"
        handler = f":{name}:M::{BINFMT[self.arch]}:{BINFMT_MASK}:/usr/bin/qemu-{self.machine.qemu_name}-static:PF"
        return run("unshare", "--mount", "--propagation", "private", "sh", "-euc", """
            name=$1 handler=$2; shift 2
            mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
            trap 'echo -1 >"/proc/sys/fs/binfmt_misc/$name"' EXIT
            printf '%s' "$handler" >/proc/sys/fs/binfmt_misc/register
            "$@"
            """, "sh", name, handler, *argv, **how)

    def cached(self, name, make):
        """The path of something in the cache; make(path) makes it where it is not there yet."""
        path = os.path.join(self.cache, name)
        if not os.path.exists(path):
            unfinished = path + ".unfinished"
            run("rm", "-rf", unfinished)
            make(unfinished)
            os.rename(unfinished, path)
        return path

    def make_root(self):
        """The root file system without anything of ours."""
        kernel = "linux-image-cloud-" + self.arch
        mirrors = sources(self.suite)
        if self.kernel_suite:
            kernel += "/" + self.kernel_suite
            mirrors += sources(self.kernel_suite)
        self.has_policy = self.suite not in WITHOUT_POLICY
        packages = [*(p for p in PACKAGES if p != POLICY or self.has_policy), kernel]
        if not self.foreign:
            packages += NATIVE + (LATER if self.suite != "bookworm" else [])
        # The Release file of a suite still in development may have expired on this mirror.
        common = ["--mode=root", "--architectures=" + self.arch, '--aptopt=APT::Install-Recommends "false"',
                  '--aptopt=Acquire::Check-Valid-Until "false"']
        arguments = [*common, "--variant=minbase", "--include=" + ",".join(packages),
                     *(f"--dpkgopt=path-exclude=/usr/share/{d}/*" for d in ("doc", "man", "locale", "info"))]
        if self.has_policy:  # mke2fs -d keeps the labels, so that each disk is ready for SELinux.
            arguments.append(f"--customize-hook=chroot $1 setfiles -F /{FILE_CONTEXTS} /")
        self.root_digest = digest(self.suite, arguments)
        # The image that the kernel's package would build is not needed.
        try:
            self.root = self.cached("root-" + self.root_digest, lambda path: self.understood(
                ["mmdebstrap", *arguments, self.suite, path, *mirrors], env=os.environ | {"INITRD": "No"}))
        except subprocess.CalledProcessError as e:
            if re.search(rb"Failed to fetch|Could not (resolve|connect)|does not have a Release file", e.stdout):
                raise OutOfReach(f"the archive of {self.suite} is out of reach, or is being changed") from None
            raise
        if self.foreign:
            arguments = [*common, "--variant=extract", "--include=" + ",".join(BUILD_PACKAGES)]
            self.sysroot = self.cached("sysroot-" + digest(self.suite, arguments), lambda path: run(
                "mmdebstrap", *arguments, self.suite, path, *mirrors))

    def in_root(self, script, *arguments):
        """Run a shell script that sees the root with our additions in $root, and writes only to those."""
        with tempfile.TemporaryDirectory(dir=self.work) as scratch:
            os.mkdir(os.path.join(scratch, "work"))
            root = os.path.join(scratch, "root")
            os.mkdir(root)
            return self.understood(["unshare", "--mount", "--propagation", "private", "sh", "-euc", f"""
                root=$1 lower=$2 upper=$3 scratch=$4; shift 4
                mount -t overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$scratch" overlay "$root"
                {script}""", "sh", root, self.root, self.upper, os.path.join(scratch, "work"), *arguments])

    def install(self):
        """Install the program, and what the scenarios need in the guest."""
        variables = []
        if self.foreign:
            variables = ["BUILD=" + os.path.join(self.build, "program"), "CC=" + " ".join(self.compiler()),
                         "PKG_CONFIG=env PKG_CONFIG_SYSROOT_DIR={0} PKG_CONFIG_LIBDIR={0}/usr/lib/{1}/pkgconfig:"
                         "{0}/usr/share/pkgconfig pkg-config".format(self.sysroot, self.machine.triplet)]
        run("make", "-j2", "-C", TOP, *variables)
        self.in_root('make -C "$@" install DESTDIR="$root" prefix=/usr', TOP, *variables)
        guest = os.path.join(HERE, "guest")
        self.in_root("""
            install -D -t "$root/usr/lib/vmtest" "$1/payload" "$1/stack" "$1/half" "$2"
            install -D "$1/system-shutdown" "$root/usr/lib/systemd/system-shutdown/vmtest"
            install -D -m 644 -t "$root/usr/lib/systemd/system" "$1/vmtest.service" "$1/vmtest.target"
            install -D -m 644 -t "$root/etc/systemd/system.conf.d" "$1/patient.conf"
            cp -r "$1/99vmtest" "$root/usr/lib/dracut/modules.d/"
            cp "$3/usr/lib/dracut/dracut-initramfs-restore" "$root/usr/lib/vmtest/dracut-restore"
            mkdir -p "$root/etc/systemd/system/$4"
            echo vmtest >"$root/etc/hostname"
            echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
            : >"$root/etc/fstab"
            mkdir -p "$root/etc/dracut.conf.d"
            echo 'restore_need_shutdown="yes"' >"$root/etc/dracut.conf.d/vmtest.conf"
            for unit in $5; do ln -s /dev/null "$root/etc/systemd/system/$unit"; done
            """, guest, self.manifest_tool, self.root, DROP_INS, MASKED)

    def other_restore(self, which):
        """The files that let the unit run another program, with nothing of our own drop-in: {there: here}."""
        empty = write(os.path.join(self.work, "empty"), b"")
        drop_in = write(os.path.join(self.work, which + ".conf"), b"[Service]\nExecStop=\nExecStop=%s\n" % {
            "dracut": b"/usr/lib/vmtest/dracut-restore", "half": b"/usr/lib/vmtest/half", "true": b"/bin/true"}[which])
        ours = glob.glob(os.path.join(self.upper, "usr/lib/systemd/system", DROP_INS, "*.conf"))
        return {f"/etc/systemd/system/{DROP_INS}/{os.path.basename(path)}": empty for path in ours} | {
            f"/etc/systemd/system/{DROP_INS}/zz-vmtest.conf": drop_in}

    def label(self):
        """Label what was installed over the root, if there is a policy."""
        if self.has_policy:
            self.in_root("""
                mount --bind /proc "$root/proc"
                cd "$1"
                find . -mindepth 1 | sed "s|^\\.||" | chroot "$root" setfiles -F -f - "/$2"
                """, self.upper, FILE_CONTEXTS)

    def image(self, name):
        """An image by the guest's own dracut, and the manifest of its tree."""
        modules = os.path.join(self.upper, "usr/lib/dracut/modules.d")
        arguments = ["--zstd", "--add", "restore", *(IMAGES[name] or IMAGES["small"])]
        settings = "restore_stash=yes" if name == "stashing" else ""
        key = digest(self.root_digest, arguments, settings, *files_below(modules))
        image = self.cached(f"{name}-{key}.img", lambda path: self.in_root("""
            out=$1 version=$2 settings=$3; shift 3
            for d in proc sys dev; do mount --bind /$d "$root/$d"; done
            mount -t tmpfs tmpfs "$root/run"
            mount -t tmpfs tmpfs "$root/tmp"
            mount -t tmpfs tmpfs "$root/etc/dracut.conf.d"
            echo 'restore_need_shutdown="yes"' >"$root/etc/dracut.conf.d/vmtest.conf"
            echo "$settings" >>"$root/etc/dracut.conf.d/vmtest.conf"
            chroot "$root" dracut --force --no-hostonly "$@" /tmp/image "$version"
            cp "$root/tmp/image" "$out"
            """, path, self.version, settings, *arguments))
        return image, self.cached(f"{name}-{key}.manifest", lambda path: self.manifest(path, image))

    def manifest(self, path, image, second=None, label=False):
        """The manifest of what GNU cpio makes of a zstd image, whose early part a program of the distribution's takes
        away (skipcpio, and since dracut 112 extractinitrd, which has cpio run), and of a plain one after it."""
        write(path, self.in_root("""
            tree=$root/tmp/tree
            mkdir "$tree"
            own=$lower/usr/lib/dracut
            cp "$1" "$root/tmp"
            if [ -e "$own/skipcpio" ]; then
                # Our program may have replaced it by now.
                cp "$own/skipcpio" "$root/tmp"
                chroot "$root" /tmp/skipcpio "/tmp/${1##*/}" | zstd -dcq | (cd "$tree" && cpio -idmu --quiet)
                rm "$root/tmp/skipcpio"
            else
                cp "$own/extractinitrd" "$root/tmp"
                chroot "$root" /tmp/extractinitrd --parts 2- --directory /tmp/tree "/tmp/${1##*/}"
                rm "$root/tmp/extractinitrd"
            fi
            rm "$root/tmp/${1##*/}"
            [ -z "$3" ] || (cd "$tree" && cpio -idmu --quiet) <"$3"
            if [ -n "$4" ]; then
                mount --bind /proc "$root/proc"
                chroot "$root" setfiles -F -r /tmp/tree "/$4" /tmp/tree
            fi
            "$2" "$tree"
            rm -r "$tree"
            """, image, self.manifest_tool, second or "", FILE_CONTEXTS if label else ""))
        return path

    def tiny_initrd(self):
        """The small initrd that mounts /dev/vda."""
        tree = os.path.join(self.work, "tiny")
        os.makedirs(os.path.join(tree, "bin"))
        os.mkdir(os.path.join(tree, "modules"))
        shutil.copy(os.path.join(self.root, "bin/busybox"), os.path.join(tree, "bin"))
        shutil.copy(os.path.join(HERE, "guest/init"), tree)
        order = []
        for module in ("virtio_pci", "virtio_blk", "ext4", "loop", "overlay"):
            shown = run("modprobe", "-d", self.root, "-S", self.version, "--show-depends", module).decode()
            for path in (line.split()[1] for line in shown.splitlines() if line.startswith("insmod ")):
                name = os.path.basename(path).removesuffix(".xz")
                if name not in order:
                    shutil.copy(path, os.path.join(tree, "modules"))
                    order.append(name)
        run("sh", "-euc", 'cd "$1" && find . -name "*.xz" -exec unxz {} +', "sh", os.path.join(tree, "modules"))
        write(os.path.join(tree, "modules/order"), "".join(f"{m}\n" for m in order).encode())
        return write(os.path.join(self.work, "tiny.img"),
                     run("sh", "-euc", 'cd "$1" && find . | cpio -oH newc --quiet', "sh", tree))

    def disk(self):
        """The root file system as an ext4 image, with a journal."""
        disk = os.path.join(self.work, "root.disk")
        self.in_root("""
            truncate -s 1400M "$1"
            mke2fs -q -t ext4 -J size=8 -E lazy_itable_init=1 -d "$root" "$1"
            """, disk)
        if self.has_policy:  # All have their labels now, but for the root itself.
            label = write(os.path.join(self.work, "label"), b"system_u:object_r:root_t:s0\0")
            run("debugfs", "-w", "-R", f"ea_set -f {label} / security.selinux", disk)
        return disk

    def copy_disk(self, to, files):
        """A copy of the root's disk with files of its own: {there: here, or None for what is to be missing}."""
        run("cp", "--sparse=always", os.path.join(self.work, "root.disk"), to)
        folders = sorted({name[:i] for name in files for i in range(1, len(name)) if name[i] == "/"})
        commands = "".join(f"mkdir {name}\n" for name in folders)
        commands += "".join(f"rm {name}\n" + (f"write {path} {name}\n" if path else "") for name, path in files.items())
        if commands:
            run("debugfs", "-w", "-f", "-", to, input=commands.encode(), stdin=None)
        return to

    def outer_disk(self, to, inner, files=()):
        """An ext4 file system that holds root.img, and {there: here}."""
        tree = to + ".tree"
        os.mkdir(tree)
        for name in files:
            os.makedirs(os.path.dirname(os.path.join(tree, name)), exist_ok=True)
            shutil.copy(files[name], os.path.join(tree, name))
        os.rename(inner, os.path.join(tree, "root.img"))
        run("truncate", "-s", "1600M", to)
        run("mke2fs", "-q", "-t", "ext4", "-J", "size=8", "-E", "lazy_itable_init=1", "-d", tree, to)
        shutil.rmtree(tree)
        return to

    def composefs_disk(self, to, files):
        """An ext4 file system with the root as composefs has it, and with {there: here}: files by the digests of their
        contents in objects/, the tree in an erofs image of its own digest's name, /etc and /var to write to in
        state/. Also the image's digest."""
        tree = to + ".tree"
        shown = self.in_root("""
            out=$1 tool=$2; shift 2
            # What only this machine has goes to its own layer.
            own=$scratch/own
            mkdir "$own"
            mount -t tmpfs tmpfs "$own"
            mkdir "$own/upper" "$own/work" "$own/root"
            mount -t overlay -o "lowerdir=$root,upperdir=$own/upper,workdir=$own/work" overlay "$own/root"
            while [ $# -gt 0 ]; do
                if [ -n "$2" ]; then cp -T "$2" "$own/root$1"; else rm "$own/root$1"; fi
                shift 2
            done
            "$tool" "$own/root" "$out"
            """, tree, os.path.join(HERE, "composefs"), *(part or "" for pair in files.items() for part in pair))
        run("truncate", "-s", "1600M", to)
        run("mke2fs", "-q", "-t", "ext4", "-J", "size=8", "-E", "lazy_itable_init=1", "-d", tree, to)
        shutil.rmtree(tree)
        return to, shown.decode().split()[-1]

    def md_state(self, disk):
        """What the metadata on a disk of an array says of that, by the guest's own mdadm."""
        return self.in_root("""
            mount -t tmpfs tmpfs "$root/tmp"
            : >"$root/tmp/disk"
            mount --bind "$1" "$root/tmp/disk"
            chroot "$root" mdadm --examine /tmp/disk
            """, disk).decode()

    def grub(self, to, deployment, cmdline):
        """GRUB with the menu that Fedora's blscfg makes of the entry for a deployment in the root's /boot."""
        menu = write(to + ".cfg", f"""
            search --set=root --file {deployment}/vmlinuz
            linux ($root){deployment}/vmlinuz {cmdline}
            initrd ($root){deployment}/first.img
            boot
            halt
            """.encode())
        run("grub-mkstandalone", "-O", "x86_64-efi", "-o", to, "--locales=", "--fonts=", "--themes=",
            "--install-modules=ext2 linux search search_fs_file normal boot halt part_gpt fat", "boot/grub/grub.cfg=" + menu)
        return to

    def efi(self, kind):
        """A program of the guest's systemd for the firmware: "systemd-boot", or "linux" for the stub."""
        suffix = {"systemd-boot": ".efi", "linux": ".efi.stub"}[kind]
        return os.path.join(self.root, EFI_BINARIES, kind + self.machine.efi + suffix)

    def sign(self, path):
        """Sign a program for the firmware with the key of its owner."""
        key = os.path.join(self.work, "snakeoil.key")
        run("openssl", "rsa", "-in", SNAKEOIL + ".key", "-passin", "pass:snakeoil", "-out", key)
        run("sbsign", "--key", key, "--cert", SNAKEOIL + ".pem", "--output", path + ".signed", path)
        return path + ".signed"

    def uki(self, to, initrd, cmdline):
        """A unified kernel image, by the guest's ukify where it has one."""
        write(to + ".cmdline", cmdline.encode() + b"\0")
        if os.path.exists(os.path.join(self.root, "usr/bin/ukify")):
            self.in_root("""
                mount -t tmpfs tmpfs "$root/tmp"
                cp "$1" "$root/tmp/initrd"
                chroot "$root" ukify build --linux "/boot/vmlinuz-$2" --initrd /tmp/initrd --cmdline "$3" --uname "$2" \\
                    --output /tmp/linux.efi
                cp "$root/tmp/linux.efi" "$4"
                """, initrd, self.version, cmdline, to)
            return to
        stub = self.efi("linux")
        with open(stub, "rb") as f:
            data = f.read()
        pe, = struct.unpack_from("<I", data, 0x3c)
        count, = struct.unpack_from("<H", data, pe + 6)
        size, = struct.unpack_from("<H", data, pe + 20)
        alignment, = struct.unpack_from("<I", data, pe + 24 + 32)
        sections = [struct.unpack_from("<II", data, pe + 24 + size + 40 * i + 8) for i in range(count)]
        at = max(address + length for length, address in sections)
        arguments = []
        for name, path in (("osrel", os.path.join(self.root, "usr/lib/os-release")), ("cmdline", to + ".cmdline"),
                           ("linux", self.vmlinuz), ("initrd", initrd)):
            at = (at + alignment - 1) // alignment * alignment
            arguments += ["--add-section", f".{name}={path}", "--change-section-vma", f".{name}={at:#x}"]
            at += os.path.getsize(path)
        run(self.machine.objcopy, *arguments, stub, to)
        return to

    def esp(self, to, files):
        """A disk with an EFI system partition: {path there: path here}."""
        run("truncate", "-s", "100M", to)
        run("sfdisk", "-q", to, stdin=None, input=b"label: gpt\nstart=2048, size=200704, "
            b"type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=11111111-2222-3333-4444-555555555555, name=ESP\n")
        run("mkfs.vfat", "-F", "32", "-n", "ESP", "--offset=2048", to, "100352")
        made = set()
        for name, path in files.items():
            steps = name.split("/")
            for i in range(1, len(steps)):
                if (directory := "/".join(steps[:i])) not in made:
                    run("mmd", "-i", to + "@@1M", "::/" + directory)
                    made.add(directory)
            run("mcopy", "-i", to + "@@1M", path, "::/" + name)
        return to

    def kernel_at_least(self, version):
        return [int(n) for n in self.version.split("-")[0].split(".")[:2]] >= [int(n) for n in version.split(".")]

    def versions(self):
        """What a machine is made of, a line each."""
        with open(self.machine.firmware, "rb") as f:
            firmware = hashlib.sha256(f.read()).hexdigest()
        lines = [run(self.machine.qemu, "--version").decode().splitlines()[0], "firmware " + firmware,
                 f"suite {self.suite}, {self.arch}", "kernel " + self.version]
        packages = run("dpkg-query", "--admindir", os.path.join(self.root, "var/lib/dpkg"), "-W",
                       "-f", "${Package} ${Version}\\n").decode().splitlines()
        return "\n".join(lines + packages) + "\n"
