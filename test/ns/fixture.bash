# SPDX-License-Identifier: LGPL-2.1-or-later
# Images for the namespace tests, made of one that dracut makes; and what to say of a shutdown.

here=$(realpath "${BATS_TEST_DIRNAME:?}")
RESTORE=$(realpath "${RESTORE:-$here/../../build/restore/dracut-initramfs-restore}")
export RESTORE
kept=$(realpath -m "${BUILD:-$here/../../build}/images/ns")
mkdir -p "${kept%/*}"
systemd=$(systemctl --version | awk '{ print $2; exit }')

# dracut OUT MODULE...: an image whose hook leaves a marker in the root that was
dracut_image() {
    local out=$1 hooks=usr/lib/dracut/hooks
    shift
    [[ -L /lib ]] || hooks=lib/dracut/hooks # so it is in the image, too
    # Since dracut 106 that is a link; an included directory would hide it.
    ! grep -qs /var/lib/dracut/hooks /usr/lib/dracut/dracut-*.sh || hooks=var/lib/dracut/hooks
    hooks=$out.include/$hooks
    mkdir -p "$hooks/pre-shutdown" "$hooks/shutdown"
    cp "$here/../../modules.d/50restore/unmount.sh" "$hooks/shutdown/40-unmount.sh"
    # systemd-shutdown closes descriptors since 254; until then it took /dev along without what is mounted in it.
    echo 'cat /proc/mounts >/dev/mounted; cat /proc/mounts >&9' >"$hooks/shutdown/99-mounts.sh"
    # shellcheck disable=SC2016 # the hook expands it
    echo 'echo "pivoted: PID $$, $ACTION, mark $(getarg rd.mark=)" >/oldroot/out/marker' >"$hooks/pre-shutdown/00-marker.sh"
    DRACUT_NO_MKNOD=1 dracut --force --no-hostonly --no-early-microcode --no-compress -m "$*" \
        --include "$out.include" / "${DRACUT_OPTIONS[@]}" "$out" >"$out.log" 2>&1 || { cat "$out.log"; return 1; }
    # dracut 051 makes device nodes all the same, and in a user namespace nobody may.
    ! cpio -tv --quiet <"$out" | grep -q ^c || without_nodes "$out"
}

without_nodes() {
    rm -rf "$1.nodes"
    mkdir "$1.nodes"
    (cd "$1.nodes" && cpio -idm --quiet <"$1" && find . -type c -delete)
    pack "$1.nodes" >"$1"
    rm -rf "$1.nodes"
}

# pack DIR: as dracut does
pack() {
    (cd "$1" && find . -print0 | sort -z | cpio -o -0 -H newc -R 0:0 --reproducible --quiet)
}

# tree: a copy of the unpacked image in $T/tree, to be changed
tree() {
    cp -a "$kept/tree" "$T/tree"
}

need_fsck_erofs() {
    command -v fsck.erofs >/dev/null || skip "no fsck.erofs (erofs-utils before 1.5), and a user namespace mounts no image"
}

# shut_down IMAGE [COMMAND]: shut down in $T/out, with what shutdown takes from the environment
shut_down() {
    rm -rf "$T/out"
    mkdir "$T/out"
    "$here/shutdown" "$T/out" "$@"
    mv "$T/out/console" "$T/out/mounted" "$T/out/upper/out/"
    out=$T/out/upper/out
    status=$(cat "$out/status") || { tail -n 20 "$out/console"; return 1; }
}

has() {
    grep -qF -- "$2" "$out/$1" || { echo "$1 without '$2':"; tail -n 20 "$out/$1"; return 1; }
}

has_not() {
    ! grep -F -- "$2" "$out/$1"
}

# One line on the one stream, nothing on the other.
one_line() {
    [[ $(wc -l <"$out/$1") == 1 && ! -s $out/$2 ]] || { tail -n 20 "$out/$1" "$out/$2" "$out/console"; return 1; }
    has_not "$1" $'\e'
}

# It restored, said one line, and the image's own shutdown ran as PID 1.
pivoted() {
    one_line stdout stderr
    [[ $status == 0 ]]
    ((systemd < 249)) || has console "Successfully changed into root pivot." # before, it wanted a terminal of its own to say so
    [[ $(<"$out/marker") == "pivoted: PID 1, poweroff, mark ${1-}" ]] || { cat "$out/marker"; return 1; }
    has_not tree .need_shutdown
    has_not tree .dracut-restore
    echo "# $BATS_TEST_DESCRIPTION: $(<"$out/milliseconds") ms, $(<"$out/stdout")" >&3
}

# It failed with one line that has TEXT, changed nothing, and systemd-shutdown powered off without a pivot.
refused() {
    one_line stderr stdout
    has stderr "$1"
    [[ $status == 1 ]]
    has console "Powering off."
    has_not console "root pivot"
    [[ ! -s $out/marker ]]
    diff "$out/tree" - <<<"${2-$'\n'.need_shutdown}"
    echo "# $BATS_TEST_DESCRIPTION: $(<"$out/stderr")" >&3
}

setup_file() {
    [[ $(id -u) == 0 ]] || skip "needs root"
    unshare --user true 2>/dev/null || skip "no user namespace can be made here; in a chroot the kernel makes none"
    command -v dracut script >/dev/null || skip "needs dracut and script"
    [[ -x /lib/systemd/systemd-shutdown ]] || skip "needs systemd-shutdown"
    DRACUT_OPTIONS=(--no-kernel)
    (
        flock 9 # the other suite wants them too
        for source in "$here/fixture.bash" "$here/../../modules.d/50restore/unmount.sh" "$(command -v dracut)"; do
            if [[ ! $kept/erofs-root.img -nt $source ]]; then
                make_kept
                break
            fi
        done
    ) 9>"$kept.lock"
}

# make_kept: an image, its tree, and a squashfs and an erofs of that, for all suites and the next run
make_kept() {
    rm -rf "$kept"
    mkdir -p "$kept/tree"
    dracut_image "$kept/image" base shutdown
    (cd "$kept/tree" && cpio -idm --quiet <../image)
    mksquashfs "$kept/tree" "$kept/squashfs-root.img" -no-xattrs -noappend -quiet -no-progress -comp lz4 >/dev/null
    mkfs.erofs -x -1 -z lz4 "$kept/erofs-root.img" "$kept/tree" >/dev/null
}

setup() {
    T=$(mktemp -d -p /dev/shm restore-test.XXXXXX)
    # shellcheck disable=SC2034 # the tests use it
    image=$kept/image
}

teardown() {
    rm -rf --one-file-system "$T"
}
