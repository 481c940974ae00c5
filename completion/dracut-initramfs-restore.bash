# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for dracut-initramfs-restore

_dracut_initramfs_restore() {
    # shellcheck disable=SC2034 # _init_completion sets them all
    local cur prev words cword split
    _init_completion -s || return
    case $prev in
    -C | --directory | -S | --sysroot)
        _filedir -d
        return
        ;;
    -k | --kver)
        mapfile -t COMPREPLY < <(compgen -W "$(ls /lib/modules 2>/dev/null)" -- "$cur")
        return
        ;;
    -x | --exclude | --window)
        return
        ;;
    esac
    $split && return
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "-C -S -k -f -x -v -q -h -V --directory= --sysroot= --kver= --force
            --exclude= --compose --locate --check --stash --window= --verbose --quiet --help --version" -- "$cur")
        [[ ${COMPREPLY-} != *= ]] || compopt -o nospace
        return
    fi
    _filedir
}
complete -F _dracut_initramfs_restore dracut-initramfs-restore
