#!/bin/bash
# An owner that trains among forks and viewers stays as it is: FORKS (300) forks of a live run, each paused again, as many
# clients that connect, ask and leave, and at every third a whole viewer attaches, looks at every view and leaves. SECONDS_ALL (0)
# spreads them over so many seconds. Prints memory and descriptors of the owner as it goes; fails when it is not flat after the
# first half: more than GROWTH_KIB (24) a fork, which is what its line in the list takes, or 8 more descriptors. Of every part
# the least counts: measuring takes memory for a moment. Needs python3.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
DDIL=${DDIL:-$root/ddil}
work=$(mktemp -d "${TMPDIR:-/tmp}/ddil-soak.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$DDIL" run quickstart --detach --runs "$work/runs" -s run.steps=100000000 -s run.checkpoint_every=1000 \
    -s run.keep_checkpoints=2 -s run.eval_every=0 >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }

for view in 1 2 3 4 5 6; do echo $view; done >"$work/look"
python3 - "$DDIL" "$work" "${FORKS:-300}" "${GROWTH_KIB:-24}" "${SECONDS_ALL:-0}" <<'PYTHON'
import os, re, signal, socket, subprocess, sys, time

ddil, work = sys.argv[1:3]
runs, forks, growth, spread = work + "/runs", int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])

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

def attach():
    subprocess.run([ddil, "--readonly", "--runs", runs, "--size", "120x40", "--script", work + "/look"],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120)

def cycle(i):
    child = steer.do("fork", 1, -2, "name=fork")
    steer.do("pause", child, 0)
    guest = Guest("look")
    guest.say("status")
    guest.until("end ")
    guest.close()
    if i % 3 == 0:
        attach()

steer = Guest("steer")
owner, began, seen = steer.owner, time.time(), []
try:
    for i in range(1, forks + 1):
        cycle(i)
        time.sleep(max(0, began + spread * i / forks - time.time()))
        seen.append(measure(owner))
        if i % max(1, forks // 20) == 0:
            print("%4d forks %6.0f s %7.1f MiB %4d descriptors" % ((i, time.time() - began) + seen[-1]), flush=True)
finally:
    os.kill(owner, signal.SIGTERM)
    while os.path.exists("/proc/%d" % owner):
        time.sleep(0.1)

def least(part):
    return min(m for m, d in part), min(d for m, d in part)

half, tenth = len(seen) // 2, max(1, len(seen) // 10)
middle, last = least(seen[half:half + tenth]), least(seen[-tenth:])
print("after half of %d forks %.1f MiB, %d descriptors; at the end %.1f MiB, %d: %.1f KiB a fork" %
      ((forks,) + middle + last + ((last[0] - middle[0]) * 1024 / (forks - half),)))
sys.exit(last[0] - middle[0] > growth / 1024 * (forks - half) or last[1] - middle[1] > 8)
PYTHON
