# SPDX-License-Identifier: LGPL-2.1-or-later
# What the suites of dracut-extractinitrd share.

[[ ${BUILD-} == /* ]] || BUILD=$(realpath "${BUILD:-$tests/../build}")
EXTRACT=$BUILD/extract/dracut-extractinitrd

# extract ARGUMENT...: run it in $T/here, as restore() runs the other program
extract() {
    status=0
    [[ -d $T/here ]] || mkdir "$T/here"
    (cd "$T/here" && timeout -s KILL 300 "$EXTRACT" "$@") >"$T/stdout" 2>"$T/stderr" || status=$?
}

# prints LINE...: the last run succeeded, silently but for these lines on stdout
prints() {
    [[ $status == 0 && ! -s $T/stderr ]] || { echo "exit $status: $(<"$T/stderr")"; return 1; }
    local expected='' text
    [[ $# == 0 ]] || printf -v expected '%s\n' "$@"
    ! IFS= read -rd '' text <"$T/stdout" && [[ $text == "$expected" ]] || diff -u <(printf %s "$expected") "$T/stdout"
}

# refused PATTERN [STATUS]: the last run failed with one line on stderr
refused() {
    [[ $status == "${2-1}" && $(lines "$T/stderr") == 1 ]] || { echo "exit $status: $(<"$T/stderr")"; return 1; }
    grep -q -- "$1" "$T/stderr" || { cat "$T/stderr"; return 1; }
}

one='entry(".", DIR | 0o755), entry("a", REG | 0o644, b"first\n", mtime=1000), entry("d", DIR | 0o755),
    entry("d/b", REG | 0o600, b"b\n")'
two='entry(".", DIR | 0o755), entry("d", DIR | 0o755), entry("d/c", REG | 0o644, b"second\n"),
    entry("l", LNK | 0o777, b"d/c")'
kernel='entry("kernel", DIR | 0o755), entry("kernel/x86", DIR | 0o755), entry("kernel/x86/microcode", DIR | 0o755),
    entry("kernel/x86/microcode/A.bin", REG | 0o644, b"code\n")'
early="archive(entry('.', DIR | 0o755), entry('early_cpio', REG | 0o644, b'1\\n'), $kernel)"
early_names=(. early_cpio kernel kernel/x86 kernel/x86/microcode kernel/x86/microcode/A.bin)
