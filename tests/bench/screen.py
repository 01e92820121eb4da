#!/usr/bin/env python3
"""The screen's budgets, measured on a real program behind a pseudo-terminal. `make bench` calls it.

usage: screen.py [--ddil PROGRAM] [--only NAME]...

  paint      from the start of the program to its first screen, for a terminal that never answers
  keys       from a key that changes the view to the first byte of it, 200x60, with pictures, two runs training
  idle       bytes in five seconds when nothing trains
  bandwidth  bytes a second while a run trains and its pictures are shown, and the share of a core that drawing takes
  folder     from the start of the program to its first screen over a folder of 1,000 runs
  attach     from the start of the program to the curves of a run that another process trains
  viewers    a run's steps a second with ten viewers over steps a second with none
  outside    as keys, while another program writes ten runs at 100 rows a second each; and the CPU of that

Times are of the wall clock, so they mean little unless the machine is quiet.
"""
import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from terminal import Terminal
from workbench import step_now

HERE = os.path.dirname(os.path.abspath(__file__))
LONG = ['-s', 'run.steps=2000000', '-s', 'student.pretrain_steps=50']


def line(what, value, unit, bar, below=True):
    met = value <= bar if below else value >= bar
    print(f'{what:<62}{value:>9.3g} {unit:<8} bar {bar:g}   {"met" if met else "MISSED"}', flush=True)


def first_screen(options, folder, **more):
    terminal = Terminal([options.ddil, '--runs', folder], 120, 40, **more)
    terminal.until('Curves')
    seconds = time.monotonic() - terminal.began
    terminal.close()
    return seconds


def paint(options, folder):
    times = [first_screen(options, folder, answers=False) for _ in range(9)]
    line('first paint, no answer from the terminal, median of 9', statistics.median(times) * 1e3, 'ms', 100)


