# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: complete.py COMPLETIONS LINE...   type each LINE, with its tabs, into an interactive bash at a pseudo-terminal
                                         that has the files in COMPLETIONS, and print what its command line is then"""
import os
import pty
import signal
import sys

RC = r"""
PS1= PS2=
bind 'set enable-bracketed-paste off' 'set bell-style none' 'set page-completions off' 2>/dev/null
bind 'set completion-query-items 0'
. /usr/share/bash-completion/bash_completion
for file in "$COMPLETIONS"/*; do . "$file"; done
# Ctrl-X shows what has been completed to, and ends it.
shown() { printf '<<%s>>\n' "$READLINE_LINE" >&3; }
bind -x '"\C-x": shown'
printf ready >&3
"""


def complete(line):
    answer, theirs = os.pipe()
    pid, terminal = pty.fork()
    if pid == 0:
        os.dup2(theirs, 3)
        rc, text = os.pipe()
        os.set_inheritable(rc, True)
        os.write(text, RC.encode())
        os.close(text)
        os.environ["COMPLETIONS"] = sys.argv[1]
        os.execlp("bash", "bash", "--noprofile", "--rcfile", f"/dev/fd/{rc}", "-i")
    os.close(theirs)
    if os.read(answer, 100) != b"ready":
        sys.exit("bash does not start")
    os.write(terminal, line.encode() + b"\x18")
    shown = b""
    while not shown.endswith(b">>\n"):
        data = os.read(answer, 1000)
        if not data:
            sys.exit("bash has ended")
        shown += data
    os.write(terminal, b"\x15exit\n")
    try:
        while os.read(terminal, 1000):
            pass
    except OSError:
        pass
    os.waitpid(pid, 0)
    os.close(answer)
    return shown[2:-3].decode()


signal.alarm(60)
for argument in sys.argv[2:]:
    print(complete(argument))
