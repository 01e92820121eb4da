#!/usr/bin/env python3
"""From the start of `ddil run PRESET` to what it shows first. Prints CPU seconds of all threads, which a busy machine
leaves as they are, and seconds of the clock.

usage: start.py [--ddil PROGRAM]... [--times N] [--only WHAT] [PRESET]...

Two programs alternate, and the second one's line has the ratio: how many times sooner it is than the first.
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

HERE = os.path.dirname(os.path.abspath(__file__))
TICKS = os.sysconf('SC_CLK_TCK')


def rows(folder, log):
    for path in glob.glob(os.path.join(folder, '0*', log)):
        with open(path, encoding='ascii') as file:
            return file.read().splitlines()[1:]
    return []


# What there is to see, and whether it is there. A column of the shift ends with i = 1.
FIRSTS = {
    'first column of the shift': lambda folder: any(row.split(',')[1] == '1' for row in rows(folder, 'shift.csv')),
    'first samples': lambda folder: glob.glob(os.path.join(folder, '0*', 'samples', 'step-*.png')),
    'first row of the loss': lambda folder: rows(folder, 'metrics.csv'),
}


def cpu_of(pid):
    with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def start(program, preset, firsts):
    """{what: (CPU seconds, seconds)}"""
    folder, seen = tempfile.mkdtemp(prefix='ddil-start.'), {}
    began = time.monotonic()
    process = subprocess.Popen([program, 'run', preset, '--quiet', '--runs', folder], stdout=subprocess.DEVNULL)
    try:
        while len(seen) < len(firsts) and process.poll() is None:
            for what, there in firsts.items():
                if what not in seen and there(folder):
                    seen[what] = cpu_of(process.pid), time.monotonic() - began
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
    return seen


def main():
    parser = argparse.ArgumentParser(description='From the start of a run to what it shows first.')
    parser.add_argument('--ddil', action='append')
    parser.add_argument('--times', type=int, default=5)
    parser.add_argument('--only', default='', help='part of the name of what is waited for, as column')
    parser.add_argument('preset', nargs='*', default=['quickstart', 'fashion-pd-ddil'])
    options = parser.parse_args()
    firsts = {what: FIRSTS[what] for what in FIRSTS if options.only in what}
    programs = [os.path.abspath(p) for p in options.ddil or [os.environ.get('DDIL', os.path.join(HERE, '../../ddil'))]]
    for preset in options.preset:
        took = [[] for _ in programs]
        for _ in range(options.times):
            for program, one in zip(programs, took):
                one.append(start(program, preset, firsts))
        for what in firsts:
            first = None
            for program, one in zip(programs, took):
                cpu, wall = (statistics.median(run[what][k] for run in one) for k in (0, 1))
                first = first or cpu
                print(f'{preset:<18}{what:<28}{cpu:>7.2f} CPU s{wall:>8.2f} s{first / cpu:>7.2f}   {program}', flush=True)


sys.exit(main())
