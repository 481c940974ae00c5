#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# dracut-extractinitrd --tar: bsdtar, GNU tar and sqfstar read the entries that --list prints and a restore makes.

load common
load fixture-extract

# entries of all types, and a second part that overrides some
first='archive(entry(".", DIR | 0o711), entry("usr", DIR | 0o755, mtime=99), entry("/usr/bin", DIR | 0o1777, uid=7),
    *(entry("usr/bin/f%d" % i, REG | 0o644, b"x" * i * 700, mtime=10**9 + i, uid=i, gid=2 * i) for i in range(30)),
    entry("suid", REG | 0o6755, b"s"), entry("l", LNK | 0o777, b"usr/bin/f1", mtime=5), entry("c", CHR | 0o620, rdev=(4, 64)),
    entry("b", BLK | 0o660, rdev=(259, 1000)), entry("p", FIFO | 0o600), entry("big", REG | 0o600, uid=4000000001),
    entry("h1", REG | 0o644, b"", nlink=3, ino=9), entry("h2", REG | 0o644, b"", nlink=3, ino=9),
    entry("h3", REG | 0o644, b"linked", nlink=3, ino=9, mtime=8), entry("e1", REG | 0o644, b"", nlink=2, ino=10),
    entry("e2", REG | 0o644, b"", nlink=2, ino=10), entry("\u00fc/" + "n" * 150, REG | 0o644, b"long"))'
everything="$first + compress('zstd -15', archive(entry('suid', REG | 0o755, b'again'), entry('usr', DIR | 0o700, mtime=55), entry('usr/', DIR | 0o700, mtime=66)))"

# comparable FILE...: mode, owner, size and name of the lines of tar -tv or --list -v, sorted; hard links by their name
comparable() {
    python3 - "$@" <<'END'
import pwd, grp, re, sys
for line in open(sys.argv[1], errors="surrogateescape"):
    f = line.rstrip("\n").split()
    mode, owner, group = f[0], *([f[2], f[3]])
    if "/" in f[1]:  # GNU tar
        (owner, group), rest = f[1].split("/"), f[2:]
    else:
        rest = f[4:]
    if mode[0] in "cb":
        size = "".join(rest[:2]) if rest[0].endswith(",") else rest[0]
        rest = rest[2:] if rest[0].endswith(",") else rest[1:]
    else:
        size, rest = rest[0], rest[1:]
    name = " ".join(rest[2:] if re.fullmatch(r"\d{4}-\d\d-\d\d", rest[0]) else rest[3:])
    name = name.split(" -> ")[0].split(" link to ")[0].strip("/") or "."
    owner = next((str(p.pw_uid) for p in pwd.getpwall() if p.pw_name == owner), owner)
    group = next((str(g.gr_gid) for g in grp.getgrall() if g.gr_name == group), group)
    print("-" if mode[0] == "h" else mode[0], mode[1:10], owner[:8], group[:8],
          "link" if mode[0] == "h" else size, name)
END
}

@test "bsdtar and GNU tar list what --list --verbose does" {
    image "$everything"
    extract --list -v "$T/image"
    # the names behind h3 and e1 are links, and those and symbolic links have no size in tar
    comparable "$T/stdout" | sed -E 's/^-(.*) [0-9]+ (h1|h2|e2)$/-\1 link \2/; s/^(l.*) 10 l$/\1 0 l/' |
        LC_ALL=C sort >"$T/listed"
    [[ $(lines "$T/listed") == 48 ]]
    extract --tar "$T/image"
    [[ $status == 0 && ! -s $T/stderr ]]
    bsdtar -tvf "$T/stdout" >"$T/bsdtar"
    tar -tvf "$T/stdout" --quoting-style=literal >"$T/gnu" 2>"$T/said"
    [[ ! -s $T/said ]]
    comparable "$T/bsdtar" | sed -E 's/\\303\\274/ü/' | LC_ALL=C sort | diff "$T/listed" -
    comparable "$T/gnu" | LC_ALL=C sort | diff "$T/listed" -
}

