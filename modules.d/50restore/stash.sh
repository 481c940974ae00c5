#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the initramfs, before it hands over to the real root: keep the initramfs as an image, for the restore at shutdown.
# The program and its libraries are those of the real root, which is mounted; only root can write to the directory.
_stash=/run/dracut-restore
mkdir -m 0700 "$_stash"
if (umask 077 && chroot "$NEWROOT" dracut-initramfs-restore --stash </ >"$_stash/unfinished"); then
    mv "$_stash/unfinished" "$_stash/initrd"
else
    rm -rf "$_stash"
fi
