#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# skipcpio gives what dracut's gives; --list shows the parts of an image.

load common

# dracut's own; ours may be installed in its place
dracuts=/usr/lib/dracut/skipcpio
[[ ! -e $dracuts.distrib ]] || dracuts=$dracuts.distrib

@test "the same bytes and exit status as dracut's, and its messages" {
    [[ -x $dracuts ]] || skip "dracut's skipcpio is not installed"
    python3 "$tests/cli/skipcpio.py" "$dracuts"
}

@test "libc alone is linked" {
    # The loader is a part of libc, which some architectures' programs name.
    libraries=$(readelf -d "$SKIPCPIO" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -Ev '^lib[atu]*[sb]*san\.|^ld(-linux|64)')
    [[ $libraries == libc.* ]]
    [[ $(wc -l <<<"$libraries") == 1 ]]
}

@test "--help and --version" {
    ends 0 "$SKIPCPIO" --help
    [[ $output == Usage:*--list* && -z $stderr ]]
    ends 0 "$SKIPCPIO" --version
    [[ $output == "skipcpio (dracut-restore-"*")" && -z $stderr ]]
}

@test "no file, no regular file, wrong usage" {
    for it in "$T/nowhere" "$T" ''; do
        ends 1 "$SKIPCPIO" "$it"
        [[ -z $output && ${#stderr_lines[@]} == 1 ]]
    done
    ends 1 "$SKIPCPIO"
    [[ -z $output && ${stderr_lines[0]} == Usage:* ]]
    ends 1 "$SKIPCPIO" a b
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
    ends 0 "$SKIPCPIO" --list "$T/image"
    diff -u <(printf '%s\n' "$@") <(echo "$output")
    [[ -z $stderr ]]
}

@test "--list: early and main parts of every format" {
    list 'archive(entry("a"))' '1 0 236 newc main'
    list 'early(block=4) + bytes(512) + archive(entry("a"), block=512)' '1 0 900 newc early' '2 1412 1648 newc main'
    for format in gzip:gzip pigz:gzip bzip2:bzip2 lzma:lzma xz:xz 'xz -T0:xz' lzop:lzop 'lz4 -l:lz4-legacy' lz4:lz4 \
        'zstd -15:zstd' 'zstd -T0:zstd'; do
        part="compress('${format%:*}', archive(entry('a', data=b'x' * 300000)))"
        list "early() + $part + bytes(1024)" '1 0 900 newc early' "2 1024 - ${format#*:} main"
    done
}

@test "--list: many parts with padding between them and a boot configuration after them" {
    list 'bytes(8) + early(block=4) + early(block=4) + archive(entry("a"), block=4) + bootconfig()' \
        '1 8 908 newc early' '2 908 1808 newc early' '3 1808 2044 newc main'
    list 'bytes(4096)' ''
    list 'b""' ''
}

@test "--list: a compressed part is the last one listed" {
    list 'compress("gzip", archive(entry("a"))) + b"foreign"' '1 0 - gzip main'
    list 'compress("xz", archive(entry("a")))[:-5]' '1 0 - xz main'
}

@test "--list: a damaged part after good ones" {
    image 'early(block=4) + b"foreign"'
    ends 1 "$SKIPCPIO" --list "$T/image"
    [[ $output == '1 0 900 newc early' && ${#stderr_lines[@]} == 1 && $stderr == *"$T/image: offset 900: "* ]]
    image 'archive(entry("a"), entry("b", ino=b"nonsense"))'
    ends 1 "$SKIPCPIO" --list "$T/image"
    [[ -z $output && $stderr == *": offset 112: "*hexadecimal* ]]
    image 'archive(entry("a"))'
    status=0
    "$SKIPCPIO" --list "$T/image" >/dev/full 2>"$T/stderr" || status=$?
    [[ $status == 1 && $(<"$T/stderr") == *"No space left"* ]]
}

@test "--list: a unified kernel image is reported as a PE file, with the program that lists it" {
    printf 'MZ and what follows' >"$T/uki.efi"
    ends 1 "$SKIPCPIO" --list "$T/uki.efi"
    [[ $stderr == "skipcpio: $T/uki.efi: offset 0: a PE file, perhaps a unified kernel image: see dracut-extractinitrd --examine" ]]
}
