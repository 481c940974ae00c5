# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for dracut-extractinitrd

set -l c complete -c dracut-extractinitrd
$c -s l -l list -d 'Print the names'
$c -s s -l to-stdout -d 'Write the contents of the regular files'
$c -l tar -d 'Write a tar archive to standard output'
$c -l examine -d 'Print a table of the parts'
$c -l raw -d 'Print the table with tabs'
$c -l json -d 'Print the table as JSON'
$c -l test -d 'Decode and read everything, write nothing'
$c -s P -l parts -x -d 'Only these parts of the image'
$c -s x -l exclude -x -d 'Leave these names out'
$c -s F -l file -r -d 'One more file of the image'
$c -l profile -x -d 'The profile of a unified kernel image'
$c -l nested -d 'What squashfs and erofs roots hold, too'
$c -s D -l directory -x -a '(__fish_complete_directories)' -d 'Extract into this directory'
$c -l subdir -x -d 'Put each part below a directory of its own'
$c -l strip-components -x -d 'Take components of names away'
$c -s v -l verbose -d 'Say more of each entry'
$c -l debug -d 'Say what is done'
$c -s h -l help -d 'Print a summary of the options'
