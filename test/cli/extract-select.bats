#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# dracut-extractinitrd: which entries, under which names, of which files.

load common
load fixture-extract

@test "--exclude: whole names, and what is below" {
    image "$early + archive($one) + compress('gzip', archive($two))"
    extract -l -x 'kernel' --exclude='d' "$T/image"
    prints . early_cpio . a . l
    extract -l -x '*/b' -P 2 "$T/image"
    prints . a d
    extract -l "$T/image" 'd*' -x d/c
    prints d d/b d
    extract -D "$T/out" -x kernel -x early_cpio -x /d "$T/image"
    prints
    [[ $(cd "$T/out" && echo *) == "a l" ]]
}

@test "--strip-components: in trees, lists and contents; shorter names are left out" {
    image 'archive(entry("./usr/lib/x", REG | 0o644, b"x\n"), entry("/usr/lib//y", REG | 0o644, b"y\n"),
        entry("usr", DIR | 0o755), entry("usr/lib", DIR | 0o755), entry("z", REG | 0o644), entry("usr/..", DIR | 0o755),
        entry("usr/l", LNK | 0o777, b"lib/x"))'
    extract -l --strip-components=1 "$T/image" -x '*..'
    prints lib/x lib//y lib l
    extract -l --strip-components 2 "$T/image"
    prints x y
    extract --to-stdout --strip-components 0 "$T/image" './usr/lib/x'
    prints x
    extract -D "$T/out" --strip-components 2 "$T/image"
    prints
    [[ $(cd "$T/out" && echo *) == "x y" ]]
    extract --strip-components 1 -D "$T/out2" "$T/image"
    refused 'a name that leads out of the directory'
    for it in '' x -1 1x 99999999999999999999; do
        extract -l --strip-components="$it" "$T/image"
        refused "invalid --strip-components: '$it'" 2
    done
}

@test "--subdir: a folder for each part, by the part's number" {
    image "$early + archive($one) + compress('gzip', archive($two))"
    extract -D "$T/out" --subdir part -P 2- "$T/image"
    prints
    [[ $(cd "$T/out" && find . | LC_ALL=C sort | tr '\n' ' ') == \
        ". ./part2 ./part2/a ./part2/d ./part2/d/b ./part3 ./part3/d ./part3/d/c ./part3/l " ]]
    [[ $(stat -c %Y "$T/out/part2") == 0 ]] # the directory is the part's own `.`
    extract -l --subdir=p --strip-components=1 "$T/image"
    prints p1/x86 p1/x86/microcode p1/x86/microcode/A.bin p2/b p3/c
    for it in '' a/b .. "$(printf 'x%.0s' {1..250})"; do
        [[ $it == .. ]] || { extract -l --subdir="$it" "$T/image"; refused "invalid --subdir" 2; }
    done
    image 'archive(entry("/".join(["n" * 200] * 20), REG | 0o644))'
    extract -l --subdir "$(printf 'x%.0s' {1..100})" "$T/image"
    refused 'a name that is too long'
}

@test "a hard link has its data whichever name is selected" {
    image 'archive(entry("first", REG | 0o644, b"", nlink=3, ino=9), entry("second", REG | 0o644, b"", nlink=3, ino=9),
        entry("last", REG | 0o644, b"data\n", nlink=3, ino=9, mtime=77), entry("other", REG | 0o644, b"o\n", nlink=2, ino=10))'
    for it in first second last; do
        extract -D "$T/$it" "$T/image" $it
        prints
        extract --to-stdout "$T/image" $it other
        prints data o
        [[ $(cd "$T/$it" && echo *) == "$it" && $(<"$T/$it/$it") == data && $(stat -c %Y "$T/$it/$it") == 77 ]]
    done
    extract --to-stdout "$T/image"
    prints data o
    extract -D "$T/two" -x last "$T/image"
    prints
    [[ $(<"$T/two/first") == data && $(stat -c %h "$T/two/second") == 2 ]]
    (mkdir "$T/gnu" && cd "$T/gnu" && cpio --quiet -idm first second other <"$T/image")
    newc diff --no-root "$T/gnu" "$T/two"
}

@test "several files are one image; each begins at a multiple of four" {
    image "$early + b'\0'"
    mv "$T/image" "$T/first"
    image "compress('gzip', archive($two))"
    extract -l "$T/first" -F "$T/image"
    prints "${early_names[@]}" . d d/c l
    extract -F "$T/image" --file="$T/first" -l "d*" kernel
    prints d d/c kernel
    extract -F "$T/image" -s -- d/c
    prints second
    extract --raw "$T/first" -F "$T/image"
    [[ $(cut -f 8 "$T/stdout") == "$T/first"$'\n'"$T/image" ]]
    extract -l "$T/first" -F "$T/nowhere"
    refused "nowhere: No such file"
}

