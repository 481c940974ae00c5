#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What --exclude leaves out, and what it does not.

load common

# without OPTION... -- LINE...: with these options the image is restored, without a warning, to this tree.
without() {
    local options=()
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    rm -rf "$T/out"
    restore "${options[@]}" -C "$T/out" "$T/image"
    succeeded
    tree "${@:2}"
}

@test "a directory and all below it, of all types; not other names that begin with it or contain it" {
    image 'archive(
        entry("d", DIR | 0o755), entry("d/f", data="x" * 100000), entry("d/e", DIR | 0o700), entry("d/e/f", data="y"),
        entry("d/l", LNK | 0o777, "../keep"), entry("d/p", FIFO | 0o600), entry("d/c", CHR | 0o600, rdev=(1, 3)),
        entry("d/e/link", LNK | 0o777, "f"), entry("dd", DIR | 0o755), entry("dd/f", data="1"), entry("d.conf", data="2"),
        entry("u", DIR | 0o755), entry("u/d", data="3"), entry("keep", data="4"), entry("d/last", data="z"))'
    without -x d -- 'dd d 0755 0:0 0' 'dd/f f 0644 0:0 0 "1"' 'd.conf f 0644 0:0 0 "2"' 'u d 0755 0:0 0' \
        'u/d f 0644 0:0 0 "3"' 'keep f 0644 0:0 0 "4"'
    without --exclude='d?*' --exclude u --exclude=keep -- 'd d 0755 0:0 0'
    without -x d/e -x d.conf -x 'd/[cflp]*' -x dd -x 'u/*' -- 'd d 0755 0:0 0' 'u d 0755 0:0 0' 'keep f 0644 0:0 0 "4"'
    without -x 'd/*' -x nothing -x '' -x e -x dd -x d.conf -x u -- 'd d 0755 0:0 0' 'keep f 0644 0:0 0 "4"'
}

@test "patterns and names that begin with a slash, and names with ./" {
    image 'archive(entry("a", DIR | 0o755), entry("a/b", data="1"), entry("/a/c", data="2"), entry("./a/d", data="3"),
                   entry("e", data="4"))'
    for slash in '' /; do
        without -x "${slash}a/[bcd]" -- 'a d 0755 0:0 0' 'e f 0644 0:0 0 "4"'
        without -x "${slash}a/c" -- 'a d 0755 0:0 0' 'a/b f 0644 0:0 0 "1"' 'a/d f 0644 0:0 0 "3"' 'e f 0644 0:0 0 "4"'
        without -x "${slash}a/d" -- 'a d 0755 0:0 0' 'a/b f 0644 0:0 0 "1"' 'a/c f 0644 0:0 0 "2"' 'e f 0644 0:0 0 "4"'
        without -x "${slash}a" -- 'e f 0644 0:0 0 "4"'
    done
}

@test "a * matches slashes, too, so a pattern matches names in all directories" {
    image 'archive(entry("a", DIR | 0o755), entry("a/b", DIR | 0o755), entry("a/b/x.ko", data="1"), entry("y.ko", data="2"),
                   entry("a/b/x.ko.zst", data="3"))'
    without -x '*.ko' -- 'a d 0755 0:0 0' 'a/b d 0755 0:0 0' 'a/b/x.ko.zst f 0644 0:0 0 "3"'
}

# Which name has the data is known only after the last of them.
@test "a file with several names is not left out, whichever name has the data" {
    for last in True False; do
        image "archive(entry('a', data='' if $last else 'x', ino=5, nlink=2), entry('b', data='x' if $last else '', ino=5, nlink=2),
                       entry('c', data='y', ino=6))"
        for names in a b '[ab]'; do
            without -x "$names" -x c -- 'a f 0644 0:0 0 "x"' 'b f 0644 0:0 0 "x" =a'
        done
    done
}
