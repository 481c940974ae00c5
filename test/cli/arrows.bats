#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The check of #include lines: it passes on this tree and fails on each way to break it.

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
    run -1 "$tests/lib/arrows" "$T/tree"
    grep -F -- "$1" <<<"$output"
}

@test "this tree" {
    run -0 "$tests/lib/arrows" "$T/tree"
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
