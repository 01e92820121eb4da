#!/usr/bin/env python3
"""Steps a second of two programs on the same presets, in turn: steps.py --base OLD [--ddil NEW] [--rounds N] [--from S --to S] PRESET...

Each runs the preset (its own, of its own folder) without warm-up, so that the mixture is whole, and without measuring; between two rows of
metrics.csv the CPU seconds and the time of a step are taken, then it is stopped. A line a preset and number of threads: the ratio of the medians, the
least and the most of the rounds; by CPU and by the clock, which means something on a quiet machine alone. PRESET+section.key=value... sets parameters for
both."""
import argparse
import csv
import glob
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TICK = os.sysconf("SC_CLK_TCK")
QUIET = ["source.warmup=0", "shift.every=100000000", "run.eval_every=0", "run.checkpoint_every=0", "run.log_every=1"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ddil", default="./ddil")
    parser.add_argument("--base", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--from", dest="first", type=int, default=40)
    parser.add_argument("--to", dest="last", type=int, default=80)
    parser.add_argument("presets", nargs="+", metavar="PRESET")
    return parser.parse_args()


def seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def launch(program: str, *words: str) -> subprocess.Popen:
    """`program` in a folder beside which its presets lie: its own, or src in that."""
    here = os.path.dirname(os.path.abspath(program))
    place = here if os.path.isdir(f"{here}/presets") else f"{here}/src"
    return subprocess.Popen([os.path.abspath(program), *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=place)


def stop(run: subprocess.Popen, done: bool) -> None:
    """Ends it; where it has not done what it was started for, says what it said."""
    run.send_signal(signal.SIGTERM)
    said = run.communicate()[1]
    if not done:
        sys.exit(f"{' '.join(run.args)}: {said}")


def step_now(folder: str) -> int:
    paths = glob.glob(f"{folder}/0*/metrics.csv")
    if not paths:
        return -1
    with open(paths[0]) as file:
        rows = list(csv.reader(file))
    return int(rows[-1][0]) if len(rows) > 1 and rows[-1][0].isdigit() else -1


def measure(program: str, preset: str, threads: str, first: int, last: int) -> tuple[float, float]:
    """CPU seconds and seconds a step."""
    name, *assignments = preset.split("+")
    words = ["run", name, "--threads", threads, "--steps", "1000000", "--quiet"]
    for assignment in QUIET + assignments:
        words += ["-s", assignment]
    marks: list[tuple[int, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        run = launch(program, *words, "--runs", folder)
        while run.poll() is None and len(marks) < 2:
            step = step_now(folder)
            if step >= (last if marks else first):
                marks.append((step, seconds(run.pid), time.monotonic()))
            time.sleep(0.005)
        stop(run, len(marks) == 2)
    steps = marks[1][0] - marks[0][0]
    return (marks[1][1] - marks[0][1]) / steps, (marks[1][2] - marks[0][2]) / steps


def spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]"


def main() -> None:
    options = arguments()
    for preset in options.presets:
        for threads in options.threads.split(","):
            cpu, clock, now = [], [], []
            for _ in range(options.rounds):
                old = measure(options.base, preset, threads, options.first, options.last)
                new = measure(options.ddil, preset, threads, options.first, options.last)
                cpu.append(old[0] / new[0])
                clock.append(old[1] / new[1])
                now.append(new[0])
            print(f"{preset}, {threads} threads: steps a second {spread(cpu)} by CPU, {spread(clock)} by the clock; "
                  f"{1000 * statistics.median(now):.1f} ms of CPU a step now", flush=True)


if __name__ == "__main__":
    main()
