"""A program at a terminal of its own for terminals.mjs: what it writes goes to stdout as it is; lines of JSON on
stdin type to it ({"type": text}) or change its size ({"size": [columns, rows]}), in cells alone, as VS Code does.

    bridge.py COLUMNS ROWS PROGRAM [ARGUMENTS]
"""
import fcntl, json, os, pty, select, struct, sys, termios

columns, rows, *command = sys.argv[1:]
child, master = pty.fork()
if child == 0:
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    os.environ.pop("TMUX", None)
    os.execvp(command[0], command)


def resize(columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


resize(columns, rows)
pending = b""
while True:
    ready, _, _ = select.select([master, 0], [], [])
    if master in ready:
        try:
            text = os.read(master, 65536)
        except OSError:
            break
        os.write(1, text)
    if 0 in ready:
        text = os.read(0, 65536)
        if not text:
            break
        *lines, pending = (pending + text).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "type" in order:
                os.write(master, order["type"].encode())
            else:
                resize(*order["size"])
os.close(master)
