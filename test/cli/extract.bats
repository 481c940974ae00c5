#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# dracut-extractinitrd: the options of dracut's program of this name, which lsinitrd uses, and its own.

load common
load fixture-extract

@test "0 to 2 early parts, 0 to 2 main parts, of all formats" {
    for format in plain gzip bzip2 lzma xz lzop "lz4 -l" "zstd -15"; do
        for earlies in 0 1 2; do
            for mains in 0 1 2; do
                parts=() names=() contents=
                for ((i = 0; i < earlies; i++)); do
                    parts+=("pad($early, 512)")
                    names+=("${early_names[@]}")
                    contents+=$'1\ncode\n'
                done
                if [[ $mains != 0 ]]; then
                    # NULs, or lz4's blocks are those of one part
                    parts+=("compress('$format', archive($one)) + bytes(4)") names+=(. a d d/b) contents+=$'first\nb\n'
                fi
                if [[ $mains == 2 ]]; then
                    parts+=("compress('$format', archive($two))") names+=(. d d/c l) contents+=$'second\n'
                fi
                [[ ${#parts[@]} -gt 0 ]] || parts=("b''")
                image "$(IFS=+ && echo "${parts[*]}")"
                extract --list "$T/image"
                prints "${names[@]}"
                extract --to-stdout "$T/image"
                diff <(printf %s "$contents") "$T/stdout"
                extract --list --parts 1 "$T/image"
                case $earlies$mains in
                00) prints ;;
                0*) prints . a d d/b ;;
                *) prints "${early_names[@]}" ;;
                esac
                extract --list --parts $((earlies + 2))- "$T/image"
                if [[ $mains == 2 ]]; then prints . d d/c l; else prints; fi
                extract --to-stdout "$T/image" a
                if [[ $mains != 0 ]]; then prints first; else prints; fi
                extract --to-stdout "$T/image" d/c a nowhere
                case $mains in 0) prints ;; 1) prints first ;; 2) prints first second ;; esac
            done
        done
    done
}

@test "--parts: ranges; the last one counts" {
    image "$early + archive($one) + compress('gzip', archive($two))"
    for it in 1 1-1 -1; do
        extract -l -P $it "$T/image"
        prints "${early_names[@]}"
    done
    for it in 2-3 2-; do
        extract -l --parts=$it "$T/image"
        prints . a d d/b . d d/c l
    done
    extract -l --parts 1 -P 3 "$T/image"
    prints . d d/c l
    extract -l -P 4- "$T/image"
    prints
    for it in 0 x '' - 0-2 3-2 1-2-3 +1 ' 1' 1x 99999999999999999999; do
        extract -l --parts "$it" "$T/image"
        refused "invalid --parts: '$it'" 2
    done
}

@test "--list --verbose: the lines of cpio -tv" {
    image 'archive(entry("d", DIR | 0o1777, nlink=2), entry("f", REG | 0o4755, b"abc", uid=4000000001, gid=4000000002),
        entry("l", LNK | 0o777, b"f"), entry("n", CHR | 0o620, rdev=(4, 64)), entry("b", BLK | 0o660, rdev=(259, 1000)),
        entry("p", FIFO | 0o600), entry("s", SOCK | 0o600), entry("t", REG | 0o2644, b"", mtime=1000000000))'
    export TZ=UTC LC_ALL=C
    extract --list -v "$T/image"
    prints \
        'drwxrwxrwt   2 root     root            0 Jan  1  1970 d' \
        '-rwsr-xr-x   1 40000000 40000000        3 Jan  1  1970 f' \
        'lrwxrwxrwx   1 root     root            1 Jan  1  1970 l -> f' \
        'crw--w----   1 root     root       4,  64 Jan  1  1970 n' \
        'brw-rw----   1 root     root     259, 1000 Jan  1  1970 b' \
        'prw-------   1 root     root            0 Jan  1  1970 p' \
        'srw-------   1 root     root            0 Jan  1  1970 s' \
        '-rw-r-Sr--   1 root     root            0 Sep  9  2001 t'
    cpio -itv <"$T/image" 2>/dev/null | diff - "$T/stdout"
}

@test "patterns: * matches slashes, a directory does not include its files, options may follow" {
    image "archive($one)"
    extract "$T/image" --list '*b'
    prints d/b
    extract "$T/image" --list d
    prints d
    extract --list "$T/image" -- 'nowhere*'
    prints
    extract --li --par 1 "$T/image" '[ad]'
    prints a d
    extract -l --to-stdout "$T/image" a
    prints a
}

