# SPDX-License-Identifier: LGPL-2.1-or-later
# Systems for locate.bats to look through, below $S. Images are archives whose one file's name says which image it is.

STUB=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
K=6.1.0-5
MACHINE=0123456789abcdef0123456789abcdef

# A system that runs kernel $K and was booted with the command line given.
new_system() {
    S=$T/system
    rm -rf "$S"
    mkdir -p "$S"/{proc/sys/kernel,etc,boot,usr/lib/modules}
    ln -s usr/lib "$S/lib"
    echo "$K" >"$S/proc/sys/kernel/osrelease"
    echo "${1-root=/dev/vda2 ro}" >"$S/proc/cmdline"
    printf '%s\n' "$MACHINE" >"$S/etc/machine-id"
    printf 'NAME="Some OS"\nID=someos\nIMAGE_ID="some-image"\n' >"$S/etc/os-release"
}

# An archive whose one file is called $1.
small_image() {
    local size=$((${#1} + 1)) padding=('' '\0' '\0\0' '\0\0\0')

    printf '070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\0' 1 0100644 0 0 1 0 0 0 0 0 0 $size 0 "$1"
    # shellcheck disable=SC2059 # escapes are meant
    printf "${padding[$(((4 - (110 + size) % 4) % 4))]}"
}

# put FILE: an image.
put() {
    local file=$S/$1

    [[ -d ${file%/*} ]] || mkdir -p "${file%/*}"
    small_image "${1//\//:}" >"$file"
}

# entry FILE LINE...
entry() {
    [[ -d $S/${1%/*} ]] || mkdir -p "$S/${1%/*}"
    printf '%s\n' "${@:2}" >"$S/$1"
}

# variable NAME VALUE: an EFI variable of the boot loader interface.
variable() {
    mkdir -p "$S/sys/firmware/efi/efivars"
    { printf '\6\0\0\0' && printf '%s\0' "$2" | iconv -t UTF-16LE; } \
        >"$S/sys/firmware/efi/efivars/$1-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
}

# bzimage FILE VERSION: as much of an x86 kernel as tells its version.
bzimage() {
    { head -c 514 /dev/zero; printf HdrS; head -c 8 /dev/zero; printf '\0\1'; head -c 240 /dev/zero
      printf '%s (user@host) #1 SMP\0' "$2"; } >"$1"
}

# firmware_entry PARTUUID PATH [OPTIONS]: the firmware booted this entry of its own; its PATH may be empty.
firmware_entry() {
    mkdir -p "$S/sys/firmware/efi/efivars"
    python3 -I - "$S/sys/firmware/efi/efivars" "$@" <<'END'
import struct, sys, uuid
directory, partition, path, *options = sys.argv[1:]
def text(string):
    return (string + "\0").encode("utf-16-le")
def node(kind, subtype, data):
    return struct.pack("<BBH", kind, subtype, len(data) + 4) + data
nodes = node(4, 1, struct.pack("<IQQ", 1, 2048, 100000) + uuid.UUID(partition).bytes_le + b"\2\2") + \
    (node(4, 4, text(path)) if path else b"") + node(0x7f, 0xff, b"")
value = struct.pack("<IH", 1, len(nodes)) + text("Some OS") + nodes + b"".join(text(o) for o in options)
for name, data in (("BootCurrent", b"\x1a\0"), ("Boot001A", value)):
    with open(f"{directory}/{name}-8be4df61-93ca-11d2-aa0d-00e098032b8c", "wb") as f:
        f.write(b"\7\0\0\0" + data)
END
}

# uboot TYPE FILE...: the files behind U-Boot's header, 3 for a ramdisk and 4 for several files, on stdout.
uboot() {
    python3 -I - "$@" <<'END'
import struct, sys
kind, *names = sys.argv[1:]
files = [open(name, "rb").read() for name in names]
body = files[0]
if kind == "4":
    body = struct.pack(f">{len(files) + 1}I", *map(len, files), 0) + b"".join(f + bytes(-len(f) % 4) for f in files)
sys.stdout.buffer.write(struct.pack(">IIIIIIIBBBB32s", 0x27051956, 0, 0, len(body), 0, 0, 0, 5, 2, int(kind), 0, b"name") + body)
END
}

# fit FILE CONFIGURATIONS [OPTION...]: a FIT that mkimage makes of a kernel and the images $T/a and $T/b.
fit() {
    local name type images=

    command -v mkimage >/dev/null && command -v dtc >/dev/null || skip "needs mkimage and dtc"
    for name in kernel a b; do
        type=ramdisk
        [[ $name != kernel ]] || type=kernel
        [[ -e $T/$name ]] || small_image "$name" >"$T/$name"
        images+="$name { data = /incbin/(\"$T/$name\"); type = \"$type\"; arch = \"arm64\"; os = \"linux\";
            compression = \"none\"; load = <0>; entry = <0>; hash { algo = \"crc32\"; }; };
        "
    done
    printf '/dts-v1/; / { description = ""; #address-cells = <1>; images { %s }; configurations { %s }; };' \
        "$images" "$2" >"$T/fit.its"
    mkdir -p "$(dirname "$S/$1")"
    mkimage "${@:3}" -f "$T/fit.its" "$S/$1" >"$T/mkimage" 2>&1 || { cat "$T/mkimage"; return 1; }
}

# older FILE SECONDS: it was last changed so long before the boot, which was yesterday.
older() {
    printf 'cpu 1 2\nbtime %d\n' $((EPOCHSECONDS - 86400)) >"$S/proc/stat"
    touch -d "@$((EPOCHSECONDS - 86400 - $2))" "$S/$1"
}

# uki FILE SECTION=TEXT...: a unified kernel image, or an addon; an .initrd's text names its image, @FILE is the
# section itself.
uki() {
    local file=$S/$1 sections=() section name text n=0

    mkdir -p "${file%/*}"
    [[ " $*" == *" .linux="* || $1 == *.addon.efi ]] || set -- "$1" .linux=kernel "${@:2}"
    for section in "${@:2}"; do
        name=${section%%=*} text=${section#*=}
        n=$((n + 1))
        if [[ $text == @* ]]; then
            cp "${text#@}" "$T/section$n"
        elif [[ $name == .initrd ]]; then
            small_image "$text" >"$T/section$n"
        else
            printf '%s' "$text" >"$T/section$n"
        fi
        sections+=("$name=$T/section$n")
    done
    python3 -I "$tests/lib/uki.py" "$file" "$STUB" "${sections[@]}"
}

# A device with an ext4 file system made of directory $1, its node and its PARTUUID link $2 below $S; FAT is for the
# virtual machines, whose kernel has it.
partition() {
    local free

    free=$(losetup --find 2>/dev/null) && [[ -b $free ]] || skip "needs loop devices"
    truncate -s 8M "$T/disk"
    mkfs.ext4 -q -d "$1" "$T/disk"
    DEVICE=$(losetup --find --show "$T/disk")
    mkdir -p "$S/dev/disk/by-partuuid"
    cp -a "$DEVICE" "$S/dev/part"
    ln -s ../../part "$S/dev/disk/by-partuuid/$2"
}

locate() {
    restore --locate -S "$S" "$@"
}

# finds RULE FILE...: the image is made of these files, found by a rule like this.
finds() {
    local found line expected

    locate
    [[ $status == 0 && ! -s $T/stderr ]] || { echo "exit $status: $said"; return 1; }
    printf -v expected "$S%s\n" "${@:2}"
    while IFS= read -r line; do
        found+=${line%%$'\t'*}$'\n'
        [[ ${line#*$'\t'} == *"$1"* ]] || { echo "not '$1': $said"; return 1; }
    done <"$T/stdout"
    [[ $found == "$expected" ]] || diff -u --label expected --label found <(printf %s "$expected") <(printf %s "$found")
}

# exitrd FILE NAME: an image that passes the check before the commit, with a program for its shutdown and 300,001 random
# bytes in a file called NAME; ends with them, so that a byte more or less is seen.
exitrd() {
    head -c 300001 /dev/urandom >"$T/random.$2"
    [[ -e $T/shutdown ]] || "${TARGET_CC:-cc}" -static -O2 -x c -o "$T/shutdown" - <<<'int main(void) { return 0; }'
    newc image "archive(entry('shutdown', mode=REG | 0o755, data=open('$T/shutdown', 'rb').read()),
        entry('$2', data=open('$T/random.$2', 'rb').read()), end=False)" >"$1"
}

# restores_exitrd NAME: what is found is restored, without a warning, and is exitrd NAME.
restores_exitrd() {
    local found

    [[ -z ${EMULATED-} ]] || skip "qemu-user has a thread of its own, with which no program can go back to a namespace"
    rm -rf "$S/run"
    mkdir -p "$S/run/initramfs"
    restore -f -S "$S"
    succeeded
    found=$(ls "$S/run/initramfs" && cmp "$T/random.$1" "$S/run/initramfs/$1" && cmp "$T/shutdown" "$S/run/initramfs/shutdown")
    umount "$S/run/initramfs"
    diff -u <(printf '%s\nshutdown\n' "$1" | sort) - <<<"$found"
}

finds_nothing() {
    locate
    [[ $status == 1 && ! -s $T/stdout && $(lines "$T/stderr") == 1 && $said == *"No image found"* ]] ||
        { echo "exit $status: $said"; return 1; }
}
