# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for skipcpio

complete -c skipcpio -l list -d 'Print a line for each part'