@test "patterns: characters of the locale" {
    image "archive(entry('\u00fc'), entry('ab'), entry(b'\xff'), entry(b'\xfe\xff'))"
    LC_ALL=C.UTF-8 extract -l "$T/image" '?'
    prints ü $'\xff'
    LC_ALL=C.UTF-8 extract -l "$T/image" '[üx]'
    prints ü
    LC_ALL=C extract -l "$T/image" '??'
    prints ü ab $'\xfe\xff'
}

@test "extraction: early parts, times, a leading slash, parents of selected names" {
    image "$early + compress('zstd -15', archive($one, entry('/e', REG | 0o4711, b'e', uid=7, gid=8)))"
    extract -v -D "$T/out" "$T/image"
    [[ $status == 0 && ! -s $T/stdout ]]
    printf '%s\n' "${early_names[@]}" . a d d/b e | diff - "$T/stderr"
    [[ $(stat -c '%a %u %g' "$T/out/e") == "4711 7 8" && $(stat -c %Y "$T/out/a") == 1000 ]]
    [[ $(<"$T/out/kernel/x86/microcode/A.bin") == code && $(stat -c %Y "$T/out/d") == 0 ]]
    extract "$T/image" d/b
    prints
    [[ $(find "$T/here" -mindepth 1 -printf '%P ') == "d d/b " ]]
    extract -D "$T/no/where" "$T/image"
    refused "No such file"
}

@test "extraction: the umask is for the directory of -D alone" {
    image "archive(entry('a', REG | 0o666), entry('d/b', REG | 0o664))"
    for it in 077=700 027=750 0=777; do
        (umask "${it%=*}" && extract -D "$T/$it" "$T/image" && prints)
        [[ $(cd "$T/$it" && stat -c %a . a d d/b | xargs) == "${it#*=} 666 755 664" ]]
    done
}

@test "extraction: hard links, nodes, and the tree that the restore makes" {
    image "archive($one, $two, entry('x', REG | 0o644, b'', nlink=2, ino=9),
        entry('y', REG | 0o644, b'xy', nlink=2, ino=9),
        entry('n', CHR | 0o600, rdev=(1, 3)), entry('p', FIFO | 0o600))"
    extract -D "$T/out" "$T/image"
    prints
    "$RESTORE" -q -C "$T/restored" "$T/image"
    newc diff "$T/restored" "$T/out"
}

@test "extraction: files as new or newer stay; older ones are replaced, not written to" {
    mkdir "$T/here"
    image 'archive(entry("old", REG | 0o644, b"new\n", mtime=5000), entry("new", REG | 0o644, b"old\n", mtime=5000),
        entry("same", REG | 0o644, b"old\n", mtime=5000), entry("link", LNK | 0o777, b"old", mtime=5000))'
    for it in old same new link; do echo mine >"$T/here/$it"; done
    ln "$T/here/old" "$T/other"
    touch -d @4999 "$T/here/old" "$T/here/link"
    touch -d @5000 "$T/here/same"
    extract "$T/image"
    [[ $status == 0 && $(lines "$T/stderr") == 2 && $(grep -c 'not created: newer or same age' "$T/stderr") == 2 ]]
    [[ $(<"$T/here/old") == new && $(<"$T/here/new") == mine && $(<"$T/here/same") == mine ]]
    [[ $(<"$T/other") == mine && $(readlink "$T/here/link") == old ]]
}

@test "extraction: nothing outside of the directory" {
    mkdir "$T/outside"
    for it in ../escaped d/../../escaped ..; do
        image "archive(entry('ok', REG | 0o644, b'1'), entry('$it', REG | 0o644, b'1'))"
        rm -rf "$T/here"
        extract "$T/image"
        refused 'a name that leads out of the directory'
        [[ ! -e $T/escaped ]]
    done
    image "archive(entry('l', LNK | 0o777, b'$T/outside'), entry('l/f', REG | 0o644, b'1'),
        entry('..x', REG | 0o644, b'1'), entry('/abs', REG | 0o644, b'1'))"
    rm -rf "$T/here"
    extract "$T/image"
    [[ -z $(ls "$T/outside") && -e $T/here/..x && -e $T/here/abs && ! -e /abs ]]
}

@test "extraction: a name that is taken is a failure, and the rest is made" {
    mkdir -p "$T/here/a/full"
    image "archive($one)"
    extract "$T/image"
    refused 'cannot make a: something else is in the way'
    [[ $(<"$T/here/d/b") == b ]]
}

