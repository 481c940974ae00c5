#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whatever ends a restore early: no `shutdown`, what was there before untouched, no staging left.

load common

damage() {
    python3 "$tests/cli/damage.py" "$1"
}

@test "cut and flipped: plain" {
    damage "plain"
}

@test "cut and flipped: gzip" {
    damage "gzip"
}

@test "cut and flipped: pigz" {
    damage "pigz"
}

@test "cut and flipped: bzip2" {
    damage "bzip2"
}

@test "cut and flipped: lzma" {
    damage "lzma"
}

@test "cut and flipped: xz" {
    damage "xz"
}

@test "cut and flipped: xz -T0" {
    damage "xz -T0"
}

@test "cut and flipped: lzop" {
    damage "lzop"
}

@test "cut and flipped: lz4 -l" {
    damage "lz4 -l"
}

@test "cut and flipped: lz4" {
    damage "lz4"
}

@test "cut and flipped: zstd -15" {
    damage "zstd -15"
}

@test "cut and flipped: zstd -T0" {
    damage "zstd -T0"
}

@test "SIGKILL at 200 random moments" {
    python3 "$tests/cli/kill.py" SIGKILL 200
}

@test "SIGTERM at 50 random moments" {
    python3 "$tests/cli/kill.py" SIGTERM 50
}

# small OPTIONS: unpack $T/image into a tmpfs with these mount options. If it fails, nothing is left there.
small() {
    unshare -m --propagation private bash -euc '
        mkdir -p "$1/out"
        mount -t tmpfs -o "$2" tmpfs "$1/out"
        df --output=used,iused "$1/out" >"$1/before"
        status=0
        "$RESTORE" -C "$1/out" "$1/image" >"$1/stdout" 2>"$1/stderr" || status=$?
        df --output=used,iused "$1/out" >"$1/after"
        ls -A "$1/out" >"$1/names"
        echo $status >"$1/status"' - "$T" "$1"
    status=$(<"$T/status")
    said=$(cat "$T/stdout" "$T/stderr")
}

# too_small OPTIONS: the same fails, and says how much is missing.
too_small() {
    small "$1"
    failed 'no room for [0-9]+ more KiB' nowhere
    diff "$T/before" "$T/after"
    [[ ! -s $T/names ]]
}

# missing FROM TO: what was missing, in KiB, is between these
missing() {
    local kib
    kib=$(grep -Eo 'no room for [0-9]+ more KiB' "$T/stderr" | tr -dc 0-9)
    ((kib >= $1 && kib <= $2)) || { echo "missing: $said"; return 1; }
}

@test "a tmpfs that is too small: the line says how much is missing, and all is freed" {
    files='*[entry("f%d" % i, data=bytes([i]) * (1 << 20)) for i in range(8)]'
    for format in plain 'zstd -15' bzip2; do
        image "compress('$format', archive(entry('init', data='x'), $files, entry('shutdown', REG | 0o755)))"
        too_small size=1M
        missing 7160 7400
        too_small size=4M
        missing 4090 4400
        too_small size=8M
        missing 1 200
        small size=16M
        succeeded
    done
}

# Pages are of 64 KiB on some systems.
@test "a tmpfs that is too small for many small files: each counts as a page" {
    local page=$(($(getconf PAGESIZE) / 1024))

    image 'archive(*[entry("f%d" % i, data="x") for i in range(1000)], entry("shutdown", REG | 0o755))'
    too_small size=1M
    missing $((1000 * page - 1024)) $((1010 * page - 1024))
}

@test "a tmpfs with too few inodes" {
    image 'archive(*[entry("f%d" % i) for i in range(100)], entry("shutdown", REG | 0o755))'
    small size=16M,nr_inodes=50
    failed 'no room for .* [5-6][0-9] more files' nowhere
    diff "$T/before" "$T/after"
    [[ ! -s $T/names ]]
}

@test "a read-only directory, and one that is a file" {
    image 'archive(entry("a"))'
    unshare -m --propagation private bash -euc '
        mkdir "$1/out"
        mount -t tmpfs -o ro tmpfs "$1/out"
        "$RESTORE" -C "$1/out" "$1/image"' - "$T" >"$T/stdout" 2>"$T/stderr" && false
    [[ ! -s $T/stdout && $(lines "$T/stderr") == 1 ]]
    touch "$T/file"
    restore -C "$T/file" "$T/image"
    [[ $status == 1 && ! -s $T/stdout && $(lines "$T/stderr") == 1 && ! -s $T/file ]]
}

@test "-C: a directory that is not empty is refused without --force" {
    image 'archive(entry("a", data="1"), entry("d", DIR | 0o755), entry("d/f", data="2"))'
    restore -C "$T/out" "$T/image"
    succeeded
    image 'archive(entry("b", data="3"), entry("d", DIR | 0o700), entry("d/f", data="4"))'
    restore -C "$T/out" "$T/image"
    [[ $status == 1 && $said == "dracut-initramfs-restore: $T/out: it is not empty"* && $(lines "$T/stderr") == 1 ]]
    tree 'a f 0644 0:0 0 "1"' 'd d 0755 0:0 0' 'd/f f 0644 0:0 0 "2"'
    restore -f -C "$T/out" "$T/image"
    succeeded
    tree 'a f 0644 0:0 0 "1"' 'b f 0644 0:0 0 "3"' 'd d 0700 0:0 0' 'd/f f 0644 0:0 0 "4"'
}

