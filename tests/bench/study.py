#!/usr/bin/env python3
"""Runs the twins of a data set over seeds at equal compute and prints the README's tables (Markdown).

  study.py --ddil ./ddil [--data ring moons] [--methods pd lcm dmd2] [--seeds 5] [--runs FOLDER] [--jobs 2]

Per method three arms that differ in their priors alone: data (plain distillation), ddil (the preset METHOD-ddil), student
(student states only). The ddil arm runs as its preset says; the other two get its network evaluations as their budget
(run.budget_nfe), so that a cheaper step buys more steps. Runs are kept in the folder and not repeated. Intervals are
Student's t over seeds, 95 %; differences are paired by seed (same noise, same judge).

Two distances (squared sliced Wasserstein x 1000): to the data, which is the teacher's own law where the teacher is exact and not
guided (ring), and to LAW samples of the teacher in 64 steps from other noise. Its floor is what two such sets score."""
import argparse
import csv
import glob
import json
import math
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

LAW = 4000
T95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
ARMS = {
    "data": ("", []),
    "ddil": ("-ddil", []),
    "student": ("-ddil", ["source.beta_data=0", "source.beta_teacher=0", "source.beta_student=1", "source.beta_floor=0"]),
}


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def folder_of(runs, name):
    found = glob.glob(os.path.join(runs, "[0-9]*-" + name))
    return found[0] if found else None


def finished(folder):
    return folder and os.path.exists(os.path.join(folder, "eval.csv")) and rows(os.path.join(folder, "eval.csv"))


def nfe_of(ddil, runs, name):
    text = subprocess.run([ddil, "show", name, "--runs", runs, "--json"], capture_output=True, text=True, check=True).stdout
    return json.loads(text)["nfe"]


def run(ddil, runs, preset, name, seed, sets, threads):
    if not finished(folder_of(runs, name)):
        command = [ddil, "run", preset, "--runs", runs, "--name", name, "--seed", str(seed), "--quiet", "--threads",
                   str(threads)]
        for assignment in sets:
            command += ["-s", assignment]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            print(f"{name}: {done.stderr.strip()[-300:]}", file=sys.stderr)
            return None
    return folder_of(runs, name)


def to_teacher(ddil, runs, name, seed):
    """Of the student's samples to the teacher's own law, and of the teacher's to it."""
    with tempfile.TemporaryDirectory() as work:
        def draw(label, seed, *how):
            file = os.path.join(work, label)
            subprocess.run([ddil, "sample", name, "--runs", runs, "-n", str(LAW), "--seed", str(seed), "--quiet", "-o", file,
                            *how], check=True, stdout=subprocess.DEVNULL)
            return file
        law = draw("law.npy", 1000 + seed, "--teacher", "--steps", "64")
        again = draw("again.npy", 2000 + seed, "--teacher", "--steps", "64")
        own = draw("own.npy", 2000 + seed)
        def distance(file):
            text = subprocess.run([ddil, "metrics", law, file, "--json"], capture_output=True, text=True, check=True).stdout
            return json.loads(text)["metrics"]["sw2"]
        return distance(own), distance(again)


def figures(folder, ddil, runs, seed):
    """The last evaluation and the last shift of a run."""
    if not folder:
        return {}
    found = {}
    found["law"], found["floor"] = to_teacher(ddil, runs, os.path.basename(folder), seed)
    for key, value in rows(os.path.join(folder, "eval.csv"))[-1].items():
        if value and not key.endswith(("_low", "_high")):
            found[key] = float(value)
    shift = rows(os.path.join(folder, "shift.csv"))
    for r in shift:
        if r["step"] == shift[-1]["step"]:
            found["ratio " + r["i"]] = float(r["ratio"])
            found["paired " + r["i"]] = float(r["paired"])
    return found


