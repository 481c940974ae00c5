#compdef skipcpio
# SPDX-License-Identifier: LGPL-2.1-or-later

_arguments \
    '--list[print a line for each part]' \
    '(- *)--help[print a summary of the usage]' \
    '(- *)--version[print the version]' \
    ':image:_files'
