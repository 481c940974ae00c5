#compdef skipcpio
# SPDX-License-Identifier: LGPL-2.1-or-later

_arguments \
    '(--help --version)--list[print a line for each part]' \
    '(- *)--help[print the usage]' \
    '(- *)--version[print the version]' \
    ':image:_files'
