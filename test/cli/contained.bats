#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Run as root: nothing outside the directory changes, whatever the image or the directory holds.

load common

setup() {
    T=$(mktemp -d -p /dev/shm restore-test.XXXXXX)
    mkdir -p "$T/outside/dir/sub" "$T/work"
    echo secret | tee "$T/outside/secret" "$T/outside/dir/file" "$T/outside/dir/sub/shutdown" >/dev/null
    ln -s dir "$T/outside/link"
    find "$T/outside" -exec touch -hd @1000 {} +
    chmod 700 "$T/outside/dir"
    everything >"$T.before"
}

teardown() {
    rm -rf --one-file-system "$T" "$T.before"
}

# All that a restore must not touch, with times of change. A directory's time changes when a name is made in it.
everything() {
    find "$T/outside" -printf '%p %y %m %U %G %s %n %T@ %C@ %l\n' | sort
    stat -c '%n %y %z' / /etc /etc/passwd
    ls -A / | sort
    ls -d /tmp/evil /dev/shm/evil /outside /evil 2>/dev/null || :
}

# contained STATUS [OPTION]...: restore an image that tries to get out into $T/work/out: it exits with STATUS and one line,
# and nothing outside has changed.
contained() {
    restore -C "$T/work/out" "$T/image" "${@:2}"
    echo "exit $status: $said"
    [[ $status == "$1" && $(cat "$T/stdout" "$T/stderr" | wc -l) == 1 ]]
    everything | diff -u "$T.before" -
    [[ ! -L $T/work/out && $(ls -A "$T/work") == ?(out) ]]
    T=$T/work tree_names
}

# The tree has nothing from outside.
tree_names() {
    ! grep -rsq secret "$T/out"
}

@test "names with .." {
    image "archive(entry('../outside/secret', data='evil'), entry('../../../../../../tmp/evil', data='evil'),
                   entry('a/../../outside/new', data='evil'), entry('..', DIR | 0o777, mtime=5), entry('../', DIR | 0o777),
                   entry('../outside/dir', LNK | 0o777, '/'), entry('../outside/secret', FIFO | 0o777),
                   entry('../..', LNK | 0o777, 'x'), entry('x', data='1'))"
    contained 0
    [[ $(<"$T/work/out/x") == 1 ]]
}

# chmod() follows symlinks, so it must never meet one. Device numbers of all sizes, as mknod() refuses some.
@test "a mode for a symlink's target" {
    image "archive(*[e for i, (way, mode, rdev, nlink, target) in enumerate(
        (way, mode, rdev, nlink, target) for way in ('%s', './%s', 'x%s/../%s') for mode in (DIR, FIFO, SOCK, CHR, BLK, 0o170000, 0)
        for rdev in ((0, 0), (4096, 0), (1 << 31, 1 << 31), (0xffffffff, 0xffffffff)) for nlink in (1, 2)
        for target in ('$T/outside/secret', '../../outside/dir')) for name in ['l%d' % i]
        for e in (entry(name, LNK | 0o777, target),
                  entry(way.replace('%s', name), mode | 0o4777, ino=i, nlink=nlink, uid=3, rdev=rdev))])"
    contained 0
}

@test "absolute names" {
    image "archive(entry('$T/outside/secret', data='evil'), entry('/etc/passwd', data='evil'), entry('//tmp/evil', data='evil'),
                   entry('$T/outside', DIR | 0o777, uid=5), entry('/', DIR | 0o700))"
    contained 0
    [[ $(<"$T/work/out/etc/passwd") == evil ]]
}

@test "symlinks that point out, relative and absolute" {
    image "archive(entry('a', LNK | 0o777, '$T/outside'), entry('a/secret', data='evil'), entry('a/new', data='evil'),
                   entry('a/d', DIR | 0o777), entry('a/link/new', data='evil'), entry('a/dir/file', LNK | 0o777, 'x'),
                   entry('r', LNK | 0o777, '../../outside'), entry('r/secret', data='evil'), entry('r/new', CHR | 0o777, rdev=(1, 3)),
                   entry('up', LNK | 0o777, '..'), entry('up/up/up/outside/new', data='evil'),
                   entry('f', LNK | 0o777, '$T/outside/secret'), entry('f', data='1'))"
    contained 0
    [[ $(<"$T/work/out/f") == 1 && ! -L $T/work/out/f ]]
}

@test "symlinks to the image's own directories, later changed to point out" {
    image "archive(entry('d', DIR | 0o755), entry('d/dir', DIR | 0o755), entry('d/dir/file', data='mine', ino=7, nlink=2),
                   entry('l', LNK | 0o777, 'd'), entry('l/x', data='1'), entry('l', LNK | 0o777, '$T/outside'),
                   entry('l/dir/file', data='evil'), entry('l/dir', DIR | 0o777, uid=5, mtime=9),
                   entry('m', LNK | 0o777, '../../outside'), entry('m/dir/file', ino=7, nlink=2, data='evil'))"
    contained 0
}

@test "directories whose names lead out by the time that their mtimes are set" {
    image "archive(entry('dir', DIR | 0o755, mtime=9), entry('l', DIR | 0o755), entry('l/dir', DIR | 0o755, mtime=9)) +
           archive(entry('l', LNK | 0o777, 'x')) +
           archive(entry('a', LNK | 0o777, '$T/outside'), entry('a/dir', DIR | 0o755, mtime=9),
                   entry('b', LNK | 0o777, '../../outside'), entry('b/dir', DIR | 0o755, mtime=9))"
    contained 0
}

