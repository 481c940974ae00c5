# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for skipcpio

_skipcpio() {
    # shellcheck disable=SC2034 # _init_completion sets them all
    local cur prev words cword
    _init_completion || return
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--list --help --version" -- "$cur")
        return
    fi
    _filedir
}
complete -F _skipcpio skipcpio