@test "extraction: a directory in the way of something else stays as it is" {
    mkdir -p "$T/here/p/full" "$T/here/l/full" "$T/here/empty"
    touch -d @7 "$T"/here/[pl]
    image 'archive(entry("p", FIFO | 0o600, uid=5, mtime=9), entry("l", LNK | 0o777, b"x", uid=5, mtime=9),
        entry("empty", FIFO | 0o600))'
    extract "$T/image"
    [[ $status == 1 && $(grep -c 'something else is in the way' "$T/stderr") == 2 ]]
    [[ $(stat -c '%a %u %Y' "$T"/here/[pl]) == $'755 0 7\n755 0 7' && -p $T/here/empty ]]
}

@test "an entry without a name makes nothing" {
    image 'archive(entry("", REG | 0o600, b"x"), entry("", DIR | 0o700), entry("a", REG | 0o644, b"a"))'
    extract -D "$T/out" "$T/image"
    prints
    [[ $(stat -c %a "$T/out") == 755 && $(<"$T/out/a") == a ]]
    extract --tar "$T/image"
    [[ $status == 0 && $(tar -tf "$T/stdout") == a ]]
}

@test "extraction by an ordinary user: no owners, no nodes, everything else" {
    image "archive(entry('.', DIR | 0o555), entry('ro', DIR | 0o555, uid=5), entry('ro/f', REG | 0o400, b'f', uid=5),
        entry('n', CHR | 0o600, rdev=(1, 3)), entry('b', BLK | 0o600, rdev=(1, 3)), entry('p', FIFO | 0o600))"
    mkdir "$T/user"
    cp "$EXTRACT" "$T/program"
    chmod 755 "$T" "$T/program"
    chown 65534:65534 "$T/user"
    setpriv --reuid=65534 --regid=65534 --clear-groups "$T/program" -D "$T/user" "$T/image" 2>"$T/stderr"
    [[ $(lines "$T/stderr") == 1 && $(<"$T/stderr") == *"only root can make them: 2" ]]
    (cd "$T/user" && find . -printf '%p %M %U\n' | LC_ALL=C sort) | sed 's/65534/nobody/' |
        diff <(printf '%s\n' '. drwxr-xr-x nobody' './p prw------- nobody' \
        './ro drwxr-xr-x nobody' './ro/f -r-------- nobody') -
}

@test "damage: status 1, what and where" {
    image "$early + compress('zstd -15', archive($one))"
    head -c -3 "$T/image" >"$T/cut"
    for it in --list --to-stdout --test --examine "-D $T/out"; do
        # shellcheck disable=SC2086 # words
        extract $it "$T/cut"
        refused "$T/cut: offset [0-9]*: "
    done
    image "archive(entry('sum', REG | 0o644, b'data', magic='070702', check=1))"
    for it in --to-stdout --test "-D $T/out2"; do
        # shellcheck disable=SC2086 # words
        extract $it "$T/image"
        refused 'the checksum of a file does not match'
    done
    echo "no image at all" >"$T/image"
    extract --list "$T/image"
    refused "$T/image: offset 0: bytes of no known format"
    image "$early + b'no image at all'"
    extract --list "$T/image"
    refused 'bytes of no known format'
    head -c 1024 /dev/zero >"$T/image"
    extract --list "$T/image"
    [[ $status == 1 ]]
    extract --list "$T/nowhere"
    refused 'nowhere: No such file or directory'
    extract --list "$T"
    [[ $status == 1 ]]
    : >"$T/image"
    for it in --list --to-stdout ''; do
        # shellcheck disable=SC2086 # words
        extract $it "$T/image"
        prints
    done
    extract --test "$T/image"
    refused 'nothing to restore in it'
    restore -C "$T/out3" "$T/image"
    [[ $status == 1 ]]
}

@test "extraction by an ordinary user: files keep their set-ID bits" {
    files='archive(entry("u", REG | 0o4755, b"u"), entry("g", REG | 0o2755, b"g"), entry("big", REG | 0o6711, bytes(300000)),
        entry("h", REG | 0o4700, ino=3, nlink=2), entry("i", REG | 0o4700, b"i", ino=3, nlink=2))'
    image "$files"
    cp "$T/image" "$T/plain"
    image "compress('gzip', $files)"
    mkdir -m 777 "$T/user"
    cp "$EXTRACT" "$T/program"
    chmod 755 "$T" "$T/program"
    for it in plain image; do
        setpriv --reuid=65534 --regid=65534 --clear-groups "$T/program" -D "$T/user/$it" "$T/$it"
        [[ $(cd "$T/user/$it" && stat -c '%n %a' -- *) == $'big 6711\ng 2755\nh 4700\ni 4700\nu 4755' ]]
    done
}

