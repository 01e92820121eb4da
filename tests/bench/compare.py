#!/usr/bin/env python3
"""Our steps beside PyTorch's, on this machine, now: `make bench` runs it after the table of `ddil bench`.

usage: compare.py [--ddil PROGRAM] [--rounds K] [--seconds S] [--threads N] [--all] [--only NAME]...

Method. A shared machine drifts, so only ratios within one run mean anything. Each round times a step on our side and
at once on the peer's, each in a fresh process; which side goes first alternates; a ratio is the median over rounds of
the round's ratio of medians over steps, and lies between the two in brackets in all of them. Both sides warm up, with
the same network, batch, arithmetic and number of threads.

The peer gets every configuration it may be best in: OpenBLAS as the system has it and, for more than one thread, on
OpenMP (Debian's libopenblas0-openmp, or the folder in $OPENBLAS_OPENMP), because the default mixes two thread pools;
glibc's allocator as it comes, told to keep its memory, or jemalloc (libjemalloc2) told the same; for pictures
channels-last memory; torch.inference_mode for sampling; and the network traced, for sampling frozen and optimised
too. All of them are timed once, briefly, which is printed as `once`; the fastest KEPT go through the rounds (--all: all
of them), and '*' marks the one to compare with. Beside a program that uses AVX2 alone (this CPU's most, or built with
CPPFLAGS=-DKERNEL_MOST=CPU_AVX2) the peer and its libraries are held to AVX2 too.

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
HELD = {'avx2': {'ATEN_CPU_CAPABILITY': 'avx2', 'DNNL_MAX_CPU_ISA': 'AVX2', 'OPENBLAS_CORETYPE': 'Haswell'}}
KEPT = 3  # configurations of the peer that go through the rounds


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


def jemalloc():
    return next(iter(glob.glob('/usr/lib/*/libjemalloc.so.2')), None)


def allocators():
    kept = {'MALLOC_TRIM_THRESHOLD_': str(4 << 30), 'MALLOC_MMAP_THRESHOLD_': str(4 << 30),
            'MALLOC_TOP_PAD_': str(200 << 20)}
    found = {'default': {}, 'allocator kept': kept}
    if jemalloc():
        found['jemalloc'] = {'LD_PRELOAD': jemalloc(), 'MALLOC_CONF': 'dirty_decay_ms:-1,muzzy_decay_ms:-1'}
    return found


def peer_variants(step, threads):
    """{label: (environment, arguments)}"""
    libraries = {'': {}}
    if threads > 1 and openmp_folder():
        libraries[', openmp'] = {'LD_LIBRARY_PATH': openmp_folder()}
    layouts, modes = {'': []}, {'': [], ', traced': ['--mode', 'traced']}
    if step.startswith('image'):
        layouts[', channels last'] = ['--channels-last']
    if step.startswith('image-sample'):
        modes[', inference mode'] = ['--mode', 'inference']
    return {a + b + c + d: ({**allocators()[a], **libraries[b]}, layouts[c] + modes[d])
            for a in allocators() for b in libraries for c in layouts for d in modes}


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


def run_peer(options, step, threads, variant, seconds):
    environment, arguments = variant
    return run([options.torch, os.path.join(HERE, 'torch_bench.py'), '--only', step, '--threads', str(threads),
                '--seconds', str(seconds)] + arguments, {**environment, **options.held})


def fastest(options, step, threads, variants):
    """Times every configuration once; the labels of the fastest."""
    speed = {}
    for label, variant in variants.items():
        speed[label] = run_peer(options, step, threads, variant, options.seconds / 3)['steps_per_second']
        print(f"{step:<15}{threads:>8}{'once':>10}{speed[label]:>10.2f}{'':>34}  {label}", flush=True)
    return sorted(variants, key=speed.get, reverse=True)[:None if options.all else KEPT]


def compare(options, step, threads):
    variants = peer_variants(step, threads)
    ours, peers = [], {label: [] for label in fastest(options, step, threads, variants)}
    for i in range(options.rounds):
        if i % 2 == 0:
            ours.append(run_ours(options, step, threads))
        for label in peers:
            peers[label].append(run_peer(options, step, threads, variants[label], options.seconds))
        if i % 2 == 1:
            ours.append(run_ours(options, step, threads))
    show(step, threads, ours, peers)


def ratios(ours, peer, key):
    return [a[key] / b[key] for a, b in zip(ours, peer)]


def show(step, threads, ours, peers):
    median = statistics.median
    speed = {label: median(r['steps_per_second'] for r in rounds) for label, rounds in peers.items()}
    mine, best = median(r['steps_per_second'] for r in ours), max(speed, key=speed.get)
    for label, rounds in peers.items():
        ratio = ratios(ours, rounds, 'steps_per_second')
        cpu = median(ratios(rounds, ours, 'cpu_seconds_per_step'))
        spread = f'[{min(ratio):.2f} {max(ratio):.2f}]'
        print(f"{step:<15}{threads:>8}{mine:>10.2f}{speed[label]:>10.2f}{median(ratio):>6.2f}"
              f"{'*' if label == best else ' '}{spread:>12}"
              f"{median(ratios(ours, rounds, 'best_steps_per_second')):>7.2f}"
              f"{f'{cpu:.2f}' if threads == 1 else '-':>6}"
              f"{median(ratios(ours, rounds, 'peak_rss_mib')):>6.2f}  {label}", flush=True)


def machine_of(ddil):
    return run([ddil, 'bench', 'mlp2d-train', '--json', '--quick', '--threads', '1'])['machine']


def host(machine):
    """Whose figures these are."""
    return f"{machine['cpu']}, {machine['simd']}, {machine['cores']} cores, load {os.getloadavg()[0]:.1f}"


def main():
    parser = argparse.ArgumentParser(description='Our steps beside PyTorch\'s.')
    parser.add_argument('--ddil', default=os.environ.get('DDIL', os.path.join(HERE, '../../ddil')))
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=3, help='a step and round; 1 or less: ddil bench --quick')
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)), help='the larger number')
    parser.add_argument('--all', action='store_true', help='every configuration of the peer in every round')
    parser.add_argument('--only', action='append', choices=STEPS)
    options = parser.parse_args()
    options.torch = find_torch()
    if not options.torch:
        print('no PyTorch here, so no comparison with it (Debian: apt install python3-torch)')
        return
    if options.threads > 1 and not openmp_folder():
        print('without libopenblas0-openmp PyTorch is not at its best on several threads')
    machine = machine_of(options.ddil)
    options.held = HELD.get(machine['simd'], {})
    print(host(machine))
    print(f"{'step':<15}{'threads':>8}{'ours/s':>10}{'torch/s':>10}{'ratio':>6}{'[least most]':>13}{'best':>7}{'cpu':>6}"
          f"{'RSS':>6}  peer")
    for step in options.only or STEPS:
        for threads in sorted({1, options.threads}):
            compare(options, step, threads)


main()
