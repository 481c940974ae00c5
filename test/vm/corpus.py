# SPDX-License-Identifier: LGPL-2.1-or-later
"""Odd images for the kernel and our program to unpack.

What each does is Linux' init/initramfs.c, and Documentation/driver-api/early-userspace/buffer-format.rst."""
import dataclasses
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from newc import BLK, CHR, DIR, FIFO, LNK, REG, SOCK, archive, bootconfig, compress, early, entry, pad

# A second initrd of a boot loader entry.
SECOND = archive(entry("etc", DIR | 0o755), entry("etc/vmtest-second", data=b"from the second initrd\n"))

# Only in the kernel's tree: its built-in initramfs makes /dev, /dev/console and /root, and no entry makes the root.
NOT_COMPARED = {".", "./dev", "./dev/console", "./root"}


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    what: str
    image: bytes
    behind: bool = False  # whether the printer is behind the image, for what has to be at its start
    # A difference that we want, with its reason:
    wanted: str = None
    fails: bool = False  # our program refuses the image
    kernel_fails: bool = False  # the kernel says that unpacking failed
    not_compared: frozenset = frozenset()  # paths that only one of the two makes


CASES = []


def case(name, what, *parts, **more):
    CASES.append(Case(name, what, b"".join(parts), **more))


def wanted(name, reason, *parts, not_compared=(), **more):
    CASES.append(Case(name, reason, b"".join(parts), wanted=reason, not_compared=frozenset(not_compared), **more))


def printer(program):
    """The part with the program that prints what was unpacked."""
    return archive(entry("shutdown", REG | 0o755, program), block=4096)


def directory(name, mode=0o755, **more):
    return entry(name, DIR | mode, **more)


def link(name, target, **more):
    return entry(name, LNK | 0o777, target, **more)


def links(*datas, ino=7, **more):
    """Names of one file, each with its data."""
    return [entry(f"name{i}", data=data, ino=ino, nlink=len(datas), **more) for i, data in enumerate(datas)]


