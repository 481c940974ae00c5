# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for dracut-extractinitrd

set -l c complete -c dracut-extractinitrd
$c -s l -l list -d 'Print the names'
$c -s s -l to-stdout -d 'Write the contents of the regular files'
$c -l examine -d 'Print a table of the parts'
$c -l raw -d 'Print the table with tabs'
$c -l json -d 'Print the table as JSON'
$c -l test -d 'Decode and read everything, write nothing'
$c -s P -l parts -x -d 'Only these parts of the image'
$c -s D -l directory -x -a '(__fish_complete_directories)' -d 'Extract into this directory'
$c -s v -l verbose -d 'Say more of each entry'
$c -l debug -d 'Say what is done'
$c -s h -l help -d 'Print a summary of the options'
