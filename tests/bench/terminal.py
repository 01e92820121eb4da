"""A program on a pseudo-terminal that answers what a terminal with sixels would, and is read all the time."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

ANSWERS = {b'\033[c': b'\033[?62;4;22c', b'\033[5n': b'\033[0n'}  # sixels, and "I have drawn so far"


class Terminal:
    def __init__(self, command, columns=150, rows=45, answers=True):
        self.began = time.monotonic()
        self.answers = ANSWERS if answers else {}
        self.received = 0
        self.tail = b''
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, columns * 9, rows * 18))
            os.environ['TERM'] = 'xterm-256color'
            os.execv(command[0], command)

    def read(self, seconds):
        """What comes within so many seconds, at the first moment when something does; b'' when nothing does."""
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return b''
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:  # the program is gone
            time.sleep(max(seconds, 0))
            return b''
        self.received += len(data)
        self.tail = (self.tail + data)[-65536:]
        for question, answer in self.answers.items():
            for _ in range(data.count(question)):
                os.write(self.fd, answer)
        return data

    def drain(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def until(self, text, seconds=60):
        """Seconds since now until the text has come; None: it has not. Text since the last call counts too."""
        begin = time.monotonic()
        while text.encode() not in self.tail:
            if time.monotonic() - begin > seconds:
                return None
            self.read(0.5)
        self.tail = b''
        return time.monotonic() - begin

    def alive(self):
        return self.pid and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def close(self):
        """Quits; its use of resources."""
        if self.alive():
            self.press('q')
            self.drain(1)
        if self.alive():
            os.kill(self.pid, signal.SIGTERM)
        while self.alive():
            self.read(0.1)
        _, _, usage = os.wait4(self.pid, 0)
        os.close(self.fd)
        return usage
