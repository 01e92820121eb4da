"""Tests as functions named test_...; prints TAP. Waits for conditions, with a limit."""
import os, sys, tempfile, time, traceback

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "assets", "python"))
LIMIT = 20 * int(os.environ.get("PATIENCE", 3))  # seconds; run.sh


def wait(condition, what="what was waited for"):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {LIMIT} s")
        time.sleep(0.01)


def read(*path):
    try:
        with open(os.path.join(*path), errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def skip(why):
    print(f"1..1\nok 1 # SKIP {why}")
    sys.exit(0)


def main(names):
    tests = [(name, test) for name, test in names.items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(folder)
                print(f"ok {number} {name}", flush=True)
            except Exception:
                failed += 1
                print("# " + traceback.format_exc().replace("\n", "\n# "))
                print(f"not ok {number} {name}", flush=True)
    sys.exit(failed > 0)
