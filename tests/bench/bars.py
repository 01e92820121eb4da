#!/usr/bin/env python3
"""The engine beside the bars it was built to: fractions of the machine's peak, threads, a busy neighbour. `make bench`
calls it.

usage: bars.py [--ddil PROGRAM] [--steps BENCH_STEPS] [--rounds K]

Each line is a ratio of two measurements of the same minute, the median over rounds, then the bar. Fractions of the
peak are of CPU time, which others on the machine disturb less; the other lines mean little unless it is quiet. The
busy neighbour is a process that spins, tied to one of the cores that the engine uses; a pool that spins at barriers
or deals out its work beforehand falls to a tenth of one thread there. The last two
lines are runs in one workbench: four alike, and a small one beside one whose steps take thirty times as long."""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from terminal import Terminal
from workbench import step_now

HERE = os.path.dirname(os.path.abspath(__file__))
# Of the image network's 3x3 convolutions (bench_steps names them by shape): how many of each there are.
CONVOLUTIONS = {'14x14 32>32': 4, '7x7 96>96': 4, '14x14 4>32': 1, '14x14 32>4': 1}


def start_bench(options, step, threads):
    command = [options.ddil, 'bench', step, '--json', '--quick', '--threads', str(threads)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def result(child):
    out, _ = child.communicate()
    if child.returncode:
        sys.exit(f'bars: ddil bench ended with {child.returncode}')
    return json.loads(out)


def bench(options, step, threads):
    report = result(start_bench(options, step, threads))
    return report['machine'], {s['threads']: s for s in report['steps']}


def convolutions(options, peak):
    """Direct-equivalent flops of the network's 3x3 convolutions over their CPU time, over the peak."""
    out = subprocess.run([options.steps, '1', '2', 'conv'], stdout=subprocess.PIPE, text=True, check=True).stdout
    flops = seconds = 0
    for shape, direction, ms, rate in re.findall(
            r'^conv (\S+ \S+) (\w+) .*CPU +([\d.]+) ms .*, +([\d.]+) GFLOP/s', out, re.M):
        count = CONVOLUTIONS[shape]
        flops += count * float(rate) * float(ms) * 1e6
        seconds += count * float(ms) * 1e-3
    return flops / seconds / (peak * 1e9)


def beside_neighbour(options, cores):
    core = max(os.sched_getaffinity(0))
    busy = subprocess.Popen([sys.executable, '-c', f'import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass'])
    try:
        _, steps = bench(options, 'image-train', cores)
    finally:
        busy.kill()
        busy.wait()
    return steps[cores]['steps_per_second']


def rates(options, presets, seconds=6):
    """Steps a second of runs that one workbench trains at the same time, in the order of the presets."""
    folder = tempfile.mkdtemp(prefix='ddil-bench.')
    terminal = Terminal([os.path.abspath(options.ddil)] + presets + ['--runs', folder, '-s', 'run.steps=1000000', '-s',
                                                                     'student.pretrain_steps=50'], 120, 40)
    def steps():
        return [step_now(folder, f'{i + 1:04}-*') for i in range(len(presets))]
    try:
        while min(steps()) < 20:
            terminal.drain(0.2)
        first, begin = steps(), time.monotonic()
        terminal.drain(seconds)
        last, end = steps(), time.monotonic()
        return [(b - a) / (end - begin) for a, b in zip(first, last)]
    finally:
        terminal.close()
        shutil.rmtree(folder, ignore_errors=True)


def together(options):
    speeds = rates(options, ['quickstart'] * 4)
    return min(speeds) / max(speeds)


def beside_long(options):
    return rates(options, ['quickstart', 'fashion-pd'], 12)[0] / rates(options, ['quickstart'])[0]


def of_peak(machine, step):
    return step['flops_per_step'] / step['cpu_seconds_per_step'] / (machine['fma_gflops_1'] * 1e9)


def one_round(options, cores):
    machine, image = bench(options, 'image-train', cores)
    other, points = bench(options, 'mlp2d-train', cores)
    found = {'convolutions': convolutions(options, machine['fma_gflops_1']) if options.steps else None,
             'image': of_peak(machine, image[1]), 'points': of_peak(other, points[1]),
             'threads': None, 'neighbour': None, 'together': together(options), 'long': beside_long(options)}
    if cores > 1:
        one = image[1]['steps_per_second']
        found.update(threads=image[cores]['steps_per_second'] / one, neighbour=beside_neighbour(options, cores) / one)
    return found


def main():
    parser = argparse.ArgumentParser(description='The engine beside its bars.')
    parser.add_argument('--ddil', default=os.environ.get('DDIL', os.path.join(HERE, '../../ddil')))
    parser.add_argument('--steps', help='the program bench_steps, for the convolutions')
    parser.add_argument('--rounds', type=int, default=3)
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    lines = {
        'convolutions': ('3x3 convolutions, three directions, of the FMA peak', 1.0),
        'image': ('image-train, one thread, of the FMA peak', 0.8),
        'points': ('mlp2d-train, one thread, of the FMA peak', 0.65),
        'threads': (f'image-train, {cores} threads over one', 0.925 * cores),
        'neighbour': (f'image-train, {cores} threads with a core taken, over one', 0.9),
        'together': ('four small runs in one workbench, slowest over fastest', 0.9),
        'long': ('a small run beside one of long steps, over its speed alone', 0.4),
    }
    rounds = [one_round(options, cores) for _ in range(options.rounds)]
    for key, (what, bar) in lines.items():
        if rounds[0][key] is not None:
            value = statistics.median(r[key] for r in rounds)
            print(f'{what:<58}{value:>7.2f}   bar {bar:.2f}   {"met" if value >= bar else "below"}', flush=True)


main()
