# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for dracut-extractinitrd

_dracut_extractinitrd() {
    # shellcheck disable=SC2034 # _init_completion sets them all
    local cur prev words cword split
    _init_completion -s || return
    case $prev in
    -D | --directory)
        _filedir -d
        return
        ;;
    -F | --file)
        _filedir
        return
        ;;
    -P | --parts | -x | --exclude | --profile | --subdir | --strip-components)
        return
        ;;
    esac
    $split && return
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "-l -s -P -x -F -D -v -h --list --to-stdout --tar --examine --raw
            --json --test --parts= --exclude= --file= --profile= --nested --directory= --subdir= --strip-components=
            --verbose --debug --help" -- "$cur")
        [[ ${COMPREPLY-} != *= ]] || compopt -o nospace
        return
    fi
    _filedir
}
complete -F _dracut_extractinitrd dracut-extractinitrd
