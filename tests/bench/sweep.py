#!/usr/bin/env python3
"""How well a sweep keeps the cores at work: twelve runs of one length, on all cores, until the last two are left.

  python3 tests/bench/sweep.py [DDIL] [STEPS]

Prints the CPU seconds of the sweep and its runs up to the moment when the tenth run was done, over the seconds passed times the cores: wants
a quiet machine. And the share of looks (20 a second) at which every core had a run: holds on a busy one too.
"""
import glob
import os
import subprocess
import sys
import tempfile
import time

ddil = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "ddil")
steps = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
cores = len(os.sched_getaffinity(0))
tick = os.sysconf("SC_CLK_TCK")


def stat(process):
    """CPU seconds of a process and of its children that have ended; its parent."""
    try:
        field = open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()
    except OSError:
        return 0, 0
    return sum(map(int, field[11:15])) / tick, int(field[1])


def children(parent):
    return [int(p) for p in os.listdir("/proc") if p.isdigit() and stat(p)[1] == parent]


def done(runs):
    return sum("state: done" in open(f).read() for f in glob.glob(runs + "/0*/events.csv"))


with tempfile.TemporaryDirectory() as folder:
    with open(folder + "/twelve.ini", "w") as file:
        file.write(f"""[sweep]
preset = ring-pd-ddil
metrics = sw2
steps = {steps}
[parameters]
optimizer.lr = 2e-4, 6e-4, 2e-3, 6e-3
source.beta_student = 0.1, 0.25, 0.5
""")
    began = time.monotonic()
    sweep = subprocess.Popen([ddil, "sweep", folder + "/twelve.ini", "--runs", folder + "/runs", "--quiet"])
    looks = full = 0
    while sweep.poll() is None and done(folder + "/runs") < 10:
        running = children(sweep.pid)
        looks += 1
        full += len(running) >= cores
        cpu = stat(sweep.pid)[0] + sum(stat(p)[0] for p in running)
        passed = time.monotonic() - began
        time.sleep(0.05)
    sweep.wait()
print(f"{cpu:.1f} CPU s in {passed:.1f} s on {cores} cores: {100 * cpu / passed / cores:.1f} %")
print(f"every core had a run at {full} of {looks} looks: {100 * full / max(looks, 1):.1f} %")
