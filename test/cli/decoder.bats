#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The decoder's process: what it may do, and what happens if it does something else (test/fault/rogue.c).

load common

# The rogue program is built beside the real one. (RESTORE is set by common.bash.)
# shellcheck disable=SC2153
ROGUE_PROGRAM=${RESTORE%/restore/*}/test/fault/rogue

setup() {
    T=$(mktemp -d -p /dev/shm restore-test.XXXXXX)
    printf '\x1f\x8b\x08 no gzip data at all' >"$T/image"
    echo precious >"$T/target"
    mkdir -p "$T/here" "$T/out"
    newc manifest --ignore=mtime "$T/out" >"$T/before"
    (cd "$T" && find . -path ./out -prune -o -mindepth 1 -printf '%p %y %m %U %G %s %T@ %C@\n' | sort) >"$T.all"
}

teardown() {
    rm -rf --one-file-system "$T" "$T".*
}

# misbehave CASE [SECONDS]: restore with a decoder that misbehaves so
misbehave() {
    status=0
    (cd "$T/here" && ROGUE=$1 ROGUE_TARGET=$T/target timeout -s KILL "${2-20}" \
        "$ROGUE_PROGRAM" -C "$T/out" "$T/image" >"$T.said" 2>&1) || status=$?
    said=$(<"$T.said")
}

# Nothing in DIR or beside it has changed, and one line says why.
contained() {
    echo "$said"
    [[ $status == 1 ]]
    [[ $said == "rogue: $T/image: offset "+([0-9])": "* && $(wc -l <<<"$said") == 1 ]]
    grep -Eq -- "$1" <<<"$said"
    newc manifest --ignore=mtime "$T/out" | diff -u "$T/before" -
    (cd "$T" && find . -path ./out -prune -o -mindepth 1 -printf '%p %y %m %U %G %s %T@ %C@\n' | sort) | diff -u "$T.all" -
    [[ $(<"$T/target") == precious && -z $(ls -A "$T/here") ]]
}

each() {
    local pattern=$1 case
    shift
    for case; do
        misbehave "$case"
        echo "case $case"
        contained "$pattern"
    done
}

@test "a rogue decoder that behaves is believed" {
    misbehave good
    [[ $status == 0 && -f $T/out/file ]]
}

@test "calls that a decoder does not need: killed" {
    each 'killed by signal 31' write pwrite open create openat2 unlink rename chmod fork vfork exec kill ptrace poke \
        mount socket ioctl prctl setuid unshare bpf io_uring execmem mprotect
}

@test "calls of the machine's other system call tables: killed" {
    [[ $(uname -m) == x86_64 ]] || skip "x86-64 has several"
    each 'killed by signal 31' call32 x32
}

@test "writing beyond the ring, and over its control words" {
    each 'killed by signal 11' overrun
    each 'impossible block|no newc magic|is not eight hexadecimal' words
}

@test "false lengths" {
    each 'impossible block' long longest
}

@test "false ends" {
    each 'impossible end' end_beyond end_before end_far no_end
    each . nothing
}

@test "error numbers that have another meaning in the unpacker" {
    each 'nodata: Input/output error' nodata
    each 'nospace: Input/output error' nospace
}

@test "a reason that is not text" {
    each 'offset [0-9]+: (\\x1b)+$' reason
}

@test "blocks out of order are taken in order" {
    misbehave reverse
    [[ $status == 0 && -f $T/out/file ]]
}

@test "blocks that change while they are read" {
    for _ in {1..10}; do
        misbehave change
        [[ $status == [01] && $(wc -l <<<"$said") -le 2 ]]
        [[ $(<"$T/target") == precious && -z $(ls -A "$T/here") ]]
        find "$T/out" -mindepth 1 ! -path "$T/out/etc*" -delete
    done
}

@test "a decoder that dies" {
    each 'exited unexpectedly' exit thread_exit
    each 'killed by signal 11' crash stack
    each 'killed by signal (6|31)' abort memory
}

@test "a decoder that stops, hangs or spins" {
    for case in sleep half spin; do
        status=0
        ROGUE=$case nice timeout -s KILL 300 "$ROGUE_PROGRAM-hasty" -C "$T/out-$case" "$T/image" >"$T.$case" 2>&1 || status=$?
        [[ $status == 1 ]]
        grep -q '^rogue-hasty: .*: the decoder hangs$' "$T.$case"
        [[ ! -e $T/out-$case ]]
    done
}

@test "a decoder that never ends: the restore can be killed, and no shutdown is left" {
    for case in zeros entries; do
        misbehave "$case" 1
        [[ $status == 137 && ! -e $T/out/shutdown ]]
        [[ -z $(pgrep -f "rogue -C $T/out") ]]
        misbehave good
        [[ $status == 0 && -f $T/out/file && ! -e $T/out/shutdown ]]
        rm "$T/out/file"
    done
}

# hold_decoder IMAGE...: hold a restore at its first name while its $decoder fills the ring. $REFUSED is a call that fails,
# and how, as for strace
hold_decoder() {
    rm -rf "$T/out" # where it is missing, the first name is the image's
    hold openat2 1 "$RESTORE" -C "$T/out" "$@" 7<"$T/target" 9<"$T/target" >"$T.said" 2>&1
    until decoder=$(pgrep -P "$held") && grep -q '^Seccomp:.*2' "/proc/$decoder/status"; do
        kill -0 "$held"
        sleep 0.01
    done
}

# look_at_decoder IMAGE...: the same, then let it go on: the decoder's $status, $limits, $fds and $threads, and the
# $parent's status
look_at_decoder() {
    hold_decoder "$@"
    status=$(<"/proc/$decoder/status")
    limits=$(<"/proc/$decoder/limits")
    parent=$(<"/proc/$held/status")
    fds=$(for fd in "/proc/$decoder/fd"/*; do readlink "$fd"; done | sort)
    threads=$(for task in "/proc/$decoder/task"/*/status; do grep '^Seccomp:' "$task"; done | sort -u)
    release || { echo "exit $?"; cat "$T.said"; return 1; }
}

