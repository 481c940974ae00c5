#compdef dracut-extractinitrd
# SPDX-License-Identifier: LGPL-2.1-or-later

_arguments -s -S \
    '(-l --list)'{-l,--list}'[print the names]' \
    '(-s --to-stdout)'{-s,--to-stdout}'[write the contents of the regular files]' \
    '--tar[write a tar archive to standard output]' \
    '--examine[print a table of the parts]' \
    '--raw[print the table with tabs]' \
    '--json[print the table as JSON]' \
    '--test[decode and read everything, write nothing]' \
    '(-P --parts)'{-P+,--parts=}'[only these parts of the image]:range:' \
    '*'{-x+,--exclude=}'[leave these names out]:glob:' \
    '*'{-F+,--file=}'[one more file of the image]:image:_files' \
    '--profile=[the profile of a unified kernel image]:profile:' \
    '--nested[what squashfs and erofs roots hold, too]' \
    '(-D --directory)'{-D+,--directory=}'[extract into this directory]:directory:_directories' \
    '--subdir=[put each part below a directory of its own]:name:' \
    '--strip-components=[take components of names away]:number:' \
    '(-v --verbose)'{-v,--verbose}'[say more of each entry]' \
    '--debug[say what is done]' \
    '(- *)'{-h,--help}'[print a summary of the options]' \
    ':image:_files' \
    '*:pattern:'