@test "-C: an empty directory, the current one, a link to one, a name with slashes, and no parent" {
    image 'archive(entry("a", data="1"))'
    mkdir "$T/out" "$T/here"
    ln -s here "$T/link"
    restore -C "$T/out///" "$T/image"
    succeeded
    tree 'a f 0644 0:0 0 "1"'
    (cd "$T/here" && restore -C . "$T/image" && [[ $status == 0 && $(ls -A) == a ]] && rm a)
    restore -C "$T/link" "$T/image"
    [[ $status == 0 && -L $T/link && $(<"$T/here/a") == 1 ]]
    restore -C "$T/none/out" "$T/image"
    [[ $status == 1 && $said == *"$T/none/out: cannot be made, its parent is missing: No such file or directory" ]]
    [[ -z $(ls -d "$T"/.restore-* 2>/dev/null) ]]
}

@test "-C: an ordinary user gets all but device nodes, which are counted" {
    image 'archive(entry(".", DIR | 0o755), entry("d", DIR | 0o500), entry("d/f", REG | 0o644, "1", uid=5, gid=6),
                   entry("n", CHR | 0o666, rdev=(1, 3)), entry("b", BLK | 0o600, rdev=(8, 1)), entry("p", FIFO | 0o622))'
    mkdir "$T/theirs"
    chown 1000:1000 "$T/theirs"
    chmod 755 "$T"
    cp "$RESTORE" "$T/program"
    setpriv --reuid 1000 --regid 1000 --clear-groups "$T/program" -C "$T/theirs/out" "$T/image" >"$T/stdout" 2>"$T/stderr"
    [[ $(<"$T/stderr") == *": Device nodes left out, as only root can make them: 2" && $(lines "$T/stdout") == 1 ]]
    (cd "$T/theirs/out" && [[ $(find . -printf '%p %y %m %U\n' | sort) == $'. d 755 1000\n./d d 700 1000\n./d/f f 644 1000\n./p p 622 1000' ]])
}

@test "-C: nobody else can enter before it is complete" {
    image 'archive(entry(".", DIR | 0o755), entry("a", data="1"))'
    strace -f -o "$T/trace" -e trace=rename,renameat,renameat2 -e inject=rename,renameat,renameat2:error=EXDEV:when=1 \
        "$RESTORE" -C "$T/out" "$T/image" >"$T/stdout" 2>"$T/stderr" && false
    [[ $(<"$T/stderr") == *"$T/out: the tree cannot be renamed to it"* && ! -e $T/out ]]
    strace -f -o "$T/trace" -e trace=mkdirat,mkdir "$RESTORE" -C "$T/out" "$T/image"
    grep -q '"\.restore-[0-9a-f]*", 0700' "$T/trace"
}

@test "cut: plain, followed by a boot configuration" {
    image 'archive(entry("a", data="x" * 40000))[:-15000] + bootconfig(b"kernel.x = 1\n" * 2000)'
    restore -C "$T/out" "$T/image"
    failed 'ends inside a file'
    [[ ! -e $T/out ]]
}

@test "a read error is not reported as a write error" {
    image 'archive(*[entry("f%d" % i, data="x" * 300000) for i in range(9)])'
    # On one CPU eleven reads of headers come before the first file is sent, then one before each.
    status=0
    taskset -c 0 strace -o /dev/null -P "$T/image" -e trace=sendfile,pread64 -e inject=sendfile:error=EIO:when=3 \
        -e inject=pread64:error=EIO:when=14 "$RESTORE" -C "$T/out" "$T/image" >"$T/stdout" 2>"$T/stderr" || status=$?
    said=$(<"$T/stderr")
    failed 'offset 600348: the image cannot be read to its end'
}

@test "an image that cannot be read" {
    restore -C "$T/out" "$T/nowhere"
    [[ $status == 1 && $said == *"$T/nowhere"*"No such file"* && $(lines "$T/stderr") == 1 ]]
    mkdir "$T/dir"
    restore -C "$T/out" "$T/dir"
    [[ $status == 1 && $said == *"$T/dir"* && $(lines "$T/stderr") == 1 ]]
    mkfifo "$T/fifo"
    restore -C "$T/out" "$T/fifo"
    [[ $status == 1 && $said == *"$T/fifo as an image: it is not a regular file" && $(lines "$T/stderr") == 1 ]]
    [[ ! -e $T/out/shutdown ]]
}

@test "a PE file that is no unified kernel image" {
    local stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
    [[ -e $stub ]] || skip "needs systemd's stub"
    restore -C "$T/out" "$stub"
    [[ $status == 1 && $said == *"Cannot use $stub: it is not a unified kernel image" && $(lines "$T/stderr") == 1 ]]
    [[ ! -e $T/out ]]
}

@test "-C: a file system whose renames take no flags (NFS, FUSE)" {
    image 'archive(entry("a", data="1"))'
    mkdir -p "$T/full"
    touch "$T/full/b"
    for arguments in "-C $T/out" "-C $T/full -f"; do
        # shellcheck disable=SC2086 # words
        strace -f -o "$T/trace" -e trace=renameat2 -e inject=renameat2:error=EINVAL "$RESTORE" $arguments "$T/image"
    done
    [[ $(<"$T/out/a") == 1 && $(<"$T/full/a") == 1 && -e $T/full/b ]]
}
