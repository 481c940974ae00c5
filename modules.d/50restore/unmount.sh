#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the exitrd, after dracut has unmounted what is below /oldroot. What dracut leaves alone:
# - what was mounted below /run, as what holds a root that is a loop file, or a live medium: it is below /oldsys/run;
#   systemd-shutdown 257 moves what was busy to /run/shutdown/mounts;
# - what was mounted below /run/initramfs: it is there, too, or with systemd 254 and later below /.
_left=0
while read -r _ _mp _; do
    case $_mp in
    /oldsys/run/?*) umount "$(printf '%b' "$_mp")" 2>/dev/null || _left=1 ;;
    / | /dev | /dev/* | /proc | /proc/* | /sys | /sys/* | /run | /run/* | /oldroot | /oldroot/* | /oldsys | /oldsys/*) ;;
    *) umount "$(printf '%b' "$_mp")" 2>/dev/null || _left=1 ;;
    esac
done </proc/mounts
# dracut runs a hook again that fails: what is mounted on another mount comes first, and its mount point then.
[ $_left = 0 ]