def press_views(terminal, times, what):
    """Changes the view at random moments; milliseconds to the first byte of it."""
    chance, took, view = random.Random(1), [], '1'  # every view differs, so that every key has an answer
    for _ in range(times):
        terminal.drain(0.02 + 0.05 * chance.random())
        while terminal.read(0):
            pass
        begin = time.monotonic()
        view = chance.choice([v for v in '123456' if v != view])
        terminal.press(view)
        if terminal.read(0.5):
            took.append(time.monotonic() - begin)
    took.sort()
    line(f'key to bytes at 200x60, {what}, median of {len(took)}', took[len(took) // 2] * 1e3, 'ms', 20)
    line('the same, 99th percentile', took[len(took) * 99 // 100] * 1e3, 'ms', 20)


def keys(options, folder):
    terminal = Terminal([options.ddil, 'ring-pd-ddil', 'moons-pd-ddil', '--runs', folder] + LONG, 200, 60)
    terminal.drain(4)
    press_views(terminal, 300, 'two runs training')
    terminal.press('q')
    terminal.close()


# Ten runs of the Python client in one process, a row each every 10 ms.
FEED = """
import sys, time
sys.path.insert(0, sys.argv[1])
import ddil_lab
runs = [ddil_lab.Run(sys.argv[2], "outside", steps=10**7, params={"optimizer.lr": 1e-3}) for _ in range(10)]
due = time.monotonic()
while True:
    for run in runs:
        step = next(run)
        run.log(loss=1 / step, grad_norm=step % 7, a=step % 11, b=1 / 3, c=step ** .5)
        if step % 100 == 0:
            run.shift(own=[.1, .4, .3, .2], forward=[.1, .1, .1, .1])
    due += .01
    time.sleep(max(0, due - time.monotonic()))
"""


def rows_of(folder):
    total = 0
    for name in os.listdir(folder):
        path = os.path.join(folder, name, 'metrics.csv')
        if os.path.exists(path):
            with open(path, 'rb') as file:
                total += file.read().count(b'\n') - 1
    return total


def outside(options, folder):
    feed = subprocess.Popen([sys.executable, '-c', FEED, os.path.join(HERE, '..', '..', 'assets', 'python'), folder])
    while rows_of(folder) < 100 and feed.poll() is None:
        time.sleep(0.1)
    terminal = Terminal([options.ddil, '--runs', folder], 200, 60)
    terminal.drain(4)
    begin, rows, screen, whole = time.monotonic(), rows_of(folder), cpu_of_thread(terminal.pid), cpu_of(terminal.pid)
    press_views(terminal, 300, 'ten runs of others')
    seconds, rows = time.monotonic() - begin, rows_of(folder) - rows
    screen, whole = cpu_of_thread(terminal.pid) - screen, cpu_of(terminal.pid) - whole
    print(f'{rows / seconds:.0f} rows a second; CPU of the screen {100 * screen / seconds:.1f} %, of all that reads them '
          f'{100 * (whole - screen) / seconds:.1f} %: {1e6 * (whole - screen) / rows:.1f} us a row; load {os.getloadavg()[0]:.1f}')
    feed.kill()
    feed.wait()
    terminal.press('q')
    terminal.close()


def short_run(options, folder):
    subprocess.run([options.ddil, 'run', 'quickstart', '--quiet', '--steps', '20', '--runs', folder], check=True,
                   stdout=subprocess.DEVNULL)


def idle(options, folder):
    short_run(options, folder)
    terminal = Terminal([options.ddil, '--runs', folder], 120, 40)
    terminal.drain(3)
    before = terminal.received
    terminal.drain(5)
    line('bytes in five idle seconds', terminal.received - before, 'bytes', 0)
    terminal.close()


def cpu_in(path):
    with open(path, encoding='ascii', errors='replace') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def cpu_of_thread(pid):
    """CPU seconds of a process's first thread, which is the screen's."""
    return cpu_in(f'/proc/{pid}/task/{pid}/stat')


def cpu_of(pid):
    return cpu_in(f'/proc/{pid}/stat')


def bandwidth(options, folder):
    """Of a 2-D run, whose pictures change most often."""
    terminal = Terminal([options.ddil, 'quickstart', '--runs', folder] + LONG, 200, 60)
    terminal.drain(3)
    worst = 0
    for view in '234':
        terminal.press(view)
        begin, cpu = time.monotonic(), cpu_of_thread(terminal.pid)
        for _ in range(8):
            before = terminal.received
            terminal.drain(1)
            worst = max(worst, terminal.received - before)
        share = (cpu_of_thread(terminal.pid) - cpu) / (time.monotonic() - begin)
        print(f'share of a core that the thread of the screen takes, view {view:<12}{100 * share:>7.1f} %', flush=True)
    line('most bytes in one of 24 seconds of pictures', worst / 1024, 'KiB', 256)
    terminal.close()


def folder(options, folder):
    short_run(options, folder)
    first = os.path.join(folder, '0001-quickstart')
    for i in range(2, 1001):
        shutil.copytree(first, os.path.join(folder, f'{i:04}-quickstart'), symlinks=True)
    times = [first_screen(options, folder) for _ in range(5)]
    line('first screen over 1,000 runs, median of 5', statistics.median(times) * 1e3, 'ms', 300)


def detached(options, folder):
    subprocess.run([options.ddil, 'run', '--detach', 'ring-pd', '--threads', '1', '--runs', folder] + LONG, check=True,
                   stdout=subprocess.DEVNULL)
    while step_now(folder) < 300:
        time.sleep(0.1)
    with open(os.path.join(folder, '.lock'), encoding='ascii') as file:
        return int(file.read().split()[0])


def end(process):
    os.kill(process, 15)
    while os.path.exists(f'/proc/{process}'):
        time.sleep(0.05)


def attach(options, folder):
    process, times = detached(options, folder), []
    for _ in range(5):
        terminal = Terminal([options.ddil, '--runs', folder], 120, 40)
        terminal.until('attached')
        times.append(time.monotonic() - terminal.began)
        terminal.close()
    end(process)
    line('attach to a run of another process, median of 5', statistics.median(times) * 1e3, 'ms', 1000)


def rate(folder, terminals, seconds):
    def later(wait):
        finish = time.monotonic() + wait
        while time.monotonic() < finish:
            for terminal in terminals:
                terminal.read(0)
            time.sleep(0.01)
    later(1)
    first, begin = step_now(folder), time.monotonic()
    later(seconds)
    return (step_now(folder) - first) / (time.monotonic() - begin)


def viewers(options, folder):
    process, ratios = detached(options, folder), []
    for _ in range(3):
        alone = rate(folder, [], 5)
        terminals = [Terminal([options.ddil, '--readonly', '--runs', folder], 120, 40) for _ in range(10)]
        watched = rate(folder, terminals, 5)
        for terminal in terminals:
            terminal.close()
        ratios.append(watched / ((alone + rate(folder, [], 5)) / 2))
    end(process)
    line('ten viewers: steps a second over none, median of 3', statistics.median(ratios), '', 0.95, below=False)


def main():
    measures = {m.__name__: m for m in (paint, keys, idle, bandwidth, folder, attach, viewers, outside)}
    parser = argparse.ArgumentParser(description='The screen\'s budgets.')
    parser.add_argument('--ddil', default=os.environ.get('DDIL', os.path.join(HERE, '../../ddil')))
    parser.add_argument('--only', action='append', choices=measures)
    options = parser.parse_args()
    options.ddil = os.path.abspath(options.ddil)
    for name in options.only or measures:
        runs = tempfile.mkdtemp(prefix='ddil-bench.')
        try:
            measures[name](options, runs)
        finally:
            shutil.rmtree(runs, ignore_errors=True)
    return 0


sys.exit(main())
