#!/usr/bin/env python3
"""What the workbench costs the engine: the same run with and without a screen, alternated. `make bench` calls it.

usage: workbench.py [--ddil PROGRAM] [--rounds K] [--steps N] [--threads T] [--views 123...]

A round does `ddil run quickstart` and, on a pseudo-terminal that is read all the time, the workbench on the same
preset with one view open, pictures as sixels; which comes first alternates. Printed: the ratio of steps a second after
the first tenth of the run, and of CPU seconds of the whole process, medians over rounds: what is drawn on another core
slows nobody but is counted there. The bar is a ratio of 0.98.
"""
import argparse
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from terminal import Terminal

HERE = os.path.dirname(os.path.abspath(__file__))


def settings(options, folder):
    return ['quickstart', '--runs', folder, '--threads', str(options.threads), '-s', f'run.steps={options.steps}',
            '-s', 'student.pretrain_steps=50']


def step_now(folder, run='*'):
    """The last whole row of a run's metrics.csv; -1 before there is one."""
    for path in glob.glob(os.path.join(folder, run, 'metrics.csv')):
        with open(path, 'rb') as file:
            file.seek(max(os.path.getsize(path) - 400, 0))
            lines = file.read().split(b'\n')
        first = lines[-2].split(b',')[0] if len(lines) > 1 else b''
        return int(first) if first.isdigit() else -1
    return -1


def watch(options, folder, pause, alive):
    """Steps a second between the first tenth, where everything is warm, and the end."""
    begin = None
    while True:
        now, step = time.monotonic(), step_now(folder)
        if begin is None and step >= options.steps / 10:
            begin = now, step
        if step >= options.steps:
            return (step - begin[1]) / max(now - begin[0], 1e-9)
        if not alive():
            sys.exit(f'workbench: the program ended at step {step}')
        pause(0.02)


def headless(options, folder):
    child = subprocess.Popen([options.ddil, 'run'] + settings(options, folder) + ['--quiet'],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rate = watch(options, folder, time.sleep, lambda: os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG |
                                                                os.WNOWAIT) is None)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f'workbench: ddil run ended with status {status}')
    return rate, usage.ru_utime + usage.ru_stime


def workbench(options, folder, view):
    terminal = Terminal([options.ddil] + settings(options, folder) + ['--graphics', 'sixel'])
    terminal.drain(1)
    terminal.press(view)
    rate = watch(options, folder, terminal.drain, terminal.alive)
    usage = terminal.close()
    return rate, usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description='What the workbench costs the engine.')
    parser.add_argument('--ddil', default=os.environ.get('DDIL', os.path.join(HERE, '../../ddil')))
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--steps', type=int, default=3000)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--views', default='123')
    options = parser.parse_args()
    options.ddil = os.path.abspath(options.ddil)
    for view in options.views:
        pairs = []
        for number in range(options.rounds):
            pair = {}
            for screen in (True, False) if number % 2 else (False, True):
                folder = tempfile.mkdtemp(prefix='ddil-bench.')
                pair[screen] = workbench(options, folder, view) if screen else headless(options, folder)
                shutil.rmtree(folder)
            pairs.append(pair)
        speed, cpu = (statistics.median(p[True][k] / p[False][k] for p in pairs) for k in (0, 1))
        plain = statistics.median(p[False][0] for p in pairs)
        print(f'workbench, view {view}: ratio {speed:.3f} (bar 0.98)   CPU {cpu:.3f}   ddil run {plain:.0f} steps/s',
              flush=True)


if __name__ == "__main__":
    main()
