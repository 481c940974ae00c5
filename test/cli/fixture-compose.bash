# SPDX-License-Identifier: LGPL-2.1-or-later
# A system that an exitrd can be made of. $systemd and $libmount are where those are: not all systems have one /lib.

systemd=$(realpath /lib/systemd)
libmount=$(ldconfig -p | awk '$1 == "libmount.so.1" { print $NF; exit }')

# taken_system: in $T/root the part of this system that systemd-shutdown and a shell take, as the program itself finds it
taken_system() {
    local file objects
    mkdir -p "$T/root/run/initramfs"
    objects=(/lib/systemd/systemd-shutdown /bin/sh "$libmount") # since systemd 259 it is not linked with that
    for file in "${objects[@]}" $(ldd "${objects[@]}" |
        grep -oE '(=> |^\s+)/[^ ]+' | grep -o '/.*') /bin /sbin /lib /lib64; do
        take "$file"
    done
    mkdir -p "$T/root/etc"
    cp /etc/ld.so.cache /etc/os-release "$T/root/etc/"
    : >"$T/root/run/initramfs/.need_shutdown"
}

# take NAME: with the links on the way to it
take() {
    local name=$1 real link
    real=$(realpath "$name")
    for link in /bin /sbin /lib /lib64; do
        [[ ! -L $link || -e $T/root$link || -L $T/root$link ]] || cp -a "$link" "$T/root$link"
    done
    [[ ! -d $real ]] || return 0
    mkdir -p "$T/root$(dirname "$real")" "$T/root$(realpath "$(dirname "$name")")"
    cp "$real" "$T/root$real"
    [[ -e $T/root$name ]] || ln -s "$real" "$T/root$name"
}
