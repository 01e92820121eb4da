#!/usr/bin/env python3
"""The engine beside the bars it was built to: fractions of the machine's peak, threads, a busy neighbour. `make bench`
calls it.

usage: bars.py [--ddil PROGRAM] [--steps BENCH_STEPS] [--rounds K]

Each line is a ratio of two measurements of the same minute, the median over rounds, then the bar. Fractions of the
peak are of CPU time, which others on the machine disturb less; the other lines mean little unless it is quiet. The
busy neighbour is a process that spins, tied to one of the cores that the engine uses; a pool that spins at barriers
or deals out its work beforehand falls to a tenth of one thread there. The last line runs twice as many small
trainings at once as there are cores, each on all cores: the slowest one's speed over the fastest one's.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys

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


def together(options, cores):
    children = [start_bench(options, 'mlp2d-train', cores) for _ in range(2 * cores)]
    speeds = [result(child)['steps'][-1]['steps_per_second'] for child in children]
    return min(speeds) / max(speeds)


def of_peak(machine, step):
    return step['flops_per_step'] / step['cpu_seconds_per_step'] / (machine['fma_gflops_1'] * 1e9)


def one_round(options, cores):
    machine, image = bench(options, 'image-train', cores)
    other, points = bench(options, 'mlp2d-train', cores)
    found = {'convolutions': convolutions(options, machine['fma_gflops_1']) if options.steps else None,
             'image': of_peak(machine, image[1]), 'points': of_peak(other, points[1]),
             'threads': None, 'neighbour': None, 'together': None}
    if cores > 1:
        one = image[1]['steps_per_second']
        found.update(threads=image[cores]['steps_per_second'] / one, neighbour=beside_neighbour(options, cores) / one,
                     together=together(options, cores))
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
        'together': (f'{2 * cores} x mlp2d-train at once, slowest over fastest', 0.8),
    }
    rounds = [one_round(options, cores) for _ in range(options.rounds)]
    for key, (what, bar) in lines.items():
        if rounds[0][key] is not None:
            value = statistics.median(r[key] for r in rounds)
            print(f'{what:<58}{value:>7.2f}   bar {bar:.2f}   {"met" if value >= bar else "below"}', flush=True)


main()
