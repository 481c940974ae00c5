# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for dracut-initramfs-restore

set -l c complete -c dracut-initramfs-restore
$c -s C -l directory -x -a '(__fish_complete_directories)' -d 'Restore into this directory'
$c -s S -l sysroot -x -a '(__fish_complete_directories)' -d 'Look everything up below this directory'
$c -s k -l kver -x -a '(path basename /lib/modules/*)' -d "Look for this kernel's image"
$c -s f -l force -d 'Restore without .need_shutdown'
$c -s x -l exclude -x -d 'Leave out what matches this pattern'
$c -l locate -d 'Print the image that would be restored'
$c -l compose -d 'Make an exitrd of the running system'
$c -l check -d 'Say whether the next shutdown will pivot'
$c -l stash -d 'Write a running initramfs as an image'
$c -l window -x -d 'Decode windows up to this size in MiB'
$c -s v -l verbose -d 'Say what is done'
$c -s q -l quiet -d 'Say nothing but errors'
$c -s h -l help -d 'Print a summary of the options'
$c -s V -l version -d 'Print the version'
