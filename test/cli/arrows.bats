#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The checks of #include lines and of lengths: they pass on this tree and fail on each way to break it.

load common

setup() {
    T=$(mktemp -d)
    mkdir -p "$T/tree"
    cp -a "$tests/../skipcpio" "$tests/../restore" "$T/tree"
    [[ ! -d $tests/../extract ]] || cp -a "$tests/../extract" "$T/tree"
}

teardown() {
    rm -rf "$T"
}

# broken COMPLAINT FILE HEADER: an #include of HEADER in FILE leads to this complaint
broken() {
    echo "#include \"$3\"" >>"$T/tree/$2"
    ends 1 "$tests/lib/arrows" "$T/tree"
    grep -F -- "$1" <<<"$output"
}

@test "this tree" {
    ends 0 "$tests/lib/arrows" "$T/tree"
    [[ $output =~ ^[0-9]+\ modules,\ [0-9]+\ arrows,\ 0\ wrong$ ]]
}

@test "an upward arrow" {
    broken "restore/util may not include restore/unpack" restore/util/remove.c unpack/unpack.h
}

@test "an arrow between neighbours" {
    broken "restore/exitrd may not include restore/unpack" restore/exitrd/exitrd.c unpack/unpack.h
}

@test "another folder's inner header" {
    broken "decode/ring.h is not a face of restore/decode" restore/unpack/unpack.c decode/ring.h
}

@test "an inner header by a relative path" {
    broken "../decode/ring.h is not a face of restore/decode" restore/unpack/unpack.c ../decode/ring.h
}

@test "a circle in one folder" {
    broken "restore/util/fs -> restore/util/mounts" restore/util/fs.c mounts.h
}

@test "a folder that is not in the table" {
    mkdir "$T/tree/restore/new"
    echo >"$T/tree/restore/new/new.c"
    broken "restore/new is not in the table" restore/new/new.c util/log.h
}

@test "a header that does not exist" {
    broken "util/none.h does not exist" restore/main.c util/none.h
}

@test "files and functions of this tree are not too long" {
    ends 0 "$tests/lib/lengths" "$T/tree"
    [[ $output =~ ^[0-9]+\ files,\ [0-9]+\ functions,\ .*,\ 0\ wrong$ ]]
}

# long BODY-LINES: a new file with a function that has so many lines between its braces
long() {
    { printf '%s\n' 'static int' 'long_one(int a,' '         int b)' '{'; yes '        a++;' | head -n "$1"; echo '}'; } >"$T/tree/restore/new.c"
}

@test "a function that is too long" {
    long 56
    ends 0 "$tests/lib/lengths" "$T/tree"
    [[ $output == *", the longest one of 60 lines, 0 wrong" ]]
    long 57
    ends 1 "$tests/lib/lengths" "$T/tree"
    [[ ${lines[0]} == "restore/new.c:2: long_one() has 61 lines, of which 60 are allowed" ]]
}

@test "a file that is too long" {
    yes '/* */' | head -n 450 >"$T/tree/extract/new.c"
    ends 0 "$tests/lib/lengths" "$T/tree"
    echo '/* */' >>"$T/tree/extract/new.c"
    ends 1 "$tests/lib/lengths" "$T/tree"
    [[ ${lines[0]} == "extract/new.c: 451 lines, of which 450 are allowed" ]]
}