@test "--test: an image without a main part has nothing to restore" {
    image "$early"
    extract --test "$T/image"
    [[ $status == 1 ]]
}

@test "--examine, --raw and --json" {
    image "pad($early, 512) + archive($one) + compress('gzip', archive($two))"
    extract --raw "$T/image"
    [[ $status == 0 ]]
    [[ $(cut -f 1,4,5,7 "$T/stdout") == $'1\tnewc\tearly\t6\n2\tnewc\tmain\t4\n3\tgzip\tmain\t4' ]]
    [[ $(tail -n 1 "$T/stdout" | cut -f 3) == "$(stat -c %s "$T/image")" ]]
    [[ $(tail -n 1 "$T/stdout" | cut -f 6) == "$(newc image "archive($two)" | wc -c)" ]]
    cp "$T/stdout" "$T/raw"
    extract --examine "$T/image"
    [[ $(awk '{ print NF }' "$T/stdout" | sort -u) == 8 ]]
    [[ $(tail -n +2 "$T/stdout" | awk -v OFS='\t' '{ $1 = $1 } 1') == "$(<"$T/raw")" ]]
    extract --json "$T/image"
    python3 -c 'import json, sys
for part in json.load(sys.stdin)["parts"]: print(*part.values(), sep="\t")' <"$T/stdout" | diff "$T/raw" -
    extract --raw --parts 3 "$T/image" 'd*'
    [[ $(cut -f 1,4,7 "$T/stdout") == $'3\tgzip\t2' ]]
}

@test "a unified kernel image" {
    stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
    [[ -e $stub ]] || skip "needs systemd's stub"
    image "$early + compress('zstd -15', archive($one))"
    python3 "$tests/lib/uki.py" "$T/uki.efi" "$stub" ".linux=$stub" ".initrd=$T/image"
    extract --list --parts 2 "$T/uki.efi"
    prints . a d d/b
    extract -s "$T/uki.efi" a
    prints first
}

@test "standard streams that the caller has closed" {
    image "$early + compress('gzip', archive($one))"
    for closed in '<&-' '2>&-' '<&- 2>&-'; do
        [[ $(eval "$EXTRACT --list --parts 2 $T/image $closed") == $'.\na\nd\nd/b' ]]
        [[ $(eval "$EXTRACT --to-stdout $T/image a $closed") == first ]]
    done
    for closed in '>&-' '2>&-' '<&- >&- 2>&-'; do
        eval "$EXTRACT -D $T/out --parts 2 $T/image $closed"
        eval "$EXTRACT --test $T/image $closed"
        [[ $(<"$T/out/a") == first && $(<"$T/out/d/b") == b ]]
        rm -r "$T/out"
    done
    status=0
    "$EXTRACT" --list "$T/image" >&- 2>"$T/stderr" || status=$?
    refused 'standard output: Bad file descriptor'
}

@test "an abbreviation that dracut's program takes" {
    image "$early + archive($one)"
    extract --p 2 --l "$T/image"
    prints . a d d/b
    extract --t --verb "$T/image" a
    prints first
    extract --di out --par=2 "$T/image"
    [[ $(<"$T/here/out/a") == first ]]
}

@test "usage, --help, --debug, and output that fails" {
    extract
    [[ $status == 2 && ! -s $T/stdout && $(<"$T/stderr") == Usage:* ]]
    for it in --nonsense "--test --list" "--examine --test" -D; do
        # shellcheck disable=SC2086 # words
        extract $it
        [[ $status == 2 && ! -s $T/stdout && -s $T/stderr ]]
    done
    for it in -h --help; do
        extract $it
        [[ $status == 0 && ! -s $T/stderr && $(<"$T/stdout") == Usage:* ]]
    done
    image "$early + archive($one)"
    extract --debug --parts 2 --list "$T/image"
    [[ $status == 0 && $(<"$T/stdout") == $'.\na\nd\nd/b' && -s $T/stderr ]]
    for it in --list --to-stdout --examine; do
        status=0
        "$EXTRACT" $it "$T/image" >/dev/full 2>"$T/stderr" || status=$?
        refused 'standard output: No space left'
    done
    mkdir "$T/small"
    mount -t tmpfs -o size=64k tmpfs "$T/small"
    image 'archive(entry("f", REG | 0o644, bytes(200000)))'
    extract -D "$T/small" "$T/image"
    refused 'bytes are not written: No space left'
}
