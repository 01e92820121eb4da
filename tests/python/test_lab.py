"""assets/python/ddil_lab.py by itself: what it writes, what it obeys, what trouble does to it."""
import csv, json, math, os, shutil, struct, subprocess, sys, threading, time
import numpy as np
from tap import main, read, wait
import ddil_lab
from ddil_lab import Int, Real, Run

HERE = os.path.dirname(os.path.abspath(__file__))


def rows(run, name):
    with open(os.path.join(run.path, name), newline="") as file:
        return list(csv.DictReader(file))


def ask(run, line):
    """Sends a command as ddil does; the answer's status and text."""
    tag = str(int.from_bytes(os.urandom(7), "big") + 1)
    ddil_lab._append(os.path.join(run.path, "commands"), f"do {tag} {line}\n")
    found = lambda: [x.split(" ", 5) for x in read(run.path, "answers").splitlines() if x.split(" ")[1] == tag]
    wait(found, f"the answer to {line}")
    return int(found()[0][2]), found()[0][5]


class Loop(threading.Thread):
    """A training loop that takes checkpoints."""
    def __init__(self, run, body=lambda step: None, pace=0.001):
        super().__init__(daemon=True)
        self.run_, self.body, self.pace, self.seen = run, body, pace, []
        self.start()

    def run(self):
        run = self.run_
        for step in run:
            self.seen.append((step, run.params["optimizer.lr"]))
            self.body(step)
            run.log(loss=1 / step)
            time.sleep(self.pace)
            if run.wants_checkpoint:
                path = run.checkpoint_path(".txt")
                open(path, "w").close()
                run.checkpointed(path)


def lab(folder, name="mine", **more):
    more = {"steps": 10**6, "params": {"optimizer.lr": Real(1e-3, 0, 1)}, **more}
    return Run(os.path.join(folder, "runs"), name, **more)


def test_a_loop_is_a_folder(folder):
    run = lab(folder, steps=20, params={"optimizer.lr": Real(1e-3, 0, 1, help='a "rate", small'), "net.wide": True})
    for step in run:
        run.log(loss=1 / step)
        if step == 10:
            run.log(late=float("inf"), **{"a/b c": float("nan")})
            run.note("half, and \x1b[31m no more")
            run.shift(own=[2, 3], forward=[1, 0], mmd2=[0.5, 0.25])
    run.close()
    table = rows(run, "metrics.csv")
    assert [int(r["step"]) for r in table] == list(range(1, 21))
    assert table[0]["late"] == "nan" and table[9]["late"] == "inf" and table[9]["a/b_c"] == "nan"
    assert all(float(r["loss"]) == 1 / int(r["step"]) and r["lr"] == "0.001" for r in table)
    shift = rows(run, "shift.csv")
    assert [(r["i"], r["time"], r["ratio"], r["mmd2"]) for r in shift] == [("2", "1.0", "2.0", "0.5"), ("1", "0.5", "inf", "0.25")]
    texts = [r["text"] for r in rows(run, "events.csv")]
    assert texts == ["state: live", "note: half, and  [31m no more", "state: done"], texts
    assert rows(run, "params.csv")[6]["help"] == 'a "rate", small'
    assert "[net]\nwide = yes" in read(run.path, "run.ini") and "method = external" in read(run.path, "run.ini")
    assert read(run.path, "owner").split()[6:8] == ["done", "20"]


def test_it_obeys(folder):
    run = lab(folder)
    loop = Loop(run)
    wait(lambda: run.step > 5)
    assert ask(run, "pause 1 0 ")[0] == 0
    wait(lambda: run._state == "paused")
    at = run.step
    assert ask(run, "step 1 3 ")[0] == 0
    wait(lambda: run.step == at + 3 and run._state == "paused")
    assert ask(run, "set 1 0 optimizer.lr=0.5\\nrun.steps=900000")[0] == 0
    assert ask(run, "start 1 0 ")[0] == 0
    wait(lambda: run.params["optimizer.lr"] == 0.5)
    assert ask(run, "stop 1 0 ")[0] == 0
    loop.join(10)
    run.close()
    assert not loop.is_alive()
    changed = next(step for step, lr in loop.seen if lr == 0.5)
    marks = [(int(r["step"]), r["text"]) for r in rows(run, "events.csv") if "->" in r["text"]]
    assert marks == [(changed - 1, "optimizer.lr 0.001 -> 0.5, run.steps 1000000 -> 900000")], marks
    saved = [int(r["step"]) for r in rows(run, "checkpoints.csv")]
    assert changed - 1 in saved and loop.seen[-1][0] == saved[-1]
    assert read(run.path, "owner").split()[6] == "paused"


