#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every format x {0, 1, 2 early parts} x {1, 2 main parts} x {0, 512, 4096 bytes of padding} gives the tree that went in.

load common

matrix() {
    python3 "$tests/cli/matrix.py" "$1"
}

@test "plain" {
    matrix "plain"
}

@test "gzip" {
    matrix "gzip"
}

@test "pigz" {
    matrix "pigz"
}

@test "bzip2" {
    matrix "bzip2"
}

@test "lzma" {
    matrix "lzma"
}

@test "xz" {
    matrix "xz"
}

@test "xz -T0" {
    matrix "xz -T0"
}

@test "lzop" {
    matrix "lzop"
}

@test "lz4 -l" {
    matrix "lz4 -l"
}

@test "lz4" {
    matrix "lz4"
}

@test "zstd -15" {
    matrix "zstd -15"
}

@test "zstd -T0" {
    matrix "zstd -T0"
}

@test "zstd: windows of all sizes" {
    python3 "$tests/cli/windows.py"
}

@test "lz4 -l: blocks and parts that look like each other" {
    python3 "$tests/cli/lz4.py"
}
