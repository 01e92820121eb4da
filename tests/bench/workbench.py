#!/usr/bin/env python3
"""What the workbench costs the engine: the same run with and without a screen. `make bench` calls it.

usage: workbench.py [--ddil PROGRAM] [--rounds K] [--seconds S] [--threads T] [--views 123...] [--preset NAME]

`ddil run` and, on a pseudo-terminal that is read all the time, the workbench train the same preset in turns of a few
seconds, each stopped (SIGSTOP) while the other works: a busy machine changes its speed by more than a screen costs from
one half minute to the next, less from one turn to the next. A round is a turn of each, which is first alternates.
Printed for every view: the ratio of steps a second and of CPU seconds a step of the whole processes, medians over
rounds with the error of the mean; what is drawn on another core slows nobody but is counted in the second. The bar is
a ratio of 0.98.
"""
import argparse
import glob
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from terminal import Terminal

HERE = os.path.dirname(os.path.abspath(__file__))
SETTLE = 0.4  # seconds of a turn before it counts: what waited is caught up with
TICK = os.sysconf('SC_CLK_TCK')


def step_now(folder, run='*'):
    """The last whole row of a run's metrics.csv; -1 before there is one."""
    for path in glob.glob(os.path.join(folder, run, 'metrics.csv')):
        with open(path, 'rb') as file:
            file.seek(max(os.path.getsize(path) - 400, 0))
            lines = file.read().split(b'\n')
        first = lines[-2].split(b',')[0] if len(lines) > 1 else b''
        return int(first) if first.isdigit() else -1
    return -1


class Side:
    """One of the two programs: `pause` lets time pass for whoever must read it meanwhile."""
    def __init__(self, folder, pid, pause):
        self.folder, self.pid, self.pause = folder, pid, pause

    def step(self):
        return step_now(self.folder)

    def cpu(self):
        with open(f'/proc/{self.pid}/stat') as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def warm(self):
        """Trains for two seconds, then stops."""
        os.kill(self.pid, signal.SIGCONT)
        end = time.monotonic() + 60
        while self.step() < 0:
            if time.monotonic() > end:
                sys.exit('workbench: no step within a minute')
            self.pause(0.1)
        self.pause(2)
        os.kill(self.pid, signal.SIGSTOP)

    def turn(self, seconds):
        """Goes on for a while: steps a second, CPU seconds a step."""
        os.kill(self.pid, signal.SIGCONT)
        self.pause(SETTLE)
        begin, step, cpu = time.monotonic(), self.step(), self.cpu()
        self.pause(seconds)
        end, steps, used = time.monotonic(), self.step() - step, self.cpu() - cpu
        os.kill(self.pid, signal.SIGSTOP)
        if steps <= 0:
            sys.exit(f'workbench: no step in {seconds} s; give --seconds more')
        return steps / (end - begin), used / steps


def compare(headless, screen, terminal, view, options):
    os.kill(screen.pid, signal.SIGCONT)
    terminal.press(view)
    screen.pause(1)
    os.kill(screen.pid, signal.SIGSTOP)
    speed, cpu, plain = [], [], []
    for number in range(options.rounds):
        result = {}
        for side in (screen, headless) if number % 2 else (headless, screen):
            result[side] = side.turn(options.seconds)
        speed.append(result[screen][0] / result[headless][0])
        cpu.append(result[screen][1] / result[headless][1])
        plain.append(result[headless][0])
    error = statistics.stdev(speed) / len(speed) ** 0.5
    print(f'workbench, view {view}: ratio {statistics.median(speed):.3f} +- {error:.3f} (bar 0.98)   '
          f'CPU {statistics.median(cpu):.3f}   ddil run {statistics.median(plain):.0f} steps/s', flush=True)


def main():
    parser = argparse.ArgumentParser(description='What the workbench costs the engine.')
    parser.add_argument('--ddil', default=os.environ.get('DDIL', os.path.join(HERE, '../../ddil')))
    parser.add_argument('--rounds', type=int, default=10)
    parser.add_argument('--seconds', type=float, default=1.5)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--views', default='1234')
    parser.add_argument('--preset', default='quickstart')
    options = parser.parse_args()
    folder = [tempfile.mkdtemp(prefix='ddil-bench.') for _ in range(2)]
    command = [[os.path.abspath(options.ddil)] + more + [options.preset, '--runs', place, '--threads',
               str(options.threads), '-s', 'run.steps=100000000', '-s', 'student.pretrain_steps=50']
               for more, place in zip((['run', '--quiet'], ['--graphics', 'sixel']), folder)]
    child = subprocess.Popen(command[0], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    terminal = Terminal(command[1])
    os.kill(terminal.pid, signal.SIGSTOP)
    try:
        headless, screen = Side(folder[0], child.pid, time.sleep), Side(folder[1], terminal.pid, terminal.drain)
        headless.warm()
        screen.warm()
        for view in options.views:
            compare(headless, screen, terminal, view, options)
    finally:  # nothing stays behind, stopped
        for pid in (child.pid, terminal.pid):
            os.kill(pid, signal.SIGCONT)
        child.terminate()
        child.wait()
        terminal.close()
        for place in folder:
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