def test_it_refuses_with_reason(folder):
    run = lab(folder)
    for line, why in (("set 1 0 optimizer.rl=1", "is not there"), ("set 1 0 optimizer.lr=7", "outside [0, 1]"),
                      ("set 1 0 optimizer.lr=nan", "no number"), ("set 1 0 run.seed=3", "forks only"),
                      ("set 1 0 optimizer.lr", "section.key=value"), ("step 1 0 ", "how many"), ("dance 1 0 ", "dance"),
                      ("set 1 0 optimizer.lr=0.1\\nshift.every=x", "no whole number")):
        status, text = ask(run, line)
        assert status == 2 and why in text, (line, status, text)
    next(run)
    assert run.params["optimizer.lr"] == 1e-3
    run.close()


def test_a_loop_without_checkpoints_promises_none(folder):
    run = lab(folder)
    next(run)
    assert ask(run, "save 1 0 ") == (2, "its loop has asked for no checkpoint so far")
    assert ask(run, "step 1 1 ") == (0, "takes 1 step at step 1") and ask(run, "stop 1 0 ") == (0, "stops at step 1")
    assert next(run, None) is None
    run.close()
    again = lab(folder, resume=True)  # from its beginning: what was logged is kept
    assert again.start == 0
    again.close()


def test_a_change_while_paused_is_saved_for(folder):
    saved = []
    run = lab(folder, save=lambda path: saved.append((path, run.params["optimizer.lr"])))
    loop = Loop(run, pace=0.001)
    loop.body = lambda step: None
    run._offers = True
    ask(run, "pause 1 0 ")
    wait(lambda: run._state == "paused")
    ask(run, "set 1 0 optimizer.lr=0.25")
    wait(lambda: run.params["optimizer.lr"] == 0.25)
    assert run._last[ddil_lab.SAVED] == run.step and run._state == "paused"
    ask(run, "stop 1 0 ")
    loop.join(10)
    run.close()


def test_garbage_in_the_mailbox_hurts_nobody(folder):
    run = lab(folder)
    path = os.path.join(run.path, "commands")
    for garbage in (b"\x00\xff\x1b[31m\n", b"do\n" * 50, b"do 1 set 1\n", b"x" * 200000 + b"\n", b"do 99999999999999999999 save 1 0 \n",
                    b"do 5 note 1 0 half a l"):
        with open(path, "ab") as file:
            file.write(garbage)
    with open(path, "ab") as file:
        file.write(b"ine\n")
    wait(lambda: "note 5 0" in read(run.path, "answers"))
    line = "do 77 save 1 0 \n"
    for _ in range(3):  # a sender repeats until it is answered
        ddil_lab._append(path, line)
    assert ask(run, "note 1 -1 last")[0] == 0
    assert read(run.path, "answers").count("note 77 ") == 1
    os.truncate(path, 0)
    assert ask(run, "note 1 -1 after a cut")[0] == 0
    run.close()


def test_writers_at_once(folder):
    run = lab(folder)
    code = ("import sys; sys.path.insert(0, sys.argv[1]); import ddil_lab\n"
            "for i in range(50): ddil_lab._append(sys.argv[2], f'do {sys.argv[3]}{i:03d} note 1 -1 from {sys.argv[3]}\\n')")
    there = os.path.dirname(ddil_lab.__file__)
    writers = [subprocess.Popen([sys.executable, "-c", code, there, os.path.join(run.path, "commands"), str(w)]) for w in (1, 2, 3)]
    assert all(w.wait() == 0 for w in writers)
    wait(lambda: read(run.path, "answers").count("\n") == 150)
    assert len({x.split()[1] for x in read(run.path, "answers").splitlines()}) == 150
    run.close()


def test_a_folder_that_goes_and_returns(folder):
    run = lab(folder)
    loop = Loop(run)
    wait(lambda: read(run.path, "metrics.csv").count("\n") > 5)
    os.rename(run.path, run.path + ".away")
    at = run.step
    wait(lambda: run.trouble > 0 and run.step > at + 20)
    os.rename(run.path + ".away", run.path)
    wait(lambda: not run._said)
    ask(run, "stop 1 0 ")
    loop.join(10)
    run.close()
    steps = [int(r["step"]) for r in rows(run, "metrics.csv")]
    assert steps == list(range(1, run.step + 1)) and run.dropped == 0