@test "/proc/PID/status of a decoder at work: no capabilities, a filter, no new privileges; its descriptors" {
    newc image "compress('xz -T0', archive(entry('a', data=__import__('os').urandom(4 << 20))))" >"$T/image"
    look_at_decoder "$T/image"
    echo "$status" | grep -E '^(Cap|NoNewPrivs|Seccomp|Threads)'
    echo "$fds"
    for set in CapInh CapPrm CapEff CapAmb; do
        grep -Eq "^$set:[[:space:]]+0+$" <<<"$status"
    done
    grep -Eq '^NoNewPrivs:[[:space:]]+1$' <<<"$status"
    grep -Eq '^Seccomp:[[:space:]]+2$' <<<"$status"
    [[ $threads == *2 && $(wc -l <<<"$threads") == 1 ]]
    [[ $fds == "$T/image" ]]
}

@test "the unpacker keeps the capabilities for owners, modes, nodes, labels and mounts, and no others for its children" {
    newc image "compress('zstd -15', archive(entry('b', data='x')))" >"$T/image"
    look_at_decoder "$T/image"
    echo "$parent" | grep ^Cap
    # chown, dac_override, dac_read_search, fowner, fsetid, setpcap, sys_chroot, sys_admin, mknod, setfcap, mac_admin
    for set in CapPrm CapEff CapBnd; do
        held=0x$(awk "/^$set:/ { print \$2 }" <<<"$parent")
        (((held & ~0x28824011f) == 0))
    done
}

@test "several images: the descriptors of all of them and no others" {
    newc image "archive(entry('a'))" >"$T/first"
    newc image "compress('zstd -15', archive(entry('b', data='x')))" >"$T/second"
    look_at_decoder "$T/second" "$T/first"
    [[ $fds == "$T/first"$'\n'"$T/second" ]]
    [[ -f $T/out/a && -f $T/out/b ]]
}

@test "without close_range (Linux before 5.9, a container's profile): the descriptors of all of them and no others" {
    newc image "archive(entry('a'))" >"$T/first"
    newc image "compress('zstd -15', archive(entry('b', data='x')))" >"$T/second"
    ulimit -Sn 1000 # each is closed by itself
    for error in ENOSYS EPERM; do
        REFUSED=close_range:error=$error look_at_decoder "$T/second" "$T/first"
        [[ $fds == "$T/first"$'\n'"$T/second" ]]
        [[ -f $T/out/a && $(<"$T/out/b") == x ]]
        rm -r "$T/out"
    done
}

@test "SIGSTOP and SIGCONT while the decoder waits" {
    newc image "compress('lz4 -l', archive(entry('a', data=bytes(64 << 20))))" >"$T/image"
    hold_decoder "$T/image"
    for _ in {1..20}; do
        kill -STOP "$decoder"
        sleep 0.01
        kill -CONT "$decoder"
        sleep 0.01
    done
    release
    [[ $(stat -c %s "$T/out/a") == $((64 << 20)) ]]
}

@test "a kernel without seccomp: the restore goes on, and says so with -v" {
    newc image "compress('zstd -15', archive(entry('b', data='x')))" >"$T/image"
    for error in ENOSYS EINVAL; do
        strace -f -qq -o /dev/null -e trace=seccomp -e inject=seccomp:error=$error \
            "$RESTORE" -v -C "$T/$error" "$T/image" >"$T.said" 2>&1
        cat "$T.said"
        grep -q 'no seccomp' "$T.said"
        [[ -f $T/$error/b ]]
    done
    "$RESTORE" -v -C "$T/filtered" "$T/image" >"$T.said" 2>&1
    [[ $(grep -c seccomp "$T.said") == 0 ]]
}

@test "a filter that fails for any other reason: nothing is decoded" {
    newc image "compress('zstd -15', archive(entry('b', data='x')))" >"$T/image"
    for inject in ENOMEM EPERM EACCES ENOSYS:when=2 EINVAL:when=2; do # the second call is the one with the filter
        status=0
        strace -f -qq -o /dev/null -e trace=seccomp -e inject=seccomp:error=$inject \
            "$RESTORE" -C "$T/failed" "$T/image" >"$T.said" 2>&1 || status=$?
        cat "$T.said"
        [[ $status == 1 && ! -e $T/failed && $(wc -l <"$T.said") == 1 ]]
        grep -q 'the decoder cannot be confined' "$T.said"
    done
}

@test "a decoder's limits: no file, no core, and memory for the largest window" {
    newc image "compress('xz -T0', archive(entry('a', data=__import__('os').urandom(4 << 20))))" >"$T/image"
    look_at_decoder "$T/image"
    echo "$limits"
    [[ $(awk '/^Max core file size/ { print $5, $6 }' <<<"$limits") == "0 0" ]]
    [[ $(awk '/^Max file size/ { print $4, $5 }' <<<"$limits") == "0 0" ]]
    read -r soft hard <<<"$(awk '/^Max address space/ { print $4, $5 }' <<<"$limits")"
    [[ $soft == "$hard" ]]
    ((soft > 256 << 20 && soft < 4 << 30))
}
