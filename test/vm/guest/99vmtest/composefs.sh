#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# composefs=DIGEST: what is mounted as the root holds a composefs deployment, which becomes the root.
_digest=$(getarg composefs=)
if [ -n "$_digest" ]; then
    mkdir -p /run/lower /run/composefs
    # What is shared cannot be moved, and a mount left below the root could never be unmounted.
    mount --make-private /
    mount --move "$NEWROOT" /run/lower || die "composefs: the lower file system stays where it is"
    mount --make-shared /
    [ "$(sha256sum < "/run/lower/images/$_digest")" = "$_digest  -" ] || die "composefs: the image is not $_digest"
    mount -t erofs -o ro,loop "/run/lower/images/$_digest" /run/composefs
    mount -t overlay -o "ro,metacopy=on,redirect_dir=on,lowerdir=/run/composefs::/run/lower/objects" overlay "$NEWROOT" ||
        die "composefs: no root"
    for _name in etc var; do
        mount --bind "/run/lower/state/$_name" "$NEWROOT/$_name"
    done
fi
