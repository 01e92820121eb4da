#!/usr/bin/env python3
"""CPU seconds until a student is good: good_student.py [--ddil PROGRAM] [--seeds 1-3] [--every N] PRESET=FRECHET...

Each preset is run as `ddil run` runs it, with one thread and as many seeds, evaluated on 2,000 pictures every so many steps. A line a run: the CPU
seconds of the process (its start and the evaluations in them) and the step from which its few-step frechet stays below FRECHET to the end, and the
frechet and CPU seconds of its last step. The report after that is not waited for. Seconds hold for one machine; the ratio of two programs on it says more.
"""
import argparse
import configparser
import csv
import glob
import statistics
import tempfile
import time

from steps import launch, seconds, stop


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ddil", default="./ddil")
    parser.add_argument("--seeds", default="1-3")
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--steps", type=int, help="instead of the preset's")
    parser.add_argument("goals", nargs="+", metavar="PRESET=FRECHET")
    return parser.parse_args()


def evaluations(folder: str) -> list[tuple[int, float]]:
    """Step and frechet of each evaluation there is."""
    paths = glob.glob(f"{folder}/0*/eval.csv")
    if not paths:
        return []
    with open(paths[0]) as file:
        rows = [row for row in csv.DictReader(file) if row.get("frechet")]
    return [(int(row["step"]), float(row["frechet"])) for row in rows]


def planned(folder: str) -> int:
    """The steps that the run is to take."""
    config = configparser.ConfigParser()
    config.read(glob.glob(f"{folder}/0*/run.ini"))
    return config.getint("run", "steps")


def watch(options: argparse.Namespace, preset: str, seed: int) -> list[tuple[float, int, float]]:
    """CPU seconds, step and frechet of each evaluation of a run that is stopped after its last."""
    words = ["run", preset, "--threads", "1", "--seed", str(seed), "--quiet", "-s", f"run.eval_every={options.every}", "-s", "run.eval_samples=2000"]
    words += ["--steps", str(options.steps)] if options.steps else []
    seen: list[tuple[float, int, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        run = launch(options.ddil, *words, "--runs", folder)
        while run.poll() is None and not (seen and seen[-1][1] == planned(folder)):
            spent, rows = seconds(run.pid), evaluations(folder)
            seen += [(spent, *row) for row in rows[len(seen):]]
            time.sleep(0.05)
        stop(run, bool(seen))
    return seen


def stays(seen: list[tuple[float, int, float]], goal: float) -> tuple[float, int] | None:
    """CPU seconds and step from which all are below the goal."""
    since = None
    for spent, step, frechet in seen:
        if frechet > goal:
            since = None
        elif since is None:
            since = (spent, step)
    return since


def main() -> None:
    options = arguments()
    first, _, last = options.seeds.partition("-")
    for goal in options.goals:
        preset, _, value = goal.partition("=")
        reached = []
        for seed in range(int(first), int(last or first) + 1):
            seen = watch(options, preset, seed)
            spent, step, frechet = seen[-1]
            since = stays(seen, float(value))
            reached.append(since[0] if since else float("inf"))
            when = f"below {value} from {since[0]:.0f} CPU s on, step {since[1]}" if since else f"not below {value}"
            print(f"{preset}, seed {seed}: {when}; {frechet:.3f} at step {step}, {spent:.0f} CPU s", flush=True)
        print(f"{preset}: median {statistics.median(reached):.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
