#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the initramfs, before it hands over to the real root: ask for the restore at shutdown.
mkdir -p /run/initramfs
: > /run/initramfs/.need_shutdown