def mean_interval(values):
    n = len(values)
    mean = sum(values) / n
    if n < 2:
        return mean, math.nan
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1))
    return mean, T95.get(n, 1.96) * spread / math.sqrt(n)


def number(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def cell(values, scale=1.0):
    values = [v * scale for v in values if v is not None and math.isfinite(v)]
    if not values:
        return "-"
    mean, reach = mean_interval(values)
    return f"{number(mean)} ± {number(reach)}" if math.isfinite(reach) else number(mean)


def column(results, key):
    return [r.get(key) for r in results]


def paired(a, b, scale=1.0):
    both = [(x - y) for x, y in zip(a, b) if x is not None and y is not None and math.isfinite(x) and math.isfinite(y)]
    return cell(both, scale)


def study(options, data, method):
    runs, seeds = options.runs, range(1, options.seeds + 1)
    results = {}
    budget = {}

    def one(arm, seed):
        suffix, sets = ARMS[arm]
        if arm != "ddil":
            sets = sets + [f"run.budget_nfe={budget[seed]:.0f}", "run.steps=1000000"]
        name = f"{data}-{method}-{arm}-s{seed}"
        folder = run(options.ddil, runs, f"{data}-{method}{suffix}", name, seed, sets + options.set, options.threads)
        return figures(folder, options.ddil, runs, seed)

    with ThreadPoolExecutor(options.jobs) as pool:
        results["ddil"] = list(pool.map(lambda s: one("ddil", s), seeds))
        for seed in seeds:
            budget[seed] = nfe_of(options.ddil, runs, f"{data}-{method}-ddil-s{seed}")
        for arm in ("data", "student"):
            results[arm] = list(pool.map(lambda s: one(arm, s), seeds))
    return results


def print_table(data, method, results):
    steps = sorted({k.split()[1] for r in results["ddil"] for k in r if k.startswith("ratio ")}, key=int, reverse=True)
    print(f"\n**{data}, {method}**, {len(results['ddil'])} seeds\n")
    print("| arm | " + " | ".join(f"own/forward i={i}" for i in steps) + " | paired error i=1 x 1e4 | sw2 to the teacher | sw2 to the data | modes | within 3 sigma |")
    print("|" + "---|" * (len(steps) + 6))
    for arm in ("data", "student", "ddil"):
        r = results[arm]
        print(f"| {arm} | " + " | ".join(cell(column(r, "ratio " + i)) for i in steps) +
              f" | {cell(column(r, 'paired 1'), 1e4)} | {cell(column(r, 'law'), 1000)} | {cell(column(r, 'sw2'), 1000)} | {cell(column(r, 'modes'))}"
              f" | {cell(column(r, 'within3sigma'))} |")
    for other in ("data", "student"):
        a, b = results["ddil"], results[other]
        print(f"| ddil - {other} | " + " | ".join(paired(column(a, "ratio " + i), column(b, "ratio " + i)) for i in steps) +
              f" | {paired(column(a, 'paired 1'), column(b, 'paired 1'), 1e4)} | {paired(column(a, 'law'), column(b, 'law'), 1000)} | {paired(column(a, 'sw2'), column(b, 'sw2'), 1000)}"
              f" | {paired(column(a, 'modes'), column(b, 'modes'))} | {paired(column(a, 'within3sigma'), column(b, 'within3sigma'))} |")
    print(f"\nThe teacher against its own law: {cell(column(results['ddil'], 'floor'), 1000)}.")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ddil", default="./ddil")
    parser.add_argument("--runs", default="study-runs")
    parser.add_argument("--data", nargs="+", default=["ring", "moons"])
    parser.add_argument("--methods", nargs="+", default=["pd", "lcm", "dmd2"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-s", "--set", action="append", default=[], help="section.key=value for every arm")
    options = parser.parse_args()
    os.makedirs(options.runs, exist_ok=True)
    for data in options.data:
        for method in options.methods:
            print_table(data, method, study(options, data, method))


if __name__ == "__main__":
    main()
