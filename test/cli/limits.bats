#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What an image can ask for: memory, and time in proportion to its size.

load common

# in_tmpfs SIZE COMMAND...: with a tmpfs of that size at $T/small
in_tmpfs() {
    local size=$1
    shift
    mkdir -p "$T/small"
    unshare -m --propagation private bash -euc 'mount -t tmpfs -o "size=$2" tmpfs "$1/small"; shift 2; "$@"' - "$T" "$size" "$@"
}

@test "zstd: a window of 128 MiB is decoded, a larger one refused, unless --window allows it" {
    newc image "archive(entry('x', data='x' * 1000))" >"$T/plain"
    zstd -q --ultra --long=27 -c <"$T/plain" >"$T/image"
    restore -C "$T/out" "$T/image"
    succeeded
    [[ $(stat -c %s "$T/out/x") == 1000 ]]
    zstd -q --ultra --long=31 -c <"$T/plain" >"$T/image"
    refuses 'window is larger than is allowed, see --window'
    restore --window=2048 -C "$T/31" "$T/image"
    succeeded
    zstd -q --ultra --long=28 -c <"$T/plain" >"$T/image"
    refuses 'window is larger than is allowed, see --window'
    restore --window=255 -C "$T/out" "$T/image"
    [[ $status == 1 ]]
    restore --window=4096 -C "$T/28" "$T/image"
    succeeded
}

