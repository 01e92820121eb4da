#!/usr/bin/python3
"""Metrics of many wide rows: `ddil metrics --only frechet` beside the same distance by scipy's sqrtm and by numpy's eigh, whole
processes with their reading, and all metrics together.

usage: frechet.py [--rows 10000] [--dims 2048] [--rounds 3] [--threads 1] [--all]

Prints seconds on the clock and of CPU (user and system), medians over rounds (sqrtm: once), the values, and our share of the
faster one's. Fails when that is over a half, or values are apart by more than 1e-4 of them. --all: all metrics once, with two
threads, against 5 minutes and 1.5 GB. Needs numpy and scipy, best with the program's own OpenBLAS.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
DDIL = os.environ.get('DDIL', os.path.join(ROOT, 'ddil'))
PEER = '''
import sys
import numpy as np
x, y = (np.load(name).astype(np.float64) for name in sys.argv[2:4])
a, b = np.cov(x.T), np.cov(y.T)
if sys.argv[1] == 'sqrtm':
    from scipy.linalg import sqrtm
    root = np.trace(sqrtm(a @ b)).real
else:
    values, vectors = np.linalg.eigh(a)
    half = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    root = np.sqrt(np.maximum(np.linalg.eigvalsh(half @ b @ half), 0)).sum()
apart = x.mean(0) - y.mean(0)
print(repr(float(apart @ apart + np.trace(a) + np.trace(b) - 2 * root)))
'''


def timed(command, threads):
    """Clock seconds, CPU seconds, peak bytes, output."""
    environment = dict(os.environ, OPENBLAS_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads))
    begun = time.monotonic()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit('%s failed' % ' '.join(command[:2]))
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime, 1024 * usage.ru_maxrss, text


def ours(files, threads, more):
    wall, cpu, peak, text = timed([DDIL, 'metrics', *files, '--json', '--threads', str(threads), *more], threads)
    metrics = json.loads(text)['metrics']
    return wall, cpu, peak, metrics


def number(value):
    return value['value'] if isinstance(value, dict) else value


def compare(files, options):
    rows = {'ddil': [], 'eigh': [], 'sqrtm': []}
    value = {}
    for k in range(options.rounds):
        wall, cpu, _, metrics = ours(files, options.threads, ['--only', 'frechet'])
        rows['ddil'].append((wall, cpu))
        value['ddil'] = number(metrics['frechet'])
        for peer in ('eigh', 'sqrtm') if k == 0 else ('eigh',):
            wall, cpu, _, text = timed([sys.executable, '-c', PEER, peer, *files], options.threads)
            rows[peer].append((wall, cpu))
            value[peer] = float(text)
    mid = {who: [statistics.median(column) for column in zip(*times)] for who, times in rows.items()}
    for who, (wall, cpu) in mid.items():
        print('%-6s %8.2f s  %8.2f CPU s  frechet %.9g' % (who, wall, cpu, value[who]))
    best = [min(mid['eigh'][i], mid['sqrtm'][i]) for i in range(2)]
    share = [mid['ddil'][i] / best[i] for i in range(2)]
    apart = max(abs(value[peer] / value['ddil'] - 1) for peer in ('eigh', 'sqrtm'))
    print('of the faster peer\'s: %.2f by the clock, %.2f by CPU; values apart by %.1g' % (*share, apart))
    return share[1] <= 0.5 and apart <= 1e-4


def whole(files):
    wall, cpu, peak, metrics = ours(files, 2, [])
    print('all %d metrics: %.0f s, %.0f CPU s, %.2f GB' % (len(metrics), wall, cpu, peak / 1e9))
    return cpu <= 600 and peak <= 1.5e9


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--rows', type=int, default=10000)
    parser.add_argument('--dims', type=int, default=2048)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--all', action='store_true')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [os.path.join(folder, name) for name in ('a.npy', 'b.npy')]
        rng = np.random.default_rng(1)
        mix = rng.standard_normal((options.dims, options.dims), dtype=np.float32) / options.dims ** .5
        for k, name in enumerate(files):
            rows = rng.standard_normal((options.rows, options.dims), dtype=np.float32) @ mix
            np.save(name, np.maximum(rows * (1 + .1 * k), 0) + .02 * k)
        good = whole(files) if options.all else compare(files, options)
    sys.exit(not good)


if __name__ == '__main__':
    main()