@test "hard links that point out" {
    image "archive(entry('a', LNK | 0o777, '$T/outside'), entry('a/secret', ino=5, nlink=2), entry('stolen', ino=5, nlink=2, data='evil'),
                   entry('../../outside/secret', ino=6, nlink=2), entry('stolen2', ino=6, nlink=2, data='evil'))"
    contained 0
    rm -r "$T/work/out"
    # A name that has become a symlink when it is linked to: the kernel writes through it.
    image "archive(entry('a', ino=5, nlink=2), entry('a', LNK | 0o777, '$T/outside/secret'), entry('b', data='evil', ino=5, nlink=2),
                   entry('c', ino=6, nlink=2), entry('c', LNK | 0o777, '../../outside/secret'), entry('d', data='evil', ino=6, nlink=2),
                   entry('e', CHR | 0o600, ino=7, nlink=2, rdev=(1, 3)), entry('e', LNK | 0o777, '$T/outside/dir'),
                   entry('f', CHR | 0o600, ino=7, nlink=2, rdev=(1, 3), uid=9))"
    contained 0
}

@test "magic links" {
    targets=(/proc/self/root /proc/self/cwd /proc/1/root /proc/self/fd/{0..30} /dev/fd/{3..12} /proc/self/task/1/cwd)
    image "archive(*[entry('l%d' % i, LNK | 0o777, t) for i, t in enumerate('${targets[*]}'.split())],
                   *[entry('l%d%s' % (i, n), data='evil') for i in range(${#targets[@]}) for n in ('/evil', '$T/outside/secret', '')])"
    (cd "$T/outside" && contained 0)
}

@test "magic links where the image brings its own proc" {
    mkdir -p "$T/work/out/proc"
    image "archive(entry('proc', DIR | 0o755), entry('l', LNK | 0o777, 'proc/self/root'), entry('l$T/outside/secret', data='evil'),
                   entry('proc/self/cwd/evil', data='evil'), entry('proc/self/fd/3/evil', data='evil'))"
    contained 0 -f
}

@test ". and the empty name" {
    for type in REG DIR LNK FIFO CHR; do
        rm -rf "$T/work/out"
        image "archive(*[entry(n, $type | 0o755, 'x' if $type in (REG, LNK) else '', ino=i, nlink=2)
                         for i, n in enumerate(('.', '', '/', './', '//', './/.', 'a/..', '.', '', '/'))], entry('y', data='y'))"
        contained 0
        [[ $(<"$T/work/out/y") == y ]]
    done
}

@test "shutdown as a symlink out, a hard link, a directory, a device" {
    for it in "LNK | 0o777, '$T/outside/secret'" "DIR | 0o755" "CHR | 0o755, rdev=(1, 3)" "REG | 0o755, 'x', ino=3, nlink=2"; do
        rm -rf "$T/work/out"
        image "archive(entry('a', ino=3, nlink=2), entry('shutdown', $it), entry('y', data='y'))"
        contained 0
    done
}

@test "links in DIR that point out" {
    mkdir -p "$T/work/out/sub"
    ln -s "$T/outside" "$T/work/out/etc"
    ln -s ../../outside/dir "$T/work/out/usr"
    ln -s "$T/outside/nothing" "$T/work/out/shutdown"
    ln -s "$T/outside/dir" "$T/work/out/sub/lib"
    image "archive(entry('etc', DIR | 0o777, uid=4), entry('etc/secret', data='evil'), entry('etc/new', data='evil'),
                   entry('usr', DIR | 0o777), entry('usr/file', data='evil'), entry('sub', DIR | 0o755),
                   entry('sub/lib', DIR | 0o777, uid=4), entry('sub/lib/file', data='evil'), entry('sub/lib/new', data='evil'),
                   entry('shutdown', REG | 0o755, 'evil'))"
    contained 0 -f
}

@test "who owns DIR turns its directories into links out, and back, while it is unpacked into" {
    local attacker i

    image "archive(entry('etc', DIR | 0o755), *[entry('etc/%d' % i, REG | 0o4755, 'evil') for i in range(3000)])"
    chmod 755 "$T"
    chown 1000 "$T/work"
    for i in {1..10}; do
        mkdir -p "$T/work/out$i/etc"
        ln -s "$T/outside/dir" "$T/work/out$i/link"
        chown 1000 "$T/work/out$i" "$T/work/out$i/etc"
        python3 -IS "${BATS_TEST_DIRNAME:?}/exchange.py" 1000 "$T/work" "$T/work/out$i/etc" "$T/work/out$i/link" 3>&- &
        attacker=$!
        until [[ -L $T/work/out$i/etc ]]; do kill -0 $attacker; done
        restore -f -C "$T/work/out$i" "$T/image"
        restore -C "$T/work/new$i" "$T/image"
        kill $attacker
    done
    everything | diff -u "$T.before" -
}

@test "-f: a read-only mount below DIR is not changed" {
    image "archive(entry('y', data='y'), entry('mnt', DIR | 0o777, uid=3), entry('mnt/file', data='evil'), entry('mnt/new', data='new'))"
    mkdir -p "$T/work/out/mnt"
    unshare -m --propagation private bash -euc '
        mount --bind "$1/outside/dir" "$1/work/out/mnt"
        mount -o remount,bind,ro "$1/work/out/mnt"
        "$RESTORE" -f -C "$1/work/out" "$1/image"' - "$T" >"$T/stdout" 2>"$T/stderr" && false
    [[ $(<"$T/stderr") == *"$T/image: cannot make mnt: Read-only file system" ]]
    everything | diff -u "$T.before" -
    [[ $(<"$T/work/out/y") == y && -z $(ls "$T/work/out/mnt") ]]
}
