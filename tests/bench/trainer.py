#!/usr/bin/env python3
"""What the Python client costs a training loop: trainer.py [--ddil PROGRAM] [--rounds N]

With a workbench open on the folder, in a pseudo-terminal that is read all the time: medians of `log` of ten values and of a turn
of the loop; then the CPU of the process beyond that of its steps, with a run and without in turn, as a share of a 5 ms step.
Steps sleep 5 ms, or compute so long (matrix products, which leave the interpreter, and Python work, which does not). A busy machine
makes caches cold and steps long, and the thread that serves the folder goes by the clock: the sleeping step says least about others.
"""
import argparse, os, statistics, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "assets", "python"))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np
import ddil_lab
from terminal import Terminal

STEP = 0.005
VALUES = {f"value{i}": 0.1 + i / 3 for i in range(10)}
MATRIX = np.random.default_rng(1).normal(size=(200, 200))


def sleeps():
    time.sleep(STEP)


def multiplies():
    end = time.thread_time() + STEP
    while time.thread_time() < end:
        MATRIX @ MATRIX


def interprets():
    end = time.thread_time() + STEP
    while time.thread_time() < end:
        sum(range(100))


def median_us(times):
    return statistics.median(times) * 1e6


def micro(folder, steps=20000):
    """A loop of nothing but the client."""
    run, log, poll, clock = ddil_lab.Run(folder, "micro", steps=steps), [], [], time.perf_counter
    while True:
        begin = clock()
        if next(run, None) is None:
            break
        middle = clock()
        run.log(**VALUES)
        poll.append(middle - begin)
        log.append(clock() - middle)
        if run.step % 100 == 0:
            time.sleep(0.001)  # else its thread never has a turn
    run.close()
    print(f"log of ten values {median_us(log):.2f} us (bar 20), poll {median_us(poll):.2f} us (bar 5), "
          f"medians of {steps}", flush=True)


def spent(folder, work, steps=400):
    """CPU seconds a step of this process: the loop's thread, all others; folder: None for a loop without a run."""
    run = ddil_lab.Run(folder, "share", steps=steps) if folder else None
    time.sleep(0.3)
    whole, own = time.process_time(), time.thread_time()
    for _ in run or range(steps):
        work()
        if run:
            run.log(**VALUES)
    whole, own = time.process_time() - whole, time.thread_time() - own
    if run:
        run.close()
    return own / steps, (whole - own) / steps


def share(folder, work, rounds):
    loop, others = [], []
    for _ in range(rounds):
        bare, with_it = spent(None, work), spent(folder, work)
        loop.append((with_it[0] - bare[0]) * 1e6)
        others.append((with_it[1] - bare[1]) * 1e6)
    loop, others = statistics.median(loop), statistics.median(others)
    print(f"a 5 ms step that {work.__name__}: {loop:.0f} us of CPU more in the loop, {others:.0f} in its thread, "
          f"{100e-6 * (loop + others) / STEP:.2f} % (bar 1), median of {rounds} pairs", flush=True)


def main():
    parser = argparse.ArgumentParser(description="What the Python client costs a training loop.")
    parser.add_argument("--ddil", default=os.environ.get("DDIL", os.path.join(HERE, "../../ddil")))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal([os.path.abspath(options.ddil), "--runs", folder], 120, 40)
        reading = os.fork()  # reads the terminal, so that its CPU is not ours
        if reading == 0:
            while True:
                terminal.read(1)
        try:
            print("load %.1f, %.1f" % os.getloadavg()[:2])
            micro(folder)
            for work in (sleeps, multiplies, interprets):
                share(folder, work, options.rounds)
        finally:
            os.kill(reading, 9)
            os.waitpid(reading, 0)
            terminal.close()


if __name__ == "__main__":
    main()