def flipped(data):
    return data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 0xff]) + data[len(data) // 2 + 1:]


A = entry("a", data=b"a\n", mtime=1000)
TREE = [directory("etc"), entry("etc/conf", data=b"x = 1\n" * 100), link("conf", "etc/conf"), *links(b"", b"", b"linked\n")]
BIG = bytes(range(256)) * 12000 + b"end"

# One archive

case("types", "a file of each type", archive(
    directory("d"), entry("d/f", data=b"data"), link("d/l", "f"), entry("d/c", CHR | 0o600, rdev=(1, 3)),
    entry("d/b", BLK | 0o660, rdev=(8, 1)), entry("d/p", FIFO | 0o644), entry("d/s", SOCK | 0o755)))
case("modes", "all kinds of permissions", archive(
    *(entry(f"f{m:04o}", REG | m) for m in (0, 0o777, 0o4755, 0o2755, 0o6711, 0o1644, 0o7777)),
    *(directory(f"d{m:04o}", m) for m in (0, 0o1777, 0o2775, 0o4755, 0o7000)),
    *(entry(f"c{m:04o}", CHR | m, rdev=(1, 5)) for m in (0, 0o666, 0o4755))))
case("owners", "owners, with set-user-ID", archive(
    entry("f", REG | 0o4755, uid=1, gid=2), directory("d", 0o2755, uid=65534, gid=65534), link("l", "f", uid=3, gid=4),
    entry("p", FIFO | 0o600, uid=5, gid=6), entry("big", uid=0x7ffffffe, gid=0xfffffffe)))
case("owner-minus-one", "the owner that chown(2) takes for no change", archive(entry("f", uid=0xffffffff, gid=5)))
case("times", "times up to the last that fits", archive(
    *(entry(f"f{t}", mtime=t) for t in (0, 1, 1 << 31, (1 << 32) - 1)), link("l", "f1", mtime=5),
    entry("p", FIFO | 0o600, mtime=6)))
case("directory-times", "a directory's time survives what is put there later", archive(
    directory("d", mtime=1000), directory("d/e", mtime=2000), entry("d/e/f", data=b"f"), entry("d/f", data=b"f")))
case("devices-cut", "device numbers beyond, and a symlink in the way", archive(
    link("a", "f"), entry("f", data=b"f"), entry("a", CHR | 0o600, rdev=(0x12345678, 0x9abcdef0)), entry("b", BLK | 0o600, rdev=(4096, 1))))
case("devices", "device numbers up to the largest", archive(
    entry("zero", CHR | 0o600, rdev=(0, 0)), entry("large", CHR | 0o600, rdev=(4095, 1048575)),
    entry("block", BLK | 0o600, rdev=(259, 300))))
case("crc", "the format with checksums", archive(entry("a", data=b"checked\n", magic="070702"),
                                                 entry("empty", magic="070702"), directory("d", magic="070702")))
case("crc-wrong", "a wrong checksum", archive(entry("a", data=b"checked\n", magic="070702", check=1)),
     fails=True, kernel_fails=True)
case("upper-case", "hexadecimal digits in upper case", archive(entry("a", b"000081A4", b"data", mtime=b"0000ABCD")))
case("empty", "nothing but a trailer", archive())
case("many", "2,000 files", archive(*(entry(f"f{i}", data=b"%d\n" % i, mtime=i) for i in range(2000))))
case("deep", "a hundred directories deep", archive(*(directory("/".join(["d"] * n)) for n in range(1, 101)),
                                                   entry("/".join(["d"] * 100 + ["f"]), data=b"deep")))
case("big-file", "a file of 3 MB", archive(entry("big", data=BIG), A))
case("nlink-0", "a file with no link at all", archive(entry("a", data=b"a", nlink=0, ino=5), entry("b", data=b"b", nlink=0, ino=5)))

# Hard links

case("links-first", "linked, the data with the first name", archive(*links(b"data", b"", b"")))
case("links-middle", "linked, the data with the middle name", archive(*links(b"", b"data", b"")))
case("links-last", "linked, the data with the last name", archive(*links(b"", b"", b"data")))
case("links-empty", "linked and empty", archive(*links(b"", b"", b"")))
case("links-twice", "data with two of the names, the later shorter", archive(*links(b"the first data", b"", b"second")))
case("links-longer", "data with two of the names, the later longer", archive(*links(b"first", b"", b"the second data")))
case("links-trailer", "the same number in two archives", archive(*links(b"one", b"")),
     archive(entry("other0", data=b"two", ino=7, nlink=2), entry("other1", ino=7, nlink=2)))
case("links-devices", "the same number on two devices", archive(
    entry("a", data=b"a", ino=7, nlink=2, dev=(1, 1)), entry("b", data=b"b", ino=7, nlink=2, dev=(1, 2)),
    entry("c", data=b"c", ino=7, nlink=2, dev=(2, 1)), entry("a2", ino=7, nlink=2, dev=(1, 1))))
case("links-one", "the same number, but one link each", archive(entry("a", data=b"a", ino=7), entry("b", data=b"b", ino=7)))
case("links-types", "the same number with several types", archive(
    entry("f", data=b"f", ino=7, nlink=2), entry("c", CHR | 0o600, ino=7, nlink=2, rdev=(1, 3)),
    entry("p", FIFO | 0o600, ino=7, nlink=2), entry("f2", ino=7, nlink=2)))
case("links-nodes", "linked devices and fifos", archive(
    entry("c", CHR | 0o600, ino=7, nlink=2, rdev=(1, 3)), entry("c2", CHR | 0o644, ino=7, nlink=2, rdev=(1, 3)),
    entry("p", FIFO | 0o600, ino=8, nlink=2), entry("p2", FIFO | 0o600, ino=8, nlink=2)))
case("links-symlinks", "symlinks are not linked", archive(link("l", "a", ino=7, nlink=2), link("l2", "a", ino=7, nlink=2)))
case("links-modes", "linked, each name with another mode and owner", archive(
    entry("a", REG | 0o600, b"a", ino=7, nlink=2, uid=1), entry("b", REG | 0o755, ino=7, nlink=2, uid=2)))
case("links-gone", "linked, the first name replaced by a directory", archive(
    entry("a", data=b"a", ino=7, nlink=3), entry("b", ino=7, nlink=3), directory("a"), entry("c", ino=7, nlink=3)))
case("links-over", "linked over a file that is there", archive(
    entry("a", data=b"a", ino=7, nlink=2), entry("b", data=b"old b"), entry("b", ino=7, nlink=2)))
case("links-same-name", "a link to itself", archive(entry("a", data=b"first", ino=7, nlink=2), entry("a", ino=7, nlink=2)))
case("links-through", "linked through a symlinked directory", archive(
    directory("d"), link("s", "d"), entry("s/a", data=b"a", ino=7, nlink=2), entry("d/b", ino=7, nlink=2)))
case("links-no-trailer", "linked, over a missing trailer", archive(*links(b"one", b""), end=False),
     archive(entry("other", ino=7, nlink=2)))

# Names

case("name-padded", "a name that is followed by more NULs", archive(entry("a", namesize=40, data=b"a"), A))
case("name-cut", "a name with a NUL in it", archive(entry(b"a\0b", data=b"a"), entry("c", data=b"c")))
case("name-odd", "names of all kinds of bytes", archive(
    entry(b"new\nline", data=b"1"), entry(b"sp ace", data=b"2"), entry(b"\xff\xfe", data=b"3"), entry(b"\x1b[31m", data=b"4"),
    entry("ü€", data=b"5"), entry(b"back\\slash", data=b"6"), entry("-rf", data=b"7"), entry("*", data=b"8")))
case("name-255", "the longest name, and one that is longer", archive(entry("n" * 255, data=b"n"), entry("m" * 256, data=b"m"), A))
case("name-path-max", "the longest path, and one that is longer", archive(
    entry("/".join(["."] * 2047) + "/a", data=b"a"), entry("./" * 2048 + "b", data=b"b"), entry("x" * 5000, data=b"x"), A))
case("name-absolute", "absolute names", archive(directory("/d"), entry("/d/f", data=b"f"), entry("///g", data=b"g")))
case("name-dots", "names with . and //", archive(directory("./d"), entry("./d//f", data=b"f"), entry("d/./g", data=b"g")))
case("name-dotdot", "names with .. inside the tree", archive(directory("d"), entry("d/../f", data=b"f"), directory("d/../e")))
case("name-out", "names that go over the root", archive(entry("../f", data=b"f"), directory("../../d"), entry("/../d/g", data=b"g")))
case("name-slash", "names that end in a slash", archive(directory("d/"), entry("f/", data=b"f"), link("l/", "d"), A))
case("name-empty", "an empty name", archive(entry("", data=b"x"), directory(""), link("", "a"), A))
case("name-dot", "the root by its names", archive(directory("."), directory("./"), directory("/"), directory(".."), A))
case("name-dot-types", "other types with the root's name", archive(entry(".", data=b"x"), link(".", "a"), entry("..", FIFO | 0o600), A))
case("name-no-bytes", "a name without a byte", archive(entry("x", namesize=0, data=b"data"), A))
case("name-trailer", "a trailer's name that is none", archive(entry("TRAILER!!", data=b"t"), entry("TRAILER!!!!", data=b"t"),
                                                             entry("./TRAILER!!!", data=b"t"), directory("d")))
case("trailer-types", "directories and links with the trailer's name", archive(
    entry("a", data=b"a", ino=7, nlink=2), link("TRAILER!!!", "a"), entry("b", ino=7, nlink=2), directory("TRAILER!!!"),
    entry("c", ino=7, nlink=2)))

# Later entries over earlier ones

OLD = (lambda n: entry(n, REG | 0o755, b"old data", mtime=1), lambda n: directory(n, 0o750, mtime=1),
       lambda n: link(n, "../y", mtime=1), lambda n: link(n, "../dy", mtime=1), lambda n: link(n, "nowhere", mtime=1),
       lambda n: entry(n, FIFO | 0o644, mtime=1), lambda n: entry(n, SOCK | 0o644, mtime=1),
       lambda n: entry(n, CHR | 0o644, rdev=(1, 3), mtime=1), lambda n: entry(n, BLK | 0o644, rdev=(1, 5), mtime=1))
NEW = {"file": lambda n: entry(n, data=b"new", uid=1, mtime=9), "empty-file": lambda n: entry(n, uid=1, mtime=9),
       "directory": lambda n: directory(n, 0o700, uid=1, mtime=9), "symlink": lambda n: link(n, "new", uid=1, mtime=9),
       "fifo": lambda n: entry(n, FIFO | 0o600, uid=1, mtime=9),
       "device": lambda n: entry(n, CHR | 0o600, rdev=(1, 5), uid=1, mtime=9),
       "linked-file": lambda n: entry(n, data=b"new", ino=int(n[1]) + 10, nlink=2, uid=1, mtime=9)}
for new, make in NEW.items():
    case(f"{new}-over", f"a {new} over what was there, of each type".replace("-", " "), archive(
        entry("y", data=b"y"), directory("dy"), *(directory(f"d{i}") for i in range(len(OLD))),
        *(old(f"d{i}/x") for i, old in enumerate(OLD)), *(make(f"d{i}/x") for i in range(len(OLD)))))
case("symlink-too-long-over", "a symlink with a target that is too long removes what was there", archive(
    entry("g", data=b"g"), directory("d"), link("g", "t" * 4096), link("d", "t" * 4096), A))
case("directory-gone", "a directory that was removed does not come back for its time", archive(
    directory("x"), directory("x/y", mtime=5), entry("x/y", 0o644), entry("x", 0o644), A))
case("over-full", "other types over a directory that is not empty", archive(
    *(e for n in "abc" for e in (directory(n), entry(n + "/f", data=b"f"))), entry("a", data=b"a"), link("b", "a"),
    entry("c", FIFO | 0o600), entry("d", data=b"d")))
case("over-shorter", "a shorter file over a longer one, and an empty one", archive(
    entry("a", REG | 0o4755, b"long " * 9999), entry("b", data=b"long " * 9999), entry("a", REG | 0o600, b"short"), entry("b")))
case("over-archives", "the same names in two archives", archive(*TREE), archive(directory("etc", 0o700), entry("etc/conf", data=b"y = 2\n")))
case("thrice", "the same file three times", archive(A, entry("a", data=b"b"), entry("a", REG | 0o600, b"c")))

# Through symlinks

case("through-relative", "files through a symlinked directory", archive(
    directory("usr"), directory("usr/lib"), link("lib", "usr/lib"), entry("lib/f", data=b"f"), directory("lib/d"), link("lib/l", "f")))
case("through-absolute", "files through an absolute symlink", archive(
    directory("usr"), directory("usr/bin"), link("bin", "/usr/bin"), entry("bin/sh", REG | 0o755, b"#!"), entry("/bin/b", data=b"b")))
case("through-chain", "files through links to links", archive(
    directory("d"), link("a", "d"), link("b", "a"), link("c", "./b/../b"), entry("c/f", data=b"f")))
case("through-out", "files through a link over the root", archive(directory("d"), link("out", "../../d"), entry("out/f", data=b"f")))
case("through-loop", "files through links in a circle", archive(link("a", "b"), link("b", "a"), entry("a/f", data=b"f"), A))
case("through-nowhere", "files through a link to nothing", archive(link("l", "nowhere"), entry("l/f", data=b"f"), directory("l/d"), entry("z")))
case("through-file", "files below a file", archive(A, entry("a/f", data=b"f"), directory("a/d"), entry("z", data=b"z")))
case("directory-over-link", "a directory over a link to a directory, then files in it", archive(
    directory("usr"), directory("usr/lib"), link("lib", "usr/lib"), entry("lib/f", data=b"f"), directory("lib"), entry("lib/g", data=b"g")))
case("file-over-link", "a file over a link to a file leaves that file", archive(A, link("l", "a"), entry("l", data=b"new")))
case("symlink-long", "the longest targets", archive(link("l", "t" * 255), link("m", "./" * 2047 + "t"), link("n", "x" * 4096), link("o", "x" * 4097), A))
case("symlink-cut", "a target with a NUL in it", archive(link("l", b"a\0b"), A))
case("symlink-odd", "targets of odd bytes", archive(link("l", b"\xff\n \\"), link("m", b"/proc/self/root"), link("n", b"..")))

# Entries that make nothing

case("body", "data with a directory, a fifo, a device", archive(
    entry("d", DIR | 0o755, b"body"), entry("p", FIFO | 0o600, b"body"), entry("c", CHR | 0o600, b"body"), A))
case("no-type", "an entry of no type, and of types that are none", archive(
    entry("n", 0o644), entry("m", 0o644, b"data"), entry("o", 0o070000 | 0o644), entry("w", 0o160000 | 0o644, b"data"), A))
case("trailer-body", "a trailer with data", archive(A, end=False), entry("TRAILER!!!", 0, b"some data"), archive(entry("b", data=b"b")))

# Many parts

case("two-parts", "two archives, one after the other", archive(A), archive(entry("b", data=b"b")))
case("padding", "archives with NULs between them", archive(*TREE, block=512), bytes(4096), archive(A), bytes(20), archive(entry("b")), bytes(1 << 20))
case("padding-before", "NULs before the first archive", bytes(512), archive(*TREE), behind=True)
case("no-trailer", "an archive that just ends", archive(*TREE, end=False))
case("no-trailer-between", "an archive that just ends, and another", archive(A, end=False), archive(entry("b", data=b"b")))
case("no-trailer-padding", "an archive that just ends, NULs, and another", archive(A, end=False), bytes(512), archive(entry("b", data=b"b")))
for method in ("gzip", "bzip2", "lzma", "xz", "xz -T0", "lzop", "lz4 -l", "zstd -15", "zstd -T0"):
    case(method.replace(" -", "-"), f"a part compressed by {method}", compress(method, archive(*TREE, entry("big", data=BIG))))
case("gzip-named", "gzip with a file's name in its header", subprocess.run(
    ["sh", "-euc", 'd=$(mktemp -d); cat >$d/name; gzip -N -c $d/name; rm -r $d'], input=archive(*TREE), stdout=subprocess.PIPE,
    check=True).stdout)
case("plain-compressed", "a plain part, then a compressed one", archive(A, block=512), compress("zstd -15", archive(*TREE)))
case("compressed-plain", "a compressed part, then a plain one at a multiple of four", pad(compress("gzip", archive(*TREE))), archive(A))
case("compressed-twice", "two compressed parts without anything between", compress("gzip", archive(*TREE)), compress("gzip", archive(A)))
case("compressed-all", "parts of all formats", *(compress(method, archive(entry(method, data=b"by " + method.encode()), A)) for method in (
    "gzip", "bzip2", "lzma", "xz", "lzop", "zstd -15", "lz4 -l")))
case("compressed-padding", "compressed parts with NULs between", compress("xz", archive(*TREE)), bytes(333), compress("zstd -15", archive(A)), bytes(100))
case("compressed-no-trailer", "compressed parts without trailers", compress("gzip", archive(*links(b"one", b""), end=False)),
     compress("gzip", archive(entry("other", ino=7, nlink=2))))
case("compressed-links", "links over the end of a compressed archive", compress("zstd -15", archive(*links(b"one", b""))),
     compress("xz", archive(entry("other", data=b"two", ino=7, nlink=2))))
case("compressed-archives", "several archives in one compressed part", compress("zstd -15", archive(A, block=512) + archive(*TREE) + bytes(100)))
case("compressed-empty", "a compressed part with nothing in it", compress("gzip", b""), compress("gzip", archive(A)))

case("bootconfig", "a boot configuration, behind the last part", archive(*TREE), bootconfig())

# What both refuse

case("no-magic", "no magic number in the second header", archive(A, end=False), b"070703" + A[6:], fails=True, kernel_fails=True)
case("compressed-junk", "no archive in a compressed part", compress("gzip", b"this is no archive"), fails=True, kernel_fails=True)
case("compressed-cut", "a compressed part that is cut", compress("gzip", archive(*TREE))[:-30], fails=True, kernel_fails=True)
case("compressed-flipped", "a compressed part that is damaged", flipped(compress("zstd -15", archive(*TREE, entry("big", data=BIG)))),
     fails=True, kernel_fails=True)

case("directory-slash-over", "a directory with a slash behind its name keeps what is there",
     entry("f", data=b"f"), directory("f/", mode=0o700, uid=3), directory("g/", mode=0o700, uid=3), archive(A))
case("slash-removes", "what is no directory, with a slash behind its name, removes an empty directory",
     archive(*(directory(n) for n in "abcef"), entry("f/g"), entry("a/", data=b"a"), link("b/", "x"), entry("c/", FIFO | 0o600),
             link("f/", "x", uid=7, mtime=8), A))
case("link-to-symlink", "a hard link whose first name has become a symlink is a link to that, and its data goes through it",
     archive(entry("t", data=b"old"), *links(b"old", b"")[:1], link("name0", "t"), *links(b"", b"new")[1:], A))
case("no-type-parents", "an entry of no type makes no parents", archive(entry("no/such", 0o644), A))
case("sticky", "files of others in a sticky directory, again, through links and as links",
     archive(directory("t", mode=0o1777), entry("t/f", data=b"old", uid=5), entry("t/p", FIFO | 0o622, uid=5), directory("d"),
             link("t/l", "../d", uid=5), entry("t/l/x", data=b"x")),
     archive(entry("t/f", data=b"new", uid=5), entry("t/p", FIFO | 0o622, uid=6), entry("t/l/x", data=b"xx"), A))
case("trailer-unpadded", "the last trailer lacks its padding", archive(*TREE)[:-3])
wanted("header-damaged", "a damaged header is an error: the kernel boots with what it has", archive(A, end=False), b"\x70" + archive(*TREE)[1:],
       fails=True, kernel_fails=True)

# The differences that we want, each with its reason

wanted("early", "only the booting kernel needs early parts, so they are not restored", early(), archive(*TREE), behind=True,
       not_compared=("./early_cpio", "./kernel", "./kernel/x86", "./kernel/x86/microcode", "./kernel/x86/microcode/GenuineIntel.bin"))
wanted("early-two", "the same for two of them", early(), early("kernel/firmware/acpi/dsdt.aml"), pad(compress("gzip", archive(*TREE))), behind=True,
       not_compared=("./early_cpio", "./kernel", "./kernel/x86", "./kernel/x86/microcode", "./kernel/x86/microcode/GenuineIntel.bin",
                     "./kernel/firmware", "./kernel/firmware/acpi", "./kernel/firmware/acpi/dsdt.aml"))
wanted("missing-parents", "parents that are missing are made: the kernel loses these files, and an image is better whole",
       archive(entry("no/such/directory/f", data=b"f"), A),
       not_compared=("./no", "./no/such", "./no/such/directory", "./no/such/directory/f"))
wanted("symlink-empty", "no system call makes a link with an empty target; the kernel needs none",
       archive(entry("f", data=b"f"), directory("d"), *(link(n, "") for n in "fdl"), A), not_compared=("./f", "./d", "./l"))
wanted("cut", "a file that is cut is an error: the kernel boots with what it has, we can still go on without the pivot",
       archive(entry("a", data=b"a" * 1000), end=False)[:-500], fails=True)
wanted("not-hex", "a field that is no hexadecimal number is an error: the kernel, before 6.18, reads what it can of it",
       archive(A, entry("b", uid=b"0x000001", data=b"b")), fails=True)
wanted("gzip-checksum", "a wrong checksum is an error: the kernel does not look at gzip's",
       compress("gzip", archive(*TREE))[:-8] + bytes(8), fails=True)
wanted("garbage", "bytes behind the last part are worth a warning, not the pivot", archive(*TREE), b"garbage", kernel_fails=True)
wanted("ascii", "the older ASCII format behind the last part is such bytes", b"070707" + archive(A)[6:], kernel_fails=True)
wanted("lz4-more", "what follows lz4's legacy format is read: the kernel takes it for another block",
       compress("lz4 -l", archive(A)), compress("zstd -15", archive(entry("b", data=b"b"))), kernel_fails=True, not_compared=("./b",))
wanted("lz4", "the frame format, which the kernel cannot read, restores", compress("lz4", archive(*TREE)), kernel_fails=True,
       not_compared=("./etc", "./etc/conf", "./conf", "./name0", "./name1", "./name2"))
