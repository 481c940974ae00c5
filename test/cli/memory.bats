#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The peak resident set is under 16 MiB plus the format's window, and does not grow with the tree.

load common

@test "a tree of 240 MB, in the other formats" {
    python3 "$tests/cli/memory.py" 240 gzip bzip2 lzma xz 'xz -T0' lzop lz4 'zstd -T0'
}

# The others the same way by hand: test/cli/memory.py 1024 FORMAT...
@test "a tree of 1 GB" {
    python3 "$tests/cli/memory.py" 1024 plain pigz 'lz4 -l' 'zstd -15'
}

@test "100,000 directories and hard links" {
    python3 -I - "$tests/lib" "$T/image" <<-'END'
	import sys
	sys.path.insert(0, sys.argv[1])
	from newc import *
	entries = [entry("d%d" % i, DIR | 0o755, mtime=i) for i in range(50000)]
	entries += [entry("f%d" % i, ino=i // 2, nlink=2) for i in range(50000)]
	open(sys.argv[2], "wb").write(archive(*entries))
	END
    peak=$(python3 -Ic 'import resource as r, subprocess as s, sys
s.run(sys.argv[1:], check=True, stdout=s.DEVNULL)
print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss)' "$RESTORE" -C "$T/out" "$T/image")
    echo "peak: $peak KiB"
    ((peak < 16384))
    [[ $(find "$T/out" | wc -l) == 100001 ]]
}