@test "tar, bsdtar and sqfstar make the tree that the restore makes" {
    image "$everything"
    "$RESTORE" -q -C "$T/restored" "$T/image"
    for it in "tar -xpf - --numeric-owner" "bsdtar -xpf - --numeric-owner"; do
        rm -rf "$T/out"
        mkdir "$T/out"
        extract --tar "$T/image"
        # shellcheck disable=SC2086 # words
        (cd "$T/out" && $it <"$T/stdout")
        # a directory without an entry gets the current time; bsdtar does not set the time of `.`
        newc diff "$T/restored" "$T/out" | grep -vF '\xc3\xbc d' | grep -v "^.\. d 0711 0:0 " | diff /dev/null -
        [[ $(stat -c %a "$T/out") == 711 ]]
    done
    command -v sqfstar >/dev/null || skip "squashfs-tools has no sqfstar; tar and bsdtar do"
    # sqfstar takes the first of two entries of a name
    image "$first"
    extract --tar "$T/image"
    rm -r "$T/restored"
    "$RESTORE" -q -C "$T/restored" "$T/image"
    sqfstar "$T/squashfs" <"$T/stdout" >"$T/said" 2>&1 || { cat "$T/said"; return 1; }
    mkdir "$T/mounted"
    mount -t squashfs -o ro,loop "$T/squashfs" "$T/mounted" 2>"$T/said" ||
        unsquashfs -quiet -no-progress -force -dest "$T/mounted" "$T/squashfs"
    # sqfstar makes the root directory by its own options (-root-mode and others)
    newc diff --no-root "$T/restored" "$T/mounted" | grep -vF '\xc3\xbc d' | diff /dev/null -
}

@test "a hard link whose other names are not selected becomes a file with the data" {
    image 'archive(entry("first", REG | 0o644, b"", nlink=3, ino=9), entry("second", REG | 0o644, b"", nlink=3, ino=9),
        entry("last", REG | 0o644, b"data\n", nlink=3, ino=9), entry("again", REG | 0o644, b"new!\n", nlink=3, ino=9))'
    extract --tar -x last -x again "$T/image"
    [[ $status == 0 && $(tar -xOf "$T/stdout" first) == $'data\nnew!' || $(tar -xOf "$T/stdout" first) == new! ]]
    mkdir "$T/out"
    extract --tar "$T/image"
    tar -C "$T/out" -xf "$T/stdout"
    for it in first second last again; do [[ $(<"$T/out/$it") == new! ]]; done
    [[ $(stat -c %h "$T/out/first") == 4 ]]
}

@test "names: any bytes, none leads out; sockets are counted" {
    image "archive(entry('e\u0301', REG | 0o644, b'1'), entry('\u00e9', REG | 0o644, b'2'), entry(b'\xff', REG | 0o644, b'3'),
        entry('s', SOCK | 0o600), entry(b'n' * 200 + b'/' + b'\xfe' * 200, REG | 0o644, b'4'))"
    LC_ALL=C extract --tar "$T/image"
    [[ $status == 0 && $(<"$T/stderr") == *"Sockets left out, as tar has none: 1" ]]
    mkdir "$T/out"
    bsdtar -C "$T/out" -xf "$T/stdout"
    rm -r "$T/out"
    mkdir "$T/out"
    tar -C "$T/out" -xf "$T/stdout" 2>/dev/null
    "$RESTORE" -q -C "$T/restored" "$T/image"
    rm "$T/restored/s"
    newc diff --ignore=mtime "$T/restored" "$T/out"
    image "archive(entry('a/../b', REG | 0o644, b'1'))"
    extract --tar "$T/image"
    refused 'a name that leads out of the directory'
}

@test "damage, and output that fails: status 1" {
    image "$everything"
    head -c -4 "$T/image" >"$T/cut"
    extract --tar "$T/cut"
    refused "$T/cut: offset [0-9]*: "
    image 'archive(entry("sum", REG | 0o644, b"data", magic="070702", check=1))'
    extract --tar "$T/image"
    refused 'the checksum of a file does not match'
    status=0
    "$EXTRACT" --tar "$T/image" >/dev/full 2>"$T/stderr" || status=$?
    [[ $status == 1 ]]
    image "archive(entry('f', REG | 0o644, bytes(200000)))"
    status=0
    "$EXTRACT" --tar "$T/image" >/dev/full 2>"$T/stderr" || status=$?
    refused 'standard output: .*No space left'
}

@test "more hard links than there is memory for" {
    python3 -c '
import sys
header = "070701%08x000081a4" + "0" * 16 + "00000002" + "0" * 48 + "00000006" + "0" * 8
sys.stdout.write("".join((header + "%05x\0") % (i, i) for i in range(440000)))' >"$T/image"
    for it in --tar --to-stdout; do
        extract "$it" "$T/image"
        refused 'image: more hard links or directories than there is memory for$'
    done
}

@test "an empty image is an empty archive; --subdir and --strip-components change names" {
    : >"$T/image"
    extract --tar "$T/image"
    [[ $status == 0 && -z $(tar -tf "$T/stdout") ]]
    image "archive($one) + archive($two)"
    extract --tar --subdir=p --strip-components=1 "$T/image"
    [[ $(tar -tf "$T/stdout" | tr '\n' ' ') == "p1/b p2/c " ]]
}
