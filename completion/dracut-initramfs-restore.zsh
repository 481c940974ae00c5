#compdef dracut-initramfs-restore
# SPDX-License-Identifier: LGPL-2.1-or-later

_arguments -s -S \
    '(-C --directory)'{-C+,--directory=}'[restore into this directory]:directory:_directories' \
    '(-S --sysroot)'{-S+,--sysroot=}'[look everything up below this directory]:directory:_directories' \
    '(-k --kver)'{-k+,--kver=}"[look for this kernel's image]:kernel version:_path_files -W /lib/modules -/" \
    '(-f --force)'{-f,--force}'[restore without .need_shutdown]' \
    '*'{-x+,--exclude=}'[leave out what matches]:pattern:' \
    '--locate[print the image that would be restored]' \
    '--compose[make an exitrd of the running system]' \
    '--check[say whether the next shutdown will pivot]' \
    '--stash[write a running initramfs as an image]' \
    '--window=[decode windows up to this size]:MiB:' \
    '(-v --verbose -q --quiet)'{-v,--verbose}'[say what is done]' \
    '(-v --verbose -q --quiet)'{-q,--quiet}'[say nothing but errors]' \
    '(- *)'{-h,--help}'[print a summary of the options]' \
    '(- *)'{-V,--version}'[print the version]' \
    '*:image:_files'