def test_a_full_disk(folder):
    code = f"""
import sys, resource, signal; sys.path[:0] = [{os.path.dirname(ddil_lab.__file__)!r}]
import ddil_lab, time
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
run = ddil_lab.Run({folder!r}, "full", steps=3000)
for step in run:
    run.log(loss=step, more=1/3 + step)
    if step == 500:  # from 9000 bytes of a file on the disk is full
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, resource.RLIM_INFINITY))
        while not run.trouble: time.sleep(0.01)
    if step == 2000:
        assert run.trouble
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
run.close()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = read(folder, "0001-full", "metrics.csv").splitlines()
    assert [int(x.split(",")[0]) for x in lines[1:]] == list(range(1, 3001))
    assert done.stderr.count("training goes on") == 1, done.stderr


def test_a_disk_so_full_that_nothing_can_be_said(folder):
    """The thread lives on, its count too: it is written over in place, with what is the matter."""
    class Full:
        def write(self, text):
            raise OSError(28, "No space left on device")
        flush = write
    def replace(path, data):
        raise OSError(28, "No space left on device")
    run, errors, replaced = lab(folder), sys.stderr, ddil_lab._replace
    owner = lambda: read(run.path, "owner").split(" ", 10)
    wait(lambda: len(owner()) == 10, "the first owner")
    try:
        sys.stderr, ddil_lab._replace = Full(), replace
        wait(lambda: owner()[10:] == ["trouble: No space left on device\n"], "the trouble")
        beat = int(owner()[5])
        wait(lambda: int(owner()[5]) > beat, "another beat")
    finally:
        sys.stderr, ddil_lab._replace = errors, replaced
    wait(lambda: len(owner()) == 10, "the end of it")
    run.close()


def test_kill_and_resume(folder):
    code = f"""
import sys; sys.path[:0] = [{os.path.dirname(ddil_lab.__file__)!r}]
import ddil_lab, time
run = ddil_lab.Run({folder!r}, "killed", steps=100000, params={{"optimizer.lr": 0.1, "run.checkpoint_every": 20}})
for step in run:
    run.log(loss=step)
    time.sleep(.001)
    if run.wants_checkpoint:
        p = run.checkpoint_path(".txt"); open(p, "w").write(str(step)); run.checkpointed(p)
