#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Libraries are loaded when an image needs them, under the unit's confinement, and may be missing.

load common

# shellcheck disable=SC2153
FAULT=${RESTORE%/restore/*}/test/fault

# formats COMMAND...: restore an image of every format with that command, and compare
formats() {
    python3 -I - "$tests/lib" "$T" "$@" <<'EOF'
import os, random, shutil, subprocess, sys
sys.path.insert(0, sys.argv[1])
from newc import *
from harness import text
T = sys.argv[2]
content = text(random.Random(1), 700000)
for format in FORMATS:
    with open(T + "/image", "wb") as f:
        f.write(compress(format, archive(entry("a", data=content), entry("b", DIR | 0o755))))
    done = subprocess.run(sys.argv[3:] + ["-C", T + "/out", T + "/image"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    assert done.returncode == 0 and done.stdout.count("\n") == 1, (format, done.stdout)
    with open(T + "/out/a", "rb") as f:
        assert f.read() == content, format
    shutil.rmtree(T + "/out")
    print(format, "ok")
EOF
}

# hide SONAME...: these libraries cannot be loaded from now on
hide() {
    mkdir -p "$T/lib"
    local name
    for name; do
        : >"$T/lib/$name"
    done
    export LD_LIBRARY_PATH=$T/lib
}

needs_filters() {
    local code=0
    "$FAULT/deny-write-execute" true || code=$?
    [[ $code != 77 ]] || skip "no filters of system calls"
    [[ $code == 0 ]]
}

# find_library SONAME: its file
find_library() {
    python3 -Ic 'import ctypes, sys
ctypes.CDLL(sys.argv[1])
print(next(l.split()[-1] for l in open("/proc/self/maps") if sys.argv[1].split(".so")[0] + ".so" in l))' "$1"
}

@test "only the C library and zlib are linked" {
    readelf -d "$RESTORE" | grep NEEDED
    [[ -z $(readelf -d "$RESTORE" | grep -E 'NEEDED.*lib(isal|bz2|lzo2|lz4|lzma|zstd|selinux|seccomp)') ]]
}

@test "every format where memory must not be both writable and executable" {
    needs_filters
    formats "$FAULT/deny-write-execute" "$RESTORE"
}

@test "zlib, if ISA-L has text relocations that such a filter refuses" {
    needs_filters
    newc image "compress('gzip', archive(entry('a', data='x' * 10000)))" >"$T/image"
    hide
    cp "$FAULT/text-relocations.so" "$T/lib/libisal.so.2"
    "$FAULT/deny-write-execute" "$RESTORE" -v -C "$T/out" "$T/image" >"$T/said" 2>&1
    cat "$T/said"
    [[ $(stat -c %s "$T/out/a") == 10000 ]]
    ! grep -q libisal "$T/said" || grep -q 'segment writable' "$T/said" # silent in a build without ISA-L
}

@test "without ISA-L: zlib, and no message" {
    hide libisal.so.2
    image "compress('gzip', archive(entry('a', data='x')))"
    restore -C "$T/out" "$T/image"
    succeeded
    [[ $(<"$T/out/a") == x ]]
}

@test "another missing library: the line names the format" {
    hide libbz2.so.1.0 libbz2.so.1 liblzo2.so.2 liblz4.so.1 liblzma.so.5 libzstd.so.1
    for format in bzip2 lzop 'lz4 -l' lz4 xz lzma 'zstd -15'; do
        # the compressor needs it too
        LD_LIBRARY_PATH='' image "compress('$format', archive(entry('a', data='x')))"
        refuses "the library that reads ${format%% *}.* is not installed"
    done
}

@test "libbz2 under Fedora's name" {
    image "compress('bzip2', archive(entry('a', data='x')))"
    hide libbz2.so.1.0 libbz2.so.1
    refuses 'the library that reads bzip2 is not installed'
    ln -sf "$(LD_LIBRARY_PATH='' find_library libbz2.so.1.0)" "$T/lib/libbz2.so.1"
    rm -rf "$T/out"
    restore -C "$T/out" "$T/image"
    succeeded
    [[ $(<"$T/out/a") == x ]]
}

@test "liblzma before 5.4 has no threaded decoder" {
    mkdir "$T/lib"
    python3 -Ic 'import sys
data = open(sys.argv[1], "rb").read()
open(sys.argv[2], "wb").write(data.replace(b"lzma_stream_decoder_mt\0", b"lzma_stream_decoder_xx\0"))' \
        "$(find_library liblzma.so.5)" "$T/lib/liblzma.so.5"
    newc image "compress('xz -T0', archive(entry('a', data='x' * 1000000)))" >"$T/image"
    LD_LIBRARY_PATH=$T/lib restore -C "$T/out" "$T/image"
    succeeded
    [[ $(stat -c %s "$T/out/a") == 1000000 ]]
}