@test "xz and lzma: a dictionary of 128 MiB is decoded, a larger one refused, unless --window allows it" {
    newc image "archive(entry('x', data='x' * 1000))" >"$T/plain"
    for format in xz lzma; do
        for dict in 128MiB 192MiB 1536MiB; do
            # An encoder would need that memory, so the header is changed afterwards.
            python3 -c '
import lzma, sys
size = int(sys.argv[2][:-3]) << 20
f = [{"id": lzma.FILTER_LZMA2 if sys.argv[1] == "xz" else lzma.FILTER_LZMA1, "preset": 0, "dict_size": 1 << 20}]
data = bytearray(lzma.compress(sys.stdin.buffer.read(), lzma.FORMAT_XZ if sys.argv[1] == "xz" else lzma.FORMAT_ALONE, filters=f))
if sys.argv[1] == "lzma":
    data[1:5] = size.to_bytes(4, "little")
else:
    # block header at 12: size, flags, filter id 0x21, 1, dictionary bits, padding, CRC32
    import zlib
    bits = next(b for b in range(41) if (2 | b & 1) << (b // 2 + 11) >= size)
    length = (data[12] + 1) * 4
    data[12 + data[12:12 + length].index(b"\x21\x01") + 2] = bits
    data[12 + length - 4:12 + length] = zlib.crc32(data[12:12 + length - 4]).to_bytes(4, "little")
sys.stdout.buffer.write(data)' "$format" "$dict" <"$T/plain" >"$T/image"
            rm -rf "$T/out"
            if [[ $dict == 128MiB ]]; then
                restore -C "$T/out" "$T/image"
                succeeded
                [[ $(stat -c %s "$T/out/x") == 1000 ]]
            else
                refuses 'dictionary is larger than is allowed, see --window'
                restore --window="${dict%MiB}" -C "$T/out" "$T/image"
                succeeded
            fi
        done
    done
}

@test "a large window takes no memory until it is filled" {
    [[ $(ulimit -v) == unlimited ]] || skip "memory is limited already"
    newc image "archive(entry('x', data='x' * 1000))" | zstd -q --ultra --long=27 -c >"$T/image"
    /usr/bin/env python3 - "$RESTORE" "$T" <<'EOF'
import os, resource, subprocess, sys
subprocess.run([sys.argv[1], "-C", sys.argv[2] + "/out", sys.argv[2] + "/image"], check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
assert peak < 20000, peak
EOF
}

# A file of 128 MiB of zeros: many times the room for it, and small in each format.
bomb() {
    { newc image "entry('bomb', data='', filesize=128 << 20)"; head -c 128M /dev/zero; newc image "trailer()"; } | $1 >"$T/image"
}

@test "bombs end at the limit of the tmpfs, and all is freed" {
    for format in 'zstd -1 -q -c' 'gzip -1 -c' 'xz -0 -c' 'lz4 -q -c'; do
        bomb "$format"
        [[ $(stat -c %s "$T/image") -lt 10000000 ]]
        # The tmpfs is limited too: its memory belongs to a control group, if there is one, or to the machine.
        in_tmpfs 16M bash -euc '
            df --output=used,iused "$1/small" >"$1/before"
            ulimit -f 65536 # 64 MiB a file: the machine has more memory than a test may take
            status=0
            "$RESTORE" -C "$1/small/out" "$1/image" >"$1/said" 2>&1 || status=$?
            df --output=used,iused "$1/small" >"$1/after"
            df --output=size "$1/small" | tail -n 1 >"$1/size"
            [[ -z $(ls -A "$1/small") ]]
            echo $status >"$1/status"' - "$T"
        cat "$T/said"
        [[ $(<"$T/status") == 1 && $(wc -l <"$T/said") == 1 ]]
        diff "$T/before" "$T/after"
        [[ $(tr -d ' ' <"$T/size") == 16384 ]]
    done
}

@test "several writers find the tmpfs full at the same time: one line, and all is freed" {
    image "archive(*[entry('f%d' % i, data=bytes(1500000)) for i in range(80)])"
    for i in {1..12}; do
        in_tmpfs 20M "$RESTORE" -q -C "$T/small/out" "$T/image" 2>"$T/stderr" && return 1
        [[ $(lines "$T/stderr") == 1 && $(<"$T/stderr") == *"there is no room for "* ]]
    done
}

@test "a bomb ends at the memory that there is: the tmpfs may not grow beyond it" {
    [[ -w /sys/fs/cgroup && -e /sys/fs/cgroup/cgroup.controllers ]] && grep -q memory /sys/fs/cgroup/cgroup.subtree_control ||
        skip "no control group for memory"
    bomb 'zstd -1 -q -c'
    group=/sys/fs/cgroup/restore-test-$$
    mkdir "$group"
    echo 100M >"$group/memory.max"
    status=0
    bash -euc 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$group" "$RESTORE" -C "$T/out" "$T/image" >"$T/said" 2>&1 || status=$?
    for _ in {1..50}; do
        ! rmdir "$group" || break # the decoder may need a moment to end
        sleep 0.1
    done
    echo "exit $status: $(<"$T/said")"
    [[ ! -e $group && ! -e $T/out/shutdown ]]
    [[ $status == 137 || $status != 0 && $(lines "$T/said") == 1 ]]
}

# linear N EXPRESSION...
linear() {
    python3 "$tests/cli/cost.py" "$@"
}

@test "cost grows with the size: entries" {
    linear 5000 "archive(*[entry('f%d' % i) for i in range(N)])"
}

@test "cost grows with the size: hard links, of all inode numbers and device numbers" {
    linear 5000 "archive(*[entry('f%d' % i, ino=i // 2, nlink=2) for i in range(N)])" \
        "archive(*[entry('f%d' % i, ino=i * 65536 & 0xffffffff, nlink=2, dev=(i, i)) for i in range(N)])" \
        "archive(*[entry('f%d' % i, ino=0, nlink=N) for i in range(N)])"
}

@test "cost grows with the size: symlinks in a chain" {
    linear 5000 "archive(*[entry('l%d' % i, LNK | 0o777, 'l%d' % (i + 1)) for i in range(N)],
                         *[entry('l%d/f' % i) for i in range(N)])" \
        "archive(*[entry('l%d' % i, LNK | 0o777, 'l%d/x' % (i + 1)) for i in range(N)])"
}

@test "cost grows with the size: one file again and again" {
    linear 5000 "archive(*[entry('file', data='x' * 100) for i in range(N)])" \
        "archive(*[entry('file', (REG, LNK, FIFO, DIR)[i % 4] | 0o755, 'x' if i % 4 < 2 else '') for i in range(N)])" \
        "archive(*[entry('file', data='x', ino=1, nlink=9) for i in range(N)])"
}

@test "cost grows with the size: directories beside each other and by turns" {
    linear 5000 "archive(*[entry('d%d' % i, DIR | 0o755) for i in range(N)])" \
        "archive(*[entry('d', DIR | 0o755) for i in range(N)])" \
        "archive(*[entry('a/b/c%d/d/e/f' % (i % 7)) for i in range(N)])"
}

@test "names with thousands of components, and parents that are missing" {
    linear 25 "archive(*[entry('d/' * (i % 2 * 1000 + 900) + 'f%d' % i) for i in range(N)])"
    linear 10 "archive(*[entry('%d/' % i + 'd/' * 1500 + 'f') for i in range(N)])"
}

@test "a directory ten thousand deep is made, and removed again" {
    # Each name starts at a symlink to the directory 2000 deep that the one before has made.
    newc image "archive(*[e for i in range(5) for e in (
        entry(('l%d/' % i if i else '') + 'd/' * 1999 + 'd', DIR | 0o755),
        entry('l%d' % (i + 1), LNK | 0o777, ('l%d/' % i if i else '') + 'd/' * 1999 + 'd'))], entry('l5/bottom', data='x'))" >"$T/image"
    restore -C "$T/out" "$T/image"
    succeeded
    [[ $(<"$T/out/l5/bottom") == x ]]
    [[ $(cd "$T/out" && for _ in {1..5}; do cd -P "d$(printf '/d%.0s' {1..1999})"; done && cat bottom) == x ]]
    newc image "archive(*[e for i in range(5) for e in (
        entry(('l%d/' % i if i else '') + 'd/' * 1999 + 'd', DIR | 0o755),
        entry('l%d' % (i + 1), LNK | 0o777, ('l%d/' % i if i else '') + 'd/' * 1999 + 'd'))], end=False) + b'070701 no header' + bytes(200)" >"$T/image"
    rm -rf "$T/out"
    refuses .
}

@test "cost grows with the size: padding, and data" {
    linear 5000 "entry('a') + bytes(N * 2048) + archive(entry('b'))" \
        "compress('gzip', entry('a') + bytes(N * 2048) + archive(entry('b')))" \
        "archive(entry('a', data=bytes(N * 2048)))"
}
