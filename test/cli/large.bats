#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images of more than 4 GiB, beyond 32 bits. Their large files are left out, so that they need no memory.

load common

# large: an archive on stdout, a file "behind" after one with nearly 4 GiB of zeros and one with a MiB
large() {
    newc image 'entry("big1")[:54] + b"fffffffc" + entry("big1")[62:]'
    head -c 4294967292 /dev/zero
    newc image 'archive(entry("big2", data=bytes(1 << 20)), entry("behind", data="here"))'
}

# left_out: everything but the large files is restored
left_out() {
    restore -x 'big*' -C "$T/out" "$T/image"
    [[ $status == 0 && $(lines "$T/stdout") == 1 ]] || { echo "exit $status: $said"; return 1; }
    tree 'behind f 0644 0:0 0 "here"'
    rm -r "$T/out"
}

@test "a plain image of 8 GiB" {
    # It has holes.
    python3 -I - "$tests/lib" "$T/image" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from newc import archive, entry
SIZE = 0xfffffffc
with open(sys.argv[2], "wb") as f:
    for name in ("big1", "big2"):
        header = entry(name)
        f.write(header[:54] + b"%08x" % SIZE + header[62:])
        f.seek(SIZE, 1)
    f.write(archive(entry("behind", data="here")))
END
    (($(stat -c %s "$T/image") > 8589934592 - 100))
    left_out
    ends 0 "$SKIPCPIO" --list "$T/image"
    [[ $output == "1 0 $(stat -c %s "$T/image") newc main" ]]
}

@test "a compressed image with more than 4 GiB in it" {
    large | zstd -q -1 >"$T/image"
    (($(stat -c %s "$T/image") < 4194304))
    left_out
}
