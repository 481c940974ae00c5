#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the initramfs, before it hands over to the real root: leave there which image this is.
if [ -f /kernel/restore/id ]; then
    mkdir -p /run/initramfs
    cat /kernel/restore/id > /run/initramfs/.image-id
fi
