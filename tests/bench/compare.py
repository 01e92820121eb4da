#!/usr/bin/env python3
"""Our steps beside PyTorch's, on this machine, now: `make bench` runs it after the table of `ddil bench`.

usage: compare.py [--ddil PROGRAM] [--rounds K] [--seconds S] [--threads N] [--only NAME]...

Method. A shared machine drifts, so only ratios within one run mean anything. Each round times a step on our side and
at once on the peer's, each in a fresh process; which side goes first alternates; a number is the median over rounds of
medians over steps. Both sides warm up, with the same network, batch, arithmetic and number of threads.

The peer gets every configuration it may be best in, and '*' marks the one to compare with: the system's OpenBLAS;
for more than one thread OpenBLAS on OpenMP (Debian's libopenblas0-openmp, or the folder in $OPENBLAS_OPENMP), because
the default mixes two thread pools; and for pictures channels-last memory.

Columns: steps a second on both sides and their ratio; `best` is the ratio of the fastest steps seen, `cpu` of CPU
seconds a step (one thread only: idle OpenMP threads spin), both less disturbed by others than the ratio itself; the
last is our peak of resident memory over the peer's.
"""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = ('mlp2d-train', 'image-train', 'image-sample-1', 'image-sample-4')
KEYS = ('steps_per_second', 'best_steps_per_second', 'cpu_seconds_per_step', 'peak_rss_mib')


def find_torch():
    """An interpreter that has torch, or None."""
    for python in dict.fromkeys((sys.executable, '/usr/bin/python3')):
        if os.path.exists(python) and not subprocess.run(
                [python, '-c', 'import torch'], stderr=subprocess.DEVNULL).returncode:
            return python
    return None


def openmp_folder():
    named = os.environ.get('OPENBLAS_OPENMP')
    return named or next(iter(glob.glob('/usr/lib/*/openblas-openmp')), None)


def peer_variants(step, threads):
    """{label: (environment, arguments)}"""
    libraries = {'default': {}}
    if threads > 1 and openmp_folder():
        libraries['openmp'] = {'LD_LIBRARY_PATH': openmp_folder()}
    layouts = {'': []}
    if step.startswith('image'):
        layouts[', channels last'] = ['--channels-last']
    return {a + b: (libraries[a], layouts[b]) for a in libraries for b in layouts}


def run(command, environment=None):
    free = {k: v for k, v in os.environ.items() if not k.startswith('OPENBLAS_')}  # a forced core type only slows
    done = subprocess.run(command, env={**free, **(environment or {})}, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f'compare: {" ".join(command)} ended with {done.returncode}')
    return json.loads(done.stdout)


def run_ours(options, step, threads):
    seconds = [] if options.seconds > 1 else ['--quick']
    steps = run([options.ddil, 'bench', step, '--json', '--threads', str(threads)] + seconds)['steps']
    return next(s for s in steps if s['threads'] == threads)


def run_peer(options, step, threads, variant):
    environment, arguments = variant
    return run([options.torch, os.path.join(HERE, 'torch_bench.py'), '--only', step, '--threads', str(threads),
                '--seconds', str(options.seconds)] + arguments, environment)


def medians(rounds):
    return {key: statistics.median(r[key] for r in rounds) for key in KEYS}


def compare(options, step, threads):
    variants = peer_variants(step, threads)
    ours, peers = [], {label: [] for label in variants}
    for i in range(options.rounds):
        if i % 2 == 0:
            ours.append(run_ours(options, step, threads))
        for label, variant in variants.items():
            peers[label].append(run_peer(options, step, threads, variant))
        if i % 2 == 1:
            ours.append(run_ours(options, step, threads))
    show(step, threads, medians(ours), {label: medians(rounds) for label, rounds in peers.items()})


def show(step, threads, mine, peers):
    speed = {label: peer['steps_per_second'] for label, peer in peers.items()}
    best = max(speed, key=speed.get)
    for label, peer in peers.items():
        cpu = peer['cpu_seconds_per_step'] / mine['cpu_seconds_per_step']
        print(f"{step:<15}{threads:>8}{mine['steps_per_second']:>10.2f}{speed[label]:>10.2f}"
              f"{mine['steps_per_second'] / speed[label]:>8.2f}{'*' if label == best else ' '}"
              f"{mine['best_steps_per_second'] / peer['best_steps_per_second']:>7.2f}"
              f"{f'{cpu:.2f}' if threads == 1 else '-':>8}"
              f"{mine['peak_rss_mib'] / peer['peak_rss_mib']:>8.2f}  {label}", flush=True)


def main():
    parser = argparse.ArgumentParser(description='Our steps beside PyTorch\'s.')
    parser.add_argument('--ddil', default=os.environ.get('DDIL', os.path.join(HERE, '../../ddil')))
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=3, help='a step and round; 1 or less: ddil bench --quick')
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)), help='the larger number')
    parser.add_argument('--only', action='append', choices=STEPS)
    options = parser.parse_args()
    options.torch = find_torch()
    if not options.torch:
        print('no PyTorch here, so no comparison with it (Debian: apt install python3-torch)')
        return
    if options.threads > 1 and not openmp_folder():
        print('without libopenblas0-openmp PyTorch is not at its best on several threads')
    print(f"{'step':<15}{'threads':>8}{'ours/s':>10}{'torch/s':>10}{'ratio':>8} {'best':>7}{'cpu':>8}{'RSS':>8}  peer")
    for step in options.only or STEPS:
        for threads in sorted({1, options.threads}):
            compare(options, step, threads)


main()
