#compdef skipcpio
# SPDX-License-Identifier: LGPL-2.1-or-later

_arguments \
    '--list[print a line for each part]' \
    ':image:_files'
