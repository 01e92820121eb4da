#!/bin/bash
# An owner that trains among forks and viewers stays as it is: FORKS (100) forks of a live run, each paused
# again, and as many viewers that attach, look and leave. Prints memory and descriptors of the owner as it goes; fails when
# it is not flat after the first third: more than GROWTH_KIB (256) a fork, which is what its line in the list takes, or 8 more
# descriptors. Needs python3.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
DDIL=${DDIL:-$root/ddil}
work=$(mktemp -d "${TMPDIR:-/tmp}/ddil-soak.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$DDIL" run quickstart --detach --runs "$work/runs" -s run.steps=100000000 -s run.checkpoint_every=1000 \
    -s run.keep_checkpoints=2 >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }

python3 - "$work/runs" "${FORKS:-100}" "${GROWTH_KIB:-256}" <<'PYTHON'
import os, re, signal, socket, sys, time

runs, forks, growth = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])

class Guest:
    def __init__(self, mode):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(120)
        self.socket.connect(runs + "/.socket")
        self.file = self.socket.makefile("rw", newline="\n")
        self.tag = 0
        self.say("hello %s 2" % mode)
        self.owner = int(self.until("owner ").split()[1])

    def say(self, line):
        self.file.write(line + "\n")
        self.file.flush()

    def until(self, start):
        for line in self.file:
            if line.startswith(start):
                return line
        raise SystemExit("the owner hung up")

    def do(self, word, run, number, text=""):
        self.tag += 1
        self.say("do %d %s %d %d %s" % (self.tag, word, run, number, text))
        line = self.until("note %d " % self.tag)
        if line.split()[2] != "0":
            raise SystemExit(line)
        return int(line.split()[3])

    def close(self):
        self.file.close()
        self.socket.close()

def measure(owner):
    status = open("/proc/%d/status" % owner).read()
    return int(re.search(r"VmRSS:\s*(\d+)", status)[1]) / 1024, len(os.listdir("/proc/%d/fd" % owner))

steer = Guest("steer")
owner, began, seen = steer.owner, time.time(), []
try:
    for i in range(1, forks + 1):
        child = steer.do("fork", 1, -2, "name=fork")
        steer.do("pause", child, 0)
        viewer = Guest("look")
        viewer.say("status")
        viewer.until("end ")
        viewer.close()
        if i % max(1, forks // 12) == 0:
            seen.append(measure(owner))
            print("%4d forks %6.0f s %7.1f MiB %4d descriptors" % ((i, time.time() - began) + seen[-1]), flush=True)
finally:
    os.kill(owner, signal.SIGTERM)
    while os.path.exists("/proc/%d" % owner):
        time.sleep(0.1)
third = seen[len(seen) // 3]
last = seen[-1]
print("after a third %.1f MiB, %d descriptors; at the end %.1f MiB, %d" % (third + last))
sys.exit(last[0] - third[0] > growth / 1024 * forks * 2 / 3 or last[1] - third[1] > 8)
PYTHON