"""
    child = subprocess.Popen([sys.executable, "-c", code])
    saved = os.path.join(folder, "0001-killed", "checkpoints.csv")
    wait(lambda: read(saved).count("\n") > 4)
    try:
        Run(folder, "killed", steps=100000, resume=True)
        raise SystemExit("a second trainer was let in")
    except RuntimeError as problem:
        assert "trains there" in str(problem)
    child.kill()
    child.wait()
    with open(os.path.join(folder, "0001-killed", "metrics.csv"), "a") as file:
        file.write("999,half a row")
    before = read(os.path.join(folder, "0001-killed", "metrics.csv")).splitlines()[1:-1]
    run = Run(folder, "killed", steps=100000, params={"optimizer.lr": 0.1, "run.checkpoint_every": 20}, resume=True)
    past = [row for row in before if int(row.split(",")[0]) > run.start]
    assert read(run.path, "metrics.csv.past").splitlines() == (["step,loss,grad_norm,lr", *past] if past else [])
    assert run.start % 20 == 0 and run.start >= 80 and read(run.resumed) == str(run.start)
    assert next(run) == run.start + 1
    run.log(loss=0)
    run.close()
    assert [int(r["step"]) for r in rows(run, "metrics.csv")] == list(range(1, run.start + 2))


def test_the_next_run_has_the_next_number(folder):
    first, second = lab(folder, "a"), lab(folder, "b")
    assert [os.path.basename(r.path) for r in (first, second)] == ["0001-a", "0002-b"]
    first.close(), second.close()
    again = lab(folder, "a", resume=True)
    assert again.path == first.path
    again.close()


def test_an_owner_with_another_clock(folder):
    run = lab(folder)
    run.close()
    owner = os.path.join(run.path, "owner")
    for beats, alive in ((True, True), (False, False)):
        stop = threading.Event()
        def beat():
            count = 1
            while not stop.is_set():
                ddil_lab._replace(owner, f"ddil-owner 1 elsewhere 1 abc {count} live 5 1.0 0\n".encode())
                os.utime(owner, (time.time() - 3600,) * 2)
                count += beats
                time.sleep(0.2)
        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        wait(lambda: " abc 1 live" in read(owner))
        assert bool(ddil_lab._other(run.path, 2)) == alive
        stop.set()
        thread.join()


def test_a_folder_that_comes_late_and_is_anothers(folder):
    runs, beats = os.path.join(folder, "runs"), iter(range(1, 10**6))
    open(runs, "w").close()  # no folder
    run = Run(os.path.join(runs, "0007-late"), steps=10**6)
    assert next(run) == 1 and run.trouble and not run.path
    run.log(loss=1)
    os.remove(runs)
    os.makedirs(os.path.join(runs, "0007-late"))
    owner = os.path.join(runs, "0007-late", "owner")
    def lost():
        ddil_lab._replace(owner, f"ddil-owner 1 elsewhere 1 abc {next(beats)} live 5 1.0 0\n".encode())
        return run._lost or run.path
    run.step = 0  # it has not begun, so it would go on with that
    wait(lost)
    assert run._lost and not run.path
    assert next(run) == 1
    run.close()
    assert os.listdir(os.path.join(runs, "0007-late")) == ["owner"]


def test_what_is_being_written_no_longer_changes(folder):
    """A value logged between steps changes a row that the thread may be about to write."""
    written, extend = [], ddil_lab._extend
    ddil_lab._extend = lambda path, columns, rows: (written.extend(rows), extend(path, columns, rows))
    try:
        run = lab(folder)
        run.log(before=1)
        wait(lambda: any("before" in row for row in written))
        run.log(loss=2)
        assert run._row["loss"] == 2 and not any("loss" in row for row in written)
        run.close()
    finally:
        ddil_lab._extend = extend


def test_a_note_about_the_past_takes_nothing_away(folder):
    """Rows wait for the end of their step, also those of an earlier step behind them."""
    run = lab(folder)
    for step in run:
        run.note(f"at {step}")
        if step == 3:
            assert ask(run, "note 1 1 of long ago")[0] == 0
            wait(lambda: read(run.path, "owner").split()[7:8] == ["3"], "a turn of the thread")
            break
    run.close()
    texts = [r["text"] for r in rows(run, "events.csv")]
    assert sorted(texts) == sorted(["state: live", "note: at 1", "note: at 2", "note: at 3", "note: of long ago", "state: paused"]), texts


def test_a_pause_is_no_training_time(folder):
    run = lab(folder)
    wait(lambda: run._beats)  # the next speed is measured in five seconds
    for step in run:
        run._since = run._since[0] - 1000, run._since[1]  # as if it had taken long
        if step == 5:
            run._pause_at = step
            run.idle = lambda: setattr(run, "_pause_at", math.inf)
        if step == 6:
            break
    assert time.monotonic() - run._since[0] < 1500 and run._since[1] == 5
    run.close()


def test_rows_that_never_reached_the_folder_are_counted(folder):
    run = lab(folder)
    os.rename(run.path, run.path + ".away")
    for step in run:
        run.log(loss=step)
        if step == 7:
            break
    run.close()
    assert run.dropped >= 7


def test_samples_of_any_shape(folder):
    run = lab(folder)
    for images, shape in ((np.zeros((3, 5, 7), np.uint8), [1, 3, 5, 7, 1]), (np.zeros((3, 3, 8, 9)), [1, 3, 8, 9, 3]),
                          (np.full((2, 8, 9, 3), np.nan), [1, 2, 8, 9, 3]), (np.zeros((4, 1, 6, 6)), [1, 4, 6, 6, 1]),
                          (np.zeros((9, 2)), [1, 9, 1, 1, 2]), (np.zeros((64, 3, 512, 512), np.float32), None)):
        run.samples(images, classes=range(len(images)), captions=["a"] * len(images))
        path = os.path.join(run.path, "samples", "latest.safetensors")
        wait(lambda: not run._files and os.path.exists(path))
        def head():
            with open(path, "rb") as file:
                return json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        wait(lambda: shape is None or head()["pictures"]["shape"] == shape, str(shape))
    wait(lambda: head()["pictures"]["shape"][2] < 512)
    assert np.prod(head()["pictures"]["shape"]) <= 2e6
    for bad in (np.zeros(3), np.zeros((2, 5, 5, 4)), np.zeros((2, 7))):
        try:
            run.samples(bad)
            raise SystemExit("accepted")
        except ValueError:
            pass
    run.close()


def test_priors_are_those_of_source_c(folder):
    """test_source holds source_priors against the same lines."""
    n = 0
    for line in read(HERE, "..", "vectors", "priors.txt").splitlines():
        word, *numbers = line.split()
        data, teacher, student, warmup, floor, clock, steps, shift, made, *beta = map(float, numbers)
        params = {"source.beta_data": data, "source.beta_teacher": teacher, "source.beta_student": student, "source.schedule": word,
                  "source.warmup": warmup, "source.beta_floor": floor, "source.capacity": 64, "source.teacher_capacity": 64}
        got = ddil_lab.priors(params, clock, steps, [5.0, shift, shift / 2], (int(made), int(made)))
        assert np.allclose(got, beta, rtol=0, atol=1e-12), (line, got)
        n += 1
    assert n > 100


if __name__ == "__main__":
    main(globals())
