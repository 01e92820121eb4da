"""What the Python client costs a training loop: trainer.py [STEPS]. Medians in microseconds, and the share of a 5 ms step, with a
workbench open on the folder where DDIL names the program."""
import os, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "assets", "python"))
import ddil_lab

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
NAMES = [f"value{i}" for i in range(10)]


def median(x):
    return sorted(x)[len(x) // 2]


def micro(folder):
    """A loop of nothing but the client: what one log of ten values and one turn of the loop take."""
    run, log, poll = ddil_lab.Run(folder, "micro", steps=STEPS), [], []
    values = {name: 0.1 + i for i, name in enumerate(NAMES)}
    clock = time.perf_counter
    while True:
        begin = clock()
        if next(run, None) is None:
            break
        middle = clock()
        run.log(**values)
        poll.append(middle - begin)
        log.append(clock() - middle)
        if run.step % 100 == 0:
            time.sleep(0.001)  # else its thread never has a turn
    run.close()
    print(f"log of ten values {median(log) * 1e6:.2f} us, poll {median(poll) * 1e6:.2f} us (medians of {len(log)})")


def burn(seconds):
    """CPU work of that length, as a step is."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def share(folder, steps=400):
    """CPU of the process beyond that of its 5 ms steps."""
    def spent(make):
        run = make()
        begin = time.process_time()
        for _ in run:
            burn(0.005)
            if hasattr(run, "log"):
                run.log(**{name: 1.0 for name in NAMES})
        used = time.process_time() - begin
        getattr(run, "close", lambda: None)()
        return used
    bare = min(spent(lambda: range(steps)) for _ in range(3))
    with_it = min(spent(lambda: ddil_lab.Run(folder, "share", steps=steps)) for _ in range(3))
    print(f"5 ms steps: {100 * (with_it / bare - 1):.2f} % of CPU more with the client")


with tempfile.TemporaryDirectory() as folder:
    viewer = None
    if os.environ.get("DDIL"):
        viewer = subprocess.Popen(["script", "-qc", f"{os.environ['DDIL']} --runs {folder} --size 120x40", "/dev/null"],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm-256color"})
    micro(folder)
    share(folder)
    if viewer:
        viewer.stdin.write(b"q")
        viewer.stdin.close()
        viewer.wait(20)
