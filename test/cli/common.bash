# SPDX-License-Identifier: LGPL-2.1-or-later
# What the bats files share. RESTORE and SKIPCPIO name the programs; $T is a fresh directory on a tmpfs.

tests=${BATS_TEST_DIRNAME%/*}
[[ ${RESTORE-} == /* ]] || RESTORE=$(realpath "${RESTORE:-$tests/../build/restore/dracut-initramfs-restore}")
[[ ${SKIPCPIO-} == /* ]] || SKIPCPIO=$(realpath "${SKIPCPIO:-$tests/../build/skipcpio/skipcpio}")
export RESTORE SKIPCPIO PYTHONPYCACHEPREFIX=${BUILD:-$tests/../build}/test/pycache

setup() {
    T=$(mktemp -d -p /dev/shm restore-test.XXXXXX)
}

# Unmount what a restore has mounted below $T.
unmount_all() {
    local mounts
    mapfile -d '' mounts </proc/self/mountinfo
    [[ ${mounts[*]} == *" $T/"* ]] || return 0
    mapfile -t mounts < <(awk -v top="$T/" 'index($5, top) == 1 { print $5 }' /proc/self/mountinfo | tac)
    umount --lazy "${mounts[@]}"
}

teardown() {
    unmount_all
    rm -rf --one-file-system "$T"
}

newc() {
    # Compiled once for all tests.
    python3 -IS -X "pycache_prefix=$PYTHONPYCACHEPREFIX" -c '
import sys
sys.path.insert(0, sys.argv[1])
import newc
sys.exit(newc.main(*sys.argv[2:]))' "$tests/lib" "$@"
}

# image EXPRESSION...: write $T/image, from expressions of test/lib/newc.py
image() {
    newc image "$@" >"$T/image"
}

# Run the program. Leaves its exit status in $status, what it said in $T/stdout, $T/stderr and, whatever the
# stream, in $said; and checks what holds for every line that it ever says.
restore() {
    local text
    status=0 said=
    timeout -s KILL 300 "$RESTORE" "$@" >"$T/stdout" 2>"$T/stderr" || status=$?
    for text in "$T/stdout" "$T/stderr"; do
        if IFS= read -rd '' text <"$text"; then return 1; fi # up to a NUL
        well_formed "$text" || return
        said+=$text
    done
    said=${said%$'\n'}
}

# well_formed TEXT: it is nothing or whole lines, in UTF-8, without control characters
well_formed() {
    local LC_ALL=C
    [[ -z $1 || $1 == *$'\n' && $1 != *[$'\x01'-$'\x08'$'\x0b'-$'\x1f'$'\x7f']* ]] || return
    [[ $1 != *[$'\x80'-$'\xff']* ]] || iconv -f UTF-8 -t UTF-8 <<<"$1" >/dev/null
}

# ends STATUS COMMAND...: it exits so. Leaves what it wrote in $output and $stderr, their lines in $lines and $stderr_lines;
# bats knows that of itself only since 1.5.
ends() {
    local status=0
    "${@:2}" >"$T/stdout" 2>"$T/stderr" || status=$?
    output=$(<"$T/stdout") stderr=$(<"$T/stderr")
    mapfile -t lines <"$T/stdout"
    mapfile -t stderr_lines <"$T/stderr"
    [[ $status == "$1" ]] || { echo "exit $status: $output $stderr"; return 1; }
}

# hold CALL N COMMAND...: run it in the background, up to its Nth such call: $held, which waits there for `release`, or
# with HOLD=exit when the call is done
hold() {
    strace -D -f -o "$T/held" -e trace="$1${REFUSED:+,${REFUSED%%:*}}" -e inject="$1:delay_${HOLD:-enter}=60s:when=$2" \
        ${REFUSED:+-e "inject=$REFUSED"} "${@:3}" 3>&- &
    held=$!
    until [[ $(grep -cs "$1(" "$T/held") -ge $2 ]]; do
        kill -0 "$held"
        sleep 0.01
    done
}

# release: let what is held go on, wait for its end, and return its exit status
release() {
    local tracer
    tracer=$(awk '/^TracerPid:/ { print $2 }' "/proc/$held/status")
    ((tracer > 1)) || return
    kill -KILL "$tracer"
    wait "$held"
}

lines() {
    local lines
    mapfile lines <"$1"
    echo ${#lines[@]}
}

# The last run succeeded: one line on stdout, or with "warning" one more on stderr.
succeeded() {
    [[ $status == 0 ]] || { echo "exit $status: $said"; return 1; }
    [[ $(lines "$T/stdout") == 1 ]] || { echo "stdout: $said"; return 1; }
    [[ $(lines "$T/stderr") == "$([[ ${1-} == warning ]] && echo 1 || echo 0)" ]] || { echo "stderr: $said"; return 1; }
}

# failed PATTERN [nowhere]: the last run failed. One line on stderr, which begins with the image's name and, where the
# failure is at a place in it, the offset, and has the PATTERN.
failed() {
    [[ $status == 1 ]] || { echo "exit $status: $said"; return 1; }
    [[ ! -s $T/stdout && $(lines "$T/stderr") == 1 ]] || { echo "not one line: $said"; return 1; }
    local where="dracut-initramfs-restore: $T/image: "
    [[ $said == "$where"* && (${2-} == nowhere || $said == "$where"offset\ +([0-9])": "*) ]] ||
        { echo "where? $said"; return 1; }
    grep -Eq -- "$1" <<<"$said" || { echo "no '$1': $said"; return 1; }
}

# tree LINE...: the tree in $T/out is this one, as `newc.py manifest --short` shows it.
tree() {
    newc expect "$T/out" "$@"
}

# restores LINE...: the image is restored, without a warning, to this tree.
restores() {
    restore -C "$T/out" "$T/image"
    succeeded
    tree "$@"
}

# refuses PATTERN [nowhere]: the image is not restored, and nothing is left of the try.
refuses() {
    rm -rf "$T/out"
    restore -C "$T/out" "$T/image"
    failed "$@"
    [[ ! -e $T/out && -z $(ls -d "$T"/.restore-* 2>/dev/null) ]]
}

# exitrd_root: in $T/root a system whose kernel 1 has a tiny image that can be pivoted into
exitrd_root() {
    [[ -x /bin/busybox ]] || skip "needs a shell without libraries"
    mkdir -p "$T/root/boot" "$T/root/run/initramfs"
    python3 - "$tests/lib" "$T/root/boot/initrd.img-1" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from newc import *
with open("/bin/busybox", "rb") as f:
    shell = f.read()
with open(sys.argv[2], "wb") as f:
    f.write(archive(entry(".", DIR | 0o755), entry("bin", DIR | 0o755), entry("bin/sh", REG | 0o755, shell),
                    entry("shutdown", REG | 0o755, b"#!/bin/sh\nexit 0\n")))
END
}
