#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where `make install` puts files, what an upgrade of dracut and `make uninstall` leave, whether the manual pages and
# completions have all options of the programs, and whether each file has its licence.

setup() {
    top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    T=$(mktemp -d)
    root=$T/root
    lib=$root/usr/lib/dracut
    BUILD=$(realpath "${BUILD:-$top/build}")
    mkdir -p "$lib"
}

teardown() {
    rm -rf "$T"
}

programs() {
    # shellcheck disable=SC2046 # a line each
    (cd "$top" && realpath $(make -s BUILD="$BUILD" programs))
}

# nothing is built here: the tested programs are there already
install_() {
    make -s -C "$top" BUILD="$BUILD" DESTDIR="$root" -o all "${@:-install}" >"$T/said" 2>&1 ||
        { cat "$T/said"; return 1; }
}

# Two names for each of lsinitrd's readers, so that each test covers all.
distribution() {
    mkdir -p "$root/usr/bin"
    rm -f "$lib/skipcpio" "$lib/extractinitrd" "$root/usr/bin/dracut-extractinitrd" # as a package manager replaces files
    for name in skipcpio extractinitrd dracut-initramfs-restore; do echo "$1" >"$lib/$name"; done
    echo "$1" >"$root/usr/bin/dracut-extractinitrd"
}

manifest() {
    (cd "$root" && find . -type f -exec sha256sum {} + -o -printf '%y %p %l\n' | sort -k 2)
}

options() {
    grep -oE -- '(^|[][ ,|])--?[[:alnum:]][[:alnum:]-]*' | grep -oE -- '--?[[:alnum:]-]+' | sort -u
}

# The options at the beginnings of --help's lines.
options_of_help() {
    "$1" --help | sed -nE 's/^Usage: //p; s/^ +(-.*)/ \1/p' | sed -E 's/(.)  .*/\1/' | options
}

options_of_manual() {
    MANWIDTH=200 mandoc -T ascii "$1" | col -bx | grep -E '^ {5}-' | sed -E 's/([^ ])   .*/\1/' | options
}

