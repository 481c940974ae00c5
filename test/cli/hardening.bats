#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The programs are built with the compiler's and linker's hardening.

load common

# has PATTERN READELF-OPTION...: both programs show it
has() {
    local pattern=$1 program
    shift
    for program in "$RESTORE" "$SKIPCPIO"; do
        readelf -W "$@" "$program" | grep -Eq -- "$pattern" || { echo "$program: no $pattern"; return 1; }
    done
}

has_not() {
    local pattern=$1 program
    shift
    for program in "$RESTORE" "$SKIPCPIO"; do
        [[ -z $(readelf -W "$@" "$program" | grep -E -- "$pattern") ]] || { echo "$program: $pattern"; return 1; }
    done
}

# Sanitizers and coverage are built without these.
instrumented() {
    readelf -W --dyn-syms "$RESTORE" | grep -Eq '__asan_|__ubsan_|__tsan_|__msan_'
}

@test "position independent" {
    has 'Type: +DYN' -h
    has 'FLAGS_1.*\bPIE\b' -d
}

@test "read-only relocations" {
    ! instrumented || skip "built with a sanitizer"
    has 'GNU_RELRO' -l
    has 'BIND_NOW|FLAGS_1.*\bNOW\b' -d
}

@test "no executable stack, no memory both writable and executable, no text relocations" {
    has 'GNU_STACK .* RW ' -l
    has_not 'LOAD .* RWE ' -l
    has_not 'TEXTREL' -d
}

@test "stack protector" {
    ! instrumented || skip "built with a sanitizer"
    has '__stack_chk_fail' --dyn-syms
}

@test "calls checked by the C library (_FORTIFY_SOURCE)" {
    ! instrumented || skip "built with a sanitizer"
    has '__(f|v|s|vs|fd)?n?printf_chk|__(mem|str)[a-z]+_chk|__read_chk|__pread_chk' --dyn-syms
}

@test "control-flow enforcement" {
    ! instrumented || skip "built with a sanitizer"
    # The linker's note is there only if the C library was built with it as well, so look for the instructions.
    case $(uname -m) in
    x86_64) mark=endbr64 ;;
    aarch64) mark='bti|paciasp' ;;
    *) skip "not on this machine" ;;
    esac
    # skipcpio has a dozen functions that are called by address.
    [[ $(objdump -d --no-show-raw-insn "$RESTORE" | grep -Ec "\b($mark)\b") -gt 100 ]]
    [[ $(objdump -d --no-show-raw-insn "$SKIPCPIO" | grep -Ec "\b($mark)\b") -gt 8 ]]
}

@test "no RPATH" {
    has_not 'RPATH|RUNPATH' -d
}

@test "no setuid bit and no code for it" {
    [[ ! -u $RESTORE && ! -g $RESTORE && ! -u $SKIPCPIO && ! -g $SKIPCPIO ]]
}