@test "pipes and standard input, as far as memory allows" {
    image "$early + compress('zstd -15', archive($one))"
    extract -l - <"$T/image"
    prints "${early_names[@]}" . a d d/b
    # shellcheck disable=SC2002 # a pipe it is
    cat "$T/image" | (extract -P 2 -l -; prints . a d d/b)
    extract -l -P 2 <(cat "$T/image")
    prints . a d d/b
    mkfifo "$T/fifo"
    cat "$T/image" >"$T/fifo" &
    extract -D "$T/out" "$T/fifo" a
    prints
    [[ $(<"$T/out/a") == first ]]
    { head -c 4 >"$T/read" && extract -l -P 2 -; } < <(head -c 4 /dev/zero; cat "$T/image")
    prints . a d d/b
    { dd bs=4 count=1 status=none of="$T/read"; extract -l -P 2 -; } < <(head -c 4 /dev/zero; cat "$T/image")
    prints . a d d/b
    # a regular file that was partly read already
    { head -c 4 /dev/zero; cat "$T/image"; } >"$T/shifted"
    { dd bs=4 count=1 status=none of="$T/read"; extract -l -P 2 -; } <"$T/shifted"
    prints . a d d/b
    head -c 2 "$T/image" | (extract -l -; refused 'standard input: offset 0: ')
    true | (extract -l -; prints)
    extract -l - <&-
    refused 'standard input: Bad file descriptor'
    head -c 1200000000 /dev/zero | (extract -l -
        refused 'standard input: a pipe with more than [0-9]* MiB: write it to a file')
}

@test "--profile: a unified kernel image's other initrds; addons; --examine lists both" {
    stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
    [[ -e $stub ]] || skip "needs systemd's stub"
    image "archive($one)"
    mv "$T/image" "$T/first"
    image "archive($two)"
    printf 'ID=main\nTITLE="The first"\n' >"$T/main"
    printf 'ID=other\nTITLE="A \\"quote\\" and\ttab"\n' >"$T/other"
    echo 6.1.0-9-test >"$T/uname"
    python3 "$tests/lib/uki.py" "$T/uki.efi" "$stub" ".linux=$stub" ".uname=$T/uname" ".initrd=$T/first" \
        ".profile=$T/main" ".profile=$T/other" ".initrd=$T/image"
    mkdir "$T/uki.efi.extra.d"
    python3 "$tests/lib/uki.py" "$T/uki.efi.extra.d/x.addon.efi" "$stub" ".initrd=$T/image"
    extract -l "$T/uki.efi"
    prints . a d d/b
    for it in 1 other OTHER; do
        extract -l "$T/uki.efi" --profile=$it
        prints . d d/c l
    done
    extract -l "$T/uki.efi" --profile third
    refused 'uki.efi: it lacks the wanted profile'
    extract -l "$T/uki.efi" -F "$T/uki.efi.extra.d/x.addon.efi"
    prints . a d d/b . d d/c l
    extract --raw "$T/uki.efi"
    [[ $status == 0 && ! -s $T/stderr ]]
    grep -P "\tuki.efi\[.initrd\]$|\Q$T\E/uki.efi\[.initrd\]$" "$T/stdout"
    diff <(tail -n +2 "$T/stdout") - <<END
profile	0	main	The first	6.1.0-9-test	.initrd	$T/uki.efi
profile	1	other	$(python3 -c 'print("A \\\"quote\\\" and\\x09tab")')	6.1.0-9-test	.initrd@1	$T/uki.efi
addon	0	-	-	-	.initrd	$T/uki.efi.extra.d/x.addon.efi
END
    cp "$T/stdout" "$T/raw"
    extract --json "$T/uki.efi"
    python3 -c 'import json, sys
all = json.load(sys.stdin)
for row in all["parts"] + all["ukis"]: print(*("-" if v is None else v for v in row.values()), sep="\t")' \
        <"$T/stdout" | diff "$T/raw" -
    extract --examine "$T/uki.efi"
    [[ $status == 0 && $(grep -c '^profile ' "$T/stdout") == 2 && $(grep -c '^addon ' "$T/stdout") == 1 ]]
    extract --json - <"$T/uki.efi"
    [[ $status == 0 && $(<"$T/stdout") == *'"file":"-"'* ]]
}
