# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for skipcpio

complete -c skipcpio -l list -d 'Print a line for each part'
complete -c skipcpio -l help -d 'Print the usage'
complete -c skipcpio -l version -d 'Print the version'
