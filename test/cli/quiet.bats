#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# One line on success, two with a warning, one on failure that names the image, the offset and the reason. Every other
# test checks its lines too (common.bash, lib/harness.py); here is what they have to survive, and the options.

load common

@test "success is one line that names the image and what was done" {
    image 'archive(entry("a", data="x" * 5000), entry("b"))'
    restore -C "$T/out" "$T/image"
    succeeded
    [[ $said == *"$T/image"* ]]
}

@test "--quiet prints nothing on success, --verbose more; on failure both print the same" {
    image 'archive(entry("a", data="x"))'
    restore -q -C "$T/out" "$T/image"
    [[ $status == 0 && -z $said ]]
    rm -r "$T/out"
    restore -v -C "$T/out" "$T/image"
    [[ $status == 0 && $(lines "$T/stdout") -ge 1 && ! -s $T/stderr ]]
    rm -r "$T/out"
    image 'archive(entry("a", data="x"), entry("b", ino=b"nonsense"))'
    restore -C "$T/out" "$T/image"
    failed hexadecimal
    cp "$T/stderr" "$T/normal"
    restore -q -C "$T/out" "$T/image"
    failed hexadecimal
    cmp "$T/normal" "$T/stderr"
}

@test "the offset is that of the bad header, in the image or in the decoded part" {
    image 'early() + archive(entry("a", data="x"), entry("b", ino=b"nonsense"))'
    restore -C "$T/out" "$T/image"
    failed hexadecimal
    offset=$(grep -boa 'b\x00' "$T/image" | tail -1 | cut -d: -f1)
    bad=$(grep -boa nonsense "$T/image" | cut -d: -f1)
    [[ $said == *": offset $((bad - 6)): "* ]]
}

@test "an unknown format: the bytes and the offset" {
    image 'bytes(512) + b"\x1b[31mMZ\xff\n"'
    restore -C "$T/out" "$T/image"
    failed '1b ?5b ?33 ?31'
    [[ $said == *": offset 512: "* ]]
}

@test "names in the image and of the image: control characters and invalid UTF-8 are escaped" {
    bad=$'\e]0;evil\a\r\n\xff\xc3(\xe2\x80\xa8\xc2\x9b'
    image "archive(entry('a'), entry(b'\\x1b[2J\\r\\nfake: line\\xff\\xc2\\x9b', data='x', magic='070702', check=99))"
    cp "$T/image" "$T/$bad"
    restore -C "$T/out" "$T/$bad"
    [[ $status == 1 && $(lines "$T/stderr") == 1 && ! -s $T/stdout ]]
    [[ $said == *'\x1b]0;evil\x07\x0d\x0a\xff\xc3(\xe2\x80\xa8\xc2\x9b'* ]]
    restore -C "$T/out" "$T/$bad-nowhere"
    [[ $status == 1 && $(lines "$T/stderr") == 1 && ! -s $T/stdout ]]
    restore -C "$T/$bad" "$T/image"
    [[ $status == 1 && $(lines "$T/stderr") == 1 && ! -s $T/stdout ]]
    image 'archive(entry("a", data="x"))'
    cp "$T/image" "$T/good $bad"
    restore -C "$T/out $bad" "$T/good $bad"
    succeeded
    image 'archive(entry("a", data="x")) + b"\x1b[31mred\r\n\xff"'
    restore -C "$T/out" "$T/image"
    succeeded warning
}

@test "several images: the line names the damaged one, with the offset in it" {
    image 'archive(entry("a", data="x"))'
    mv "$T/image" "$T/first"
    image 'archive(entry("b", data="x"), entry("c", ino=b"nonsense"))'
    restore -C "$T/out" "$T/first" "$T/image"
    failed hexadecimal
    [[ $said == *"$T/image: offset $(($(grep -boa nonsense "$T/image" | cut -d: -f1) - 6)): "* ]]
}

@test "standard streams that cannot be written to: exit 0 with the tree or exit 1 without" {
    image 'archive(entry("a", data="x"))'
    "$RESTORE" -C "$T/out" "$T/image" >/dev/full 2>&1
    [[ -e $T/out/a ]]
    rm -r "$T/out"
    "$RESTORE" -C "$T/out" "$T/image" >&- 2>&- <&-
    [[ -e $T/out/a ]]
    rm -r "$T/out"
    ("$RESTORE" -C "$T/out" "$T/image"; echo $? >"$T/code") | true
    [[ $(<"$T/code") == 0 && -e $T/out/a ]]
}

@test "usage: exit 2, and a hint" {
    for wrong in -z --nonsense -C --locate=x; do
        restore $wrong
        [[ $status == 2 && ! -s $T/stdout && $said == *"--help"* ]]
    done
    restore --help
    [[ $status == 0 && ! -s $T/stderr && $said == Usage:* ]]
    restore --version
    [[ $status == 0 && $(lines "$T/stdout") == 1 ]]
}

@test "nothing to do is silent" {
    mkdir "$T/run"
    restore -C "$T/run" -S "$T"
    [[ $status == 0 && -z $said && -z $(ls -A "$T/run") ]]
    touch "$T/run/.need_shutdown"
    printf '#!/bin/sh\n' >"$T/run/shutdown"
    chmod +x "$T/run/shutdown"
    restore -C "$T/run" -S "$T"
    [[ $status == 0 && -z $said && $(ls -A "$T/run" | tr '\n' ' ') == ".need_shutdown shutdown " ]]
}

@test "a very long program name" {
    (exec -a "$(printf 'x%.0s' {1..9000})" "$RESTORE" -C "$T/out" "$T/none") 2>"$T/stderr" && false
    [[ $? == 1 && $(lines "$T/stderr") == 1 && $(<"$T/stderr") == xxxx*"/none: "* ]]
}
