#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# skipcpio gives what dracut's gives; --list shows the parts of an image.

load common

# dracut's own; ours may be installed in its place
dracuts=/usr/lib/dracut/skipcpio
[[ ! -e $dracuts.distrib ]] || dracuts=$dracuts.distrib

@test "the same bytes and exit status as dracut's, and its messages" {
    [[ -x $dracuts ]] || skip "dracut's skipcpio is not installed"
    python3 "$tests/cli/skipcpio.py" same "$dracuts"
}

@test "faster than dracut's on a 60 MB image" {
    [[ -x $dracuts ]] || skip "dracut's skipcpio is not installed"
    python3 "$tests/cli/skipcpio.py" speed "$dracuts"
}

@test "no file, no regular file, wrong usage" {
    for it in "$T/nowhere" "$T" ''; do
        run -1 --separate-stderr "$SKIPCPIO" "$it"
        [[ -z $output && ${#stderr_lines[@]} == 1 ]]
    done
    run -1 --separate-stderr "$SKIPCPIO"
    [[ -z $output && ${stderr_lines[0]} == Usage:* ]]
    run -1 --separate-stderr "$SKIPCPIO" a b
    [[ -z $output && ${stderr_lines[0]} == Usage:* ]]
}

@test "a reader that goes away, and a full disk" {
    newc image 'early() + bytes(1 << 20)' >"$T/image"
    echo end >>"$T/image"
    status=0
    "$SKIPCPIO" "$T/image" >/dev/full 2>"$T/stderr" || status=$?
    [[ $status == 1 && $(<"$T/stderr") == *"No space left"* && $(lines "$T/stderr") == 1 ]]
    head -c 3000000 /dev/urandom >"$T/image"
    ("$SKIPCPIO" "$T/image" 2>"$T/stderr" || echo $? >"$T/status") | true
    [[ -s $T/status && ! -s $T/stderr ]]
}

# list EXPRESSION LINE...: these are the parts of the image
list() {
    image "$1"
    shift
    run -0 --separate-stderr "$SKIPCPIO" --list "$T/image"
    diff -u <(printf '%s\n' "$@") <(echo "$output")
    [[ -z $stderr ]]
}

@test "--list: early and main parts of every format, with their ends" {
    list 'archive(entry("a"))' '1 0 236 newc main'
    list 'early(block=4) + bytes(512) + archive(entry("a"), block=512)' '1 0 900 newc early' '2 1412 1648 newc main'
    number=0
    for format in gzip:gzip pigz:gzip bzip2:bzip2 lzma:lzma xz:xz 'xz -T0:xz' lzop:lzop 'lz4 -l:lz4-legacy' lz4:lz4 \
        'zstd -15:zstd' 'zstd -T0:zstd'; do
        part="compress('${format%:*}', archive(entry('a', data=b'x' * 300000)))"
        size=$(newc image "$part" | wc -c)
        list "early() + $part + bytes(1024)" '1 0 900 newc early' "2 1024 $((1024 + size)) ${format#*:} main"
    done
}

@test "--list: many parts, padding in between, a boot configuration behind" {
    gz="compress('gzip', archive(entry('a', data='x')))"
    size=$(newc image "$gz" | wc -c)
    list "bytes(8) + early(block=4) + early(block=4) + $gz + bytes(3) + $gz + bootconfig()" '1 8 908 newc early' \
        '2 908 1808 newc early' "3 1808 $((1808 + size)) gzip main" "4 $((1811 + size)) $((1811 + 2 * size)) gzip main"
    list 'bytes(4096)' ''
    list 'b""' ''
}

@test "--list: what is broken, behind what is not" {
    image 'early(block=4) + b"foreign"'
    run -1 --separate-stderr "$SKIPCPIO" --list "$T/image"
    [[ $output == '1 0 900 newc early' && ${#stderr_lines[@]} == 1 && $stderr == *"$T/image: offset 900: "* ]]
    image 'archive(entry("a"), entry("b", ino=b"nonsense"))'
    run -1 --separate-stderr "$SKIPCPIO" --list "$T/image"
    [[ -z $output && $stderr == *": offset 112: "*hexadecimal* ]]
    image 'compress("xz", archive(entry("a")))[:-5]'
    run -1 --separate-stderr "$SKIPCPIO" --list "$T/image"
    [[ -z $output && ${#stderr_lines[@]} == 1 && $stderr == *": offset "* ]]
}
