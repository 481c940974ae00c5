#compdef dracut-extractinitrd
# SPDX-License-Identifier: LGPL-2.1-or-later

_arguments -s -S \
    '(-l --list)'{-l,--list}'[print the names]' \
    '(-s --to-stdout)'{-s,--to-stdout}'[write the contents of the regular files]' \
    '--examine[print a table of the parts]' \
    '--raw[print the table with tabs]' \
    '--json[print the table as JSON]' \
    '--test[decode and read everything, write nothing]' \
    '(-P --parts)'{-P+,--parts=}'[only these parts of the image]:range:' \
    '(-D --directory)'{-D+,--directory=}'[extract into this directory]:directory:_directories' \
    '(-v --verbose)'{-v,--verbose}'[say more of each entry]' \
    '--debug[say what is done]' \
    '(- *)'{-h,--help}'[print a summary of the options]' \
    ':image:_files' \
    '*:pattern:'