options_of_bash() {
    bash -c '
        . /usr/share/bash-completion/bash_completion
        . "$2"
        for cur in - --; do
            COMP_WORDS=("$1" "$cur") COMP_CWORD=1 COMP_LINE="$1 $cur" COMP_POINT=$((${#1} + 1 + ${#cur}))
            "_${1//-/_}" "$1" "$cur" "$1" 2>/dev/null
            printf "%s\n" "${COMPREPLY[@]%=}"
        done' options "$1" "$2" | grep . | sort -u
}

# The specifications themselves: zsh shows completions to a terminal only.
options_of_zsh() {
    zsh -fc '
        compdef() { }
        _arguments() { for spec; do
            [[ $spec == (-s|-S) ]] && continue
            spec=${spec#\(*\)}
            spec=${spec#\*}
            [[ $spec == -* ]] && print -- ${${${spec%%\[*}%=}%+}
        done }
        . "$1"' options "$1" | sort -u
}

options_of_fish() {
    HOME=$T name=$1 file=$2 fish -c '
        source $file
        for dash in - --
            complete -C "$name $dash"
        end' | cut -f 1 | grep -E -- '^-' | sed 's/=$//' | sort -u
}

@test "manual pages and completions have exactly each program's options" {
    [[ $(programs) == *dracut-initramfs-restore* ]]
    for program in $(programs); do
        name=${program##*/}
        options_of_help "$program" >"$T/help"
        [ -s "$T/help" ]
        options_of_manual "$top/man/$name.8.in" | diff -u "$T/help" -
        options_of_bash "$name" "$top/completion/$name.bash" | diff -u "$T/help" -
        options_of_zsh "$top/completion/$name.zsh" | diff -u "$T/help" -
        options_of_fish "$name" "$top/completion/$name.fish" | diff -u "$T/help" -
    done
}

@test "bash completes at a terminal" {
    mkdir -p "$T/here/folder" "$root/usr/share"
    touch "$T/here/image"
    install_
    cd "$T/here"
    run python3 "$top/test/lib/complete.py" "$root/usr/share/bash-completion/completions" \
        $'dracut-initramfs-restore --loc\t' $'dracut-initramfs-restore --dir\tf\t' $'dracut-initramfs-restore im\t' \
        $'skipcpio --l\ti\t'
    [ "$output" = "dracut-initramfs-restore --locate 
dracut-initramfs-restore --directory=folder/
dracut-initramfs-restore image 
skipcpio --list image " ]
}

@test "mandoc and man find no fault in the manual pages" {
    install_
    [ "$(find "$root" -path '*/man/*' -type f | wc -l)" -ge 3 ]
    find "$root" -path '*/man/*' -type f | while read -r page; do
        # The pages that it refers to need not be on this machine.
        mandoc -T lint "$page" 2>/dev/null | grep -v 'referenced manual not found' || :
        MANWIDTH=80 man --warnings -E UTF-8 -l -Z "$page" 2>&1 >/dev/null
        grep -Hn '@[a-z]*@' "$page" || :
    done >"$T/faults"
    diff /dev/null "$T/faults"
}

@test "at 80 columns each page has its whole title and its version" {
    install_
    version=$(sed -n 's/^VERSION := //p' "$top/Makefile")
    find "$root" -path '*/man/*' -type f >"$T/pages"
    while read -r page; do
        title=$(basename "$page" | sed -E 's/(.*)\.(.)/\U\1(\2)/')
        MANWIDTH=80 man -E UTF-8 -l "$page" >"$T/page"
        head -n 1 "$T/page" | grep -E "^${title//[()]/.} +[A-Z][^.]*[a-z] +${title//[()]/.}\$"
        # At the right is the same again, or with groff 1.23 and later the title.
        tail -n 1 "$T/page" | grep -E "^dracut-restore $version  .*  (dracut-restore $version|${title//[()]/.})\$"
    done <"$T/pages"
}

@test "each file has its licence, in itself or in REUSE.toml" {
    git -C "$top" rev-parse 2>/dev/null || skip "not a clone"
    cd "$top"
    mapfile -t exempt < <(sed -n 's/^    "\(.*\)",$/:!\1/p' REUSE.toml)
    [ "${#exempt[@]}" -gt 5 ]
    [ "$(git ls-files | grep -c '\.[ch]$')" -gt 50 ]
    git ls-files -z -- ':!LICENSES' "${exempt[@]}" |
        xargs -0 grep --files-without-match 'SPDX-License-Identifier: LGPL-2.1-or-later' >"$T/without" || :
    diff /dev/null "$T/without"
}

@test "one version" {
    version=$("$BUILD/restore/dracut-initramfs-restore" --version | sed 's/.*dracut-restore-\(.*\))/\1/')
    [ "$version" ]
    grep -q "^## \[$version\]" "$top/CHANGELOG.md"
    grep -qx "Version: *$version" "$top/packaging/rpm/dracut-restore.spec"
    grep -qx "pkgver=$version" "$top/packaging/arch/PKGBUILD"
    head -n 1 "$top/packaging/debian/changelog" | grep -q "^dracut-restore ($version-"
}

@test "uninstall leaves what was there before" {
    distribution old
    manifest >"$T/before"
    install_
    [ ! "$(manifest | diff "$T/before" - | grep -c .)" = 0 ]
    "$lib/skipcpio" --list "$BATS_TEST_DIRNAME/../fuzz/corpus/fuzz-parts/gzip"
    [ "$(<"$lib/skipcpio.distrib")" = old ]
    install_ # twice
    [ "$(<"$lib/skipcpio.distrib")" = old ]
    [ "$(<"$lib/dracut-initramfs-restore")" = old ]
    install_ uninstall
    find "$root" -depth -type d -empty -delete
    manifest | grep -v ^d | diff <(grep -v ^d "$T/before") -
}

@test "uninstall leaves nothing where nothing was" {
    install_
    install_ uninstall
    [ "$(find "$root" ! -type d)" = "" ]
}

@test "uninstall keeps what an upgrade of dracut wrote over ours" {
    distribution old
    install_
    distribution new
    install_ uninstall
    [ "$(<"$lib/skipcpio")" = new ]
    [ "$(<"$lib/extractinitrd")" = new ]
    [ "$(<"$root/usr/bin/dracut-extractinitrd")" = new ]
    [ "$(find "$root" -name '*.distrib')" = "" ]
}

@test "install after an upgrade of dracut keeps the newer file" {
    distribution old
    install_
    distribution new
    install_
    [ "$(<"$lib/skipcpio.distrib")" = new ]
    install_ uninstall
    [ "$(<"$lib/skipcpio")" = new ]
    [ "$(find "$root" -name '*.distrib')" = "" ]
}

@test "what version 1.0 put in dracut's place is removed" {
    distribution old
    mv "$lib/dracut-initramfs-restore" "$lib/dracut-initramfs-restore.distrib"
    cp "$BUILD/restore/dracut-initramfs-restore" "$lib/"
    install_
    [ "$(<"$lib/dracut-initramfs-restore")" = old ]
    [ ! -e "$lib/dracut-initramfs-restore.distrib" ]
}

@test "LSINITRD=no leaves dracut's own readers" {
    distribution old
    install_ install LSINITRD=no
    [ "$(<"$lib/skipcpio")" = old ]
    [ -x "$root/usr/libexec/dracut-restore/skipcpio" ]
}

# script NAME ARGUMENT: run a maintainer script as dpkg does
script() {
    DPKG_ROOT=$root DPKG_ADMINDIR=$root/var/lib/dpkg sh "$top/packaging/debian/$1" "$2" >/dev/null
}

@test "the Debian package after make install" {
    command -v dpkg-divert >/dev/null || skip "no dpkg"
    mkdir -p "$root/var/lib/dpkg/info"
    touch "$root/var/lib/dpkg/diversions" "$root/var/lib/dpkg/status"
    for dracut in none old upgraded; do
        [ $dracut = none ] || distribution $dracut
        install_
        [ $dracut != upgraded ] || distribution $dracut
        script preinst install
        if [ $dracut = none ]; then
            [ "$(find "$root" -name '*.distrib')" = "" ]
        else
            [ "$(cat "$lib/skipcpio.distrib" "$lib/extractinitrd.distrib" "$root/usr/bin/dracut-extractinitrd.distrib" |
                sort -u)" = $dracut ]
        fi
        for file in "$lib/skipcpio" "$lib/extractinitrd" "$root/usr/bin/dracut-extractinitrd"; do
            [[ ! -e $file && ! -L $file ]]
        done
        ln -s ../../libexec/dracut-restore/skipcpio "$lib/skipcpio"
        script preinst upgrade
        [ -L "$lib/skipcpio" ]
        rm "$lib/skipcpio"
        script postrm remove
        [ $dracut = none ] || [ "$(cat "$lib/skipcpio" "$lib/extractinitrd" | sort -u)" = $dracut ]
        [ "$(find "$root" -name '*.distrib')" = "" ]
    done
}

@test "directories by their usual names" {
    install_ install prefix=/opt/x libexecdir=/opt/x/lib unitdir=/etc/units mandir=/m bindir=/b bashcompletiondir=/c
    grep -qx 'ExecStop=/opt/x/lib/dracut-restore/dracut-initramfs-restore $RESTORE_OPTIONS' \
        "$root/etc/units/dracut-shutdown.service.d/50-restore.conf"
    grep -q 'Pa /opt/x/lib/dracut-restore' "$root/m/man8/dracut-initramfs-restore.8"
    "$root/b/dracut-initramfs-restore" --version
    [ -e "$root/c/dracut-initramfs-restore" ]
    diff -r "$top/modules.d/50restore" "$root/opt/x/lib/dracut/modules.d/50restore" # its hooks too
}
