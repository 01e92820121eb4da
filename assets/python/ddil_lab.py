"""Watch and steer any training loop in `ddil`, the workbench for diffusion distillation.

    run = ddil_lab.Run("runs", "mine", steps=20000, params={"optimizer.lr": ddil_lab.Real(1e-4)})
    for step in run:                        # waits while paused, ends when stopped or done
        run.log(loss=train(lr=run.params["optimizer.lr"], origin=run.origins(batch)))
        if run.wants_checkpoint:
            torch.save(..., path := run.checkpoint_path(".pt")), run.checkpointed(path)
    run.close()

One file, Python 3.9, numpy. A thread writes the folder that assets/doc/external.md describes and
obeys the commands in it: the loop never waits for the folder. Trouble with that (full, gone,
read-only) is said once, counted in `run.trouble`, and mended when the folder is back. """
from __future__ import annotations
import atexit, collections, contextlib, csv, functools, itertools, json, math, os, re, socket
import struct, sys, tempfile, threading, time
from typing import Any, Callable, Sequence
import numpy as np

VERSION, DATA, TEACHER, STUDENT = 1, 0, 1, 2  # of the folder; origins
TURN, WRITE, BEAT, SPEED = 0.2, 2, 5, 25  # seconds of the thread's turn; turns between its jobs
KEPT = 1 << 19  # rows of a log that wait for the folder at most
SAVED, SAMPLED, MEASURED = "run.checkpoint_every", "samples.every", "shift.every"
SHIFT = "i time own forward ratio low high mmd2 mmd2_null95 mmd2_teacher paired mmd2_teacher_null95"
LOGS = {"metrics.csv": "step loss grad_norm lr", "shift.csv": "step " + SHIFT,
        "times.csv": "step clock steps_per_s nfe shift_nfe", "events.csv": "step clock text",
        "checkpoints.csv": "step clock path params"}  # last: a checkpoint follows its step's rows

class Param(collections.namedtuple("Param", "type default low high when help unit choices",
                                   defaults=(-1e9, 1e9, "next step", "", "", ()))):
    """A row of the run's table: type int, real, bool, choice or text; when: next step, next round
    or fork only."""
    def read(self, text: Any) -> Any:
        """The value that a text stands for. ValueError: why it is none."""
        word, (what, make) = _text(text), TYPES.get(self.type, ("short line", str))
        ranged = f" or outside [{self.low:g}, {self.high:g}]" if make in (int, float) else ""
        with contextlib.suppress(ValueError):
            value = make(word)
            fits = self.low <= value <= self.high if ranged else word in (self.choices or [word])
            if fits and len(word) <= 200 and word.isprintable(): return value
        raise ValueError(f"is none of {', '.join(self.choices)}" if self.choices else
                         f"is no {what}{ranged}")

BOOLS = ("no", "false", "off", "0", "yes", "true", "on", "1")
TYPES: dict[str, Any] = {"int": ("whole number", int), "real": ("number", float),
                         "bool": ("yes or no", lambda word: BOOLS.index(word.lower()) > 3)}
Real, Int, Bool, Text = (functools.partial(Param, t) for t in ("real", "int", "bool", "text"))
def Choice(default: str, choices: Sequence[str], **more: Any) -> Param:
    return Param("choice", default, choices=tuple(choices), **more)
def _text(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
def _clock() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # where the disk is full a log is, too
        print("ddil_lab:", text, file=sys.stderr, flush=True)

# ---- The mixture of training states: engine/distill/source.c in numpy ----
SCHEDULES = "constant", "linear", "geometric", "indicator", "adaptive", "adaptive_steps"
SOURCE = {
    "source.beta_data": Real(1.0, 0, 1e6, help="Prior of forward-diffused data."),
    "source.beta_teacher": Real(0.0, 0, 1e6, help="Prior of the teacher's trajectories."),
    "source.beta_student": Real(0.0, 0, 1e6, help="Prior of the student's own trajectories."),
    "source.schedule": Choice("constant", SCHEDULES, help="How the priors move in training."),
    "source.warmup": Real(0.1, 0, 1, unit="of the run", help="Data only at first."),
    "source.beta_floor": Real(0.2, 0, 1, help="Least share of data under a moving schedule."),
    "source.capacity": Int(512, 1, 10**6, "fork only", "Size of the student's replay ring."),
    "source.teacher_capacity": Int(1024, 1, 10**6, "fork only", "Size of the teacher's ring.")}

def priors(params: dict[str, Any], clock: float, steps: float, shift: Sequence[float] = (),
           made: Sequence[int] = (0, 0), at: int | None = None) -> np.ndarray:
    """The shares of data, teacher and student in force at `clock` of a run of `steps`. shift: the
    ratios measured last, i = N first; made: roll-outs that the teacher's and the student's rings
    ever took in; at: the sampling step that a sample is drawn for, where each has its own."""
    get = lambda key: params.get("source." + key, SOURCE["source." + key].default)
    beta = np.array([get("beta_data"), get("beta_teacher"), get("beta_student")], float)
    beta = beta / beta.sum() if beta.sum() > 0 else np.array([1.0, 0, 0])
    schedule, warm, floor = get("schedule"), get("warmup") * steps, min(get("beta_floor"), 1)
    def scaled(share: float, beta: np.ndarray = beta) -> np.ndarray:  # data keep the floor
        data, rest = 1 - share * (beta[1] + beta[2]), share * beta[1:]
        rest, data = (rest, data) if data >= floor else (rest * (1 - floor) / (1 - data), floor)
        return np.array([data, *rest])
    def follow(ratio: float) -> np.ndarray:  # the student's: its error that data do not show
        student, others = min(max(1 - 1 / max(ratio, 1e-9), 0.1), 0.7), beta[0] + beta[1]
        data = (1 - student) * (beta[0] / others if others > 0 else 1)
        return scaled(1, np.array([data, 1 - student - data, student]))
    if clock < warm and schedule != "linear": return np.array([1.0, 0, 0])
    if schedule == "linear": return scaled(min(clock / warm, 1) if warm > 0 else 1)
    if schedule == "indicator": return scaled(1 / (1 - beta[0]) if beta[0] < 1 else 1)
    if schedule == "geometric":
        ring, size = (made[1], "capacity") if beta[2] > 0 else (made[0], "teacher_capacity")
        return scaled(1 - 0.5 ** (ring // get(size) + 1))
    if schedule == "adaptive":
        return follow(max((r for r in (shift[1:] or shift) if r == r), default=1.0))
    if schedule == "adaptive_steps":  # i = N is pure noise: no policy leads there
        each = [1.0] + [min(max(r, 0.1), 10) if np.isfinite(r) else 1.0 for r in shift[1:]]
        each = each if at is None else [each[-min(max(at, 1), len(each))]]
        return np.mean([follow(ratio) for ratio in each], axis=0)
    return beta

def draw(beta: np.ndarray, rows: slice, seeds: Sequence[int], at: Any = None) -> np.ndarray:
    """Origins of some rows of a batch, the same for the same seeds. at: their sampling steps; beta
    are the shares at each of them then, i = 1 first."""
    beta = beta if at is None else beta[np.clip([int(i) for i in at], 1, len(beta)) - 1].T
    toss = np.random.default_rng(seeds).random(rows.stop)[rows]
    kind = np.select([toss < beta[2], toss < beta[2] + beta[1]], [STUDENT, TEACHER], DATA)
    return kind.astype("i1")

# ---- Files ----
def _plain(text: str) -> str:  # nothing in it that a terminal would obey
    return "".join(c if c.isprintable() else " " for c in text)
def _cell(text: str) -> str:
    text = _plain(text)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text
def _read(*path: str) -> str:  # however wrong; "" where there is none
    with contextlib.suppress(OSError), open(os.path.join(*path), errors="replace", newline="") as f:
        return f.read().replace("\0", "")
    return ""
def _rows(*path: str) -> list[dict[str, str]]:  # by column; what does not fit is passed over
    cells = [row for line in _read(*path).splitlines() for row in csv.reader([line[:9999]])]
    return [dict(zip(cells[0], row)) for row in cells[1:] if len(row) == len(cells[0])]
def _replace(path: str, data: bytes) -> None:
    with open(path + ".tmp-py", "wb") as file: file.write(data)
    os.replace(file.name, path)
def _write_over(path: str, data: bytes) -> None:  # needs no room; what follows is no part of it
    with open(path, "r+b", buffering=0) as file: file.write(data)
def _append(path: str, text: str, head: str = "") -> None:  # all of it or nothing
    with open(path, "ab", buffering=0) as file:
        size = file.tell()
        data = (text if size else head + text).encode(errors="replace")
        if data and file.write(data) < len(data):
            file.truncate(size)
            raise OSError(f"no space left for {path}")
def _fit(path: str, columns: list[str], last: int = 10**18) -> None:
    """A log without what is no row, and rows past a step: they go to a file of their own, nothing
    is lost. A new column is the last, `nan` so far."""
    text = _read(path)
    head, *rows = text.rpartition("\n")[0].split("\n")
    old = head.split(",") if head else []
    more = ",nan" * len(set(columns) - set(old))
    columns[:] = dict.fromkeys(old + columns)
    steps = [re.match(r"\d{1,18}(?=,)", row, re.A) for row in rows]
    kept = [row + more for row, step in zip(rows, steps) if step and int(step[0]) <= last]
    past = [row for row, step in zip(rows, steps) if step and int(step[0]) > last]
    if past: _append(path + ".past", "\n".join([*past, ""]), head + "\n")
    fit = "\n".join([",".join(columns), *kept, ""])
    if head and fit != text: _replace(path, fit.encode())
def _extend(path: str, columns: list[str], rows: list[dict[str, Any]]) -> None:
    wanted = list(dict.fromkeys(itertools.chain(columns, *rows)))
    if wanted != columns: _fit(path, wanted)
    columns[:] = wanted
    lines = [",".join([str(row.get(name, math.nan)) for name in wanted]) for row in rows]
    _append(path, "\n".join([*lines, ""]), ",".join(wanted) + "\n")
def _owner(path: str) -> list[str]:  # mark version host process token beat state step speed saved
    words = _read(path, "owner").split()
    return words if len(words) >= 10 and words[0] == "ddil-owner" else [""] * 10
def _other(path: str, patience: float = 3) -> str:
    """Who else is at work there, "": nobody. Clocks are not believed: its beat must go on."""
    was, end = _owner(path), time.monotonic() + patience
    gone = was[3] == str(os.getpid()) or not os.path.exists("/proc/" + was[3])
    if was[6] in ("live", "paused") and not (gone and was[2] == socket.gethostname()):
        while _owner(path)[5] == was[5] and time.monotonic() < end: time.sleep(0.1)
    return f"process {was[3]} on {was[2]}" if _owner(path)[5] != was[5] else ""

class Run:
    """A run that this process trains: iterate over its steps. folder: of runs (one is made in it),
    or the run's own, when `ddil` made it; params: Real(...), ... or plain values; resume: the
    newest of that name; save(path): writes a checkpoint, so that the loop need not ask; data,
    batch: for the reader only."""
    step = start = changes = 0  # changes: of parameters so far
    trouble = dropped = 0  # writes that failed, rows given up
    path = resumed = ""  # the run's folder, the checkpoint to load
    made: Sequence[int] = (0, 0)  # roll-outs ever put into the teacher's and the student's ring
    ratios: Sequence[float] = ()  # of the shift that was measured last, i = N first
    idle: Callable[..., Any] = staticmethod(lambda: None)  # called while paused
    _pause_at, _stop = math.inf, False  # the mailbox asks for a pause behind a step, for the end,
    _keep, _asked = False, 0  # for a checkpoint, and since which step
    _state, _ended, _closed = "live", 0, False  # _ended: the last step that has all its rows
    _told, _beats, _speed, _heard, _answers = "", 0, math.nan, 0, ""  # the thread's own
    _said, _lost = "", False  # the trouble with the folder; it is somebody else's
    _draws = 0, 0  # a step, and how many times origins were drawn there

    def __init__(self, folder: str = "runs", name: str = "run", steps: int = 1000, seed: int = 1,
                 params: dict[str, Any] | None = None, resume: bool = False, *, data: str = "",
                 batch: int = 256, save: Callable[[str], None] | None = None) -> None:
        every = lambda part, text: Int(max(1, steps // part), 0, unit="steps", help=text)
        self.table: dict[str, Param] = {
            "run.steps": Int(steps, 1, unit="steps", help="Optimiser steps in all."),
            "run.seed": Int(seed, 0, 2**53, "fork only", "Every random stream follows from it."),
            "run.batch": Int(batch, 1, 1e9, "fork only", "Samples an optimiser step."),
            SAVED: every(10, "A checkpoint so often; 0: when asked for."),
            SAMPLED: every(100, "Samples every so often; 0: never."),
            MEASURED: every(50, "Shift is measured every so often; 0: never."),
            **(SOURCE if any(key.startswith("source.") for key in params or ()) else {})}
        kinds = ((Param, lambda p: p), (bool, Bool), (int, Int), (float, Real), (object, Text))
        for key, value in (params or {}).items():
            row = next(make(value) for kind, make in kinds if isinstance(value, kind))
            known = row if row is value else self.table.get(key, row)
            self.table[key] = known._replace(default=row.default)
            if not re.fullmatch(r"[a-z]\w{0,30}\.\w{1,31}", key, re.A):
                raise ValueError(f"parameter {key!r}: section.key of letters, digits and _")
        if not re.fullmatch(r"\w[\w.-]{0,54}", name, re.A):
            raise ValueError(f"name {name!r}: 1 to 55 letters, digits or - _ .")
        self.params: dict[str, Any] = {k: row.read(row.default) for k, row in self.table.items()}
        self._where, self._save, self._offers = (folder, name, resume), save, bool(save)
        self._fixed = {"run.method": "external", "data.name": data}  # in run.ini, no parameters
        self._head, self._row = f"# external: {VERSION}\n", {"step": -1}
        self._logs: dict[str, list[dict[str, Any]]] = {log: [] for log in LOGS}  # what waits
        self._columns = {log: columns.split() for log, columns in LOGS.items()}
        self._files: dict[str, bytes] = {}
        self._last = dict.fromkeys((SAVED, SAMPLED, MEASURED), -1)
        self._tags, self._staged = set(), collections.deque()  # commands; changes of parameters
        self._token, self._since = os.urandom(6).hex(), (time.monotonic(), 0)
        self._bell = threading.Lock()  # held until the end
        self._bell.acquire()
        self._try(self._open)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        atexit.register(self.close)

    # ---- The folder, and the thread that serves it ----
    def _open(self) -> None:
        folder, name, resume = self._where
        path, form = os.path.abspath(folder), re.compile(r"(\d{4,8})-(.+)")
        if not form.fullmatch(os.path.basename(path)):
            os.makedirs(path, exist_ok=True)
            runs = [(int(m[1]), m[2], m[0]) for m in map(form.fullmatch, os.listdir(path)) if m]
            mine = [run for run in runs if resume and run[1] == name]
            number = max(runs, default=(0,))[0] + 1
            path = os.path.join(path, max(mine)[2] if mine else f"{number:04d}-{name}")
            try: os.makedirs(path, exist_ok=bool(mine))
            except FileExistsError: return self._open()  # somebody was quicker
        if not self.step: self._adopt(path)
        os.makedirs(os.path.join(path, "samples"), exist_ok=True)
        _append(os.path.join(path, "commands"), "")
        self._heard, self.path = os.path.getsize(os.path.join(path, "commands")), path
        self._describe()
        self._event("state: live")
    def _adopt(self, path: str) -> None:
        """Goes on where the newest checkpoint stands, with the values in run.ini."""
        section, other = "", _other(path)
        if other: raise RuntimeError(f"{path}: {other} trains there")
        was = {f"{r.get('section')}.{r.get('key')}": r for r in _rows(path, "params.csv")}
        for line in _read(path, "run.ini").splitlines():
            section = line.strip()[1:-1] if line[:1] == "[" else section
            key, _, value = map(str.strip, f"{section}.{line}".partition("="))
            row = self.table.get(key)
            if key == "run.command": self._fixed[key] = value
            if re.match("# p(arent|reset)", line): self._head += line + "\n"
            if row and was.get(key, {}).get("default", _text(row.default)) == _text(row.default):
                with contextlib.suppress(ValueError):  # else the script's default is newer
                    self.params[key] = row.read(value)
        for saved in _rows(path, "checkpoints.csv"):
            step, file = saved.get("step", ""), os.path.join(path, saved.get("path") or "?")
            if re.fullmatch(r"\d{1,18}", step, re.A) and os.path.exists(file):
                self.start = self.step = self._ended = self._last[SAVED] = int(step)
                self.resumed = file
        for log, columns in self._columns.items():
            timeless = log in ("events.csv", "checkpoints.csv")
            _fit(os.path.join(path, log), columns, 10**18 if timeless else self.step)
    def _describe(self) -> None:
        sections: dict[str, str] = {}
        for key, value in {**self._fixed, **self.params}.items():
            part, name = key.split(".")
            sections[part] = sections.get(part, f"\n[{part}]\n") + f"{name} = {_text(value)}\n"
        table = "section,key,type,default,low,high,choices,unit,help,applies\n"
        for key, p in self.table.items():
            row = (p.type, p.default, p.low, p.high, "|".join(p.choices), p.unit, p.help, p.when)
            table += ",".join([*key.split("."), *map(_cell, map(_text, row))]) + "\n"
        self._files["params.csv"] = table.encode(errors="replace")
        self._files["run.ini"] = (self._head + "".join(sections.values())).encode(errors="replace")
    def _add(self, log: str, **row: Any) -> dict[str, Any]:
        """A row of a log. It is written once its step has ended."""
        row, rows = {"step": self.step, **row}, self._logs[log]
        if len(rows) < KEPT and not self._lost: rows.append(row)
        else: self.dropped += 1
        return row
    def _event(self, text: str, **row: Any) -> None:
        self._add("events.csv", clock=_clock(), text=_cell(text[:240]), **row)
    def _try(self, work: Callable[..., Any], *what: Any) -> bool:
        """The one way to the folder: trouble is counted, said once, and the work done later."""
        try:
            work(*what)
        except OSError as problem:
            if not self._said: _say(f"{problem}; training goes on, what is to be written waits")
            self.trouble, self._said = self.trouble + 1, problem.strerror or str(problem)
            return False
        return True
    def _serve(self) -> None:
        for turn in itertools.count():
            last = self._bell.acquire(timeout=TURN)
            try:
                if not self._lost: self._turn(turn, last)
            except RuntimeError as problem:  # somebody else trains there
                self._lost = True
                _say(str(problem))
            if last: return
    def _turn(self, turn: int, last: bool) -> None:
        beat, before = last or turn % BEAT == 0, self.trouble
        if beat and not self.path: self._try(self._open)
        if not self.path: return
        self._try(self._hear, turn)
        if beat or self._state != self._told: self._beat(turn)
        for name, data in list(self._files.items()):
            file = os.path.join(self.path, name)
            done = self._try(_replace, file, data)
            if not done and name == "owner": self._try(_write_over, file, data)
            if done and self._files[name] is data: del self._files[name]
        ended = self._ended if last or turn % WRITE == 0 else -1
        for log, waiting in self._logs.items():
            whole = itertools.takewhile(lambda row: row["step"] <= ended, waiting)
            rows = [row.copy() for row in whole]  # the last may still be changed
            file = os.path.join(self.path, log)
            if rows and self._try(_extend, file, self._columns[log], rows): del waiting[:len(rows)]
        if self._said and self.trouble == before and turn % WRITE == 0:
            _say("the folder is back; what waited is written")
            self._said = ""
            self._describe()  # it may be another folder
    def _beat(self, turn: int) -> None:
        owner, (then, step), now = _owner(self.path), self._since, time.monotonic()
        if self._beats and owner[4] not in ("", self._token):
            raise RuntimeError(f"process {owner[3]} on {owner[2]} trains in {self.path} now")
        if turn % SPEED == 0 and self.step > step:
            self._speed, self._since = (self.step - step) / (now - then), (now, self.step)
            self._add("times.csv", clock=_clock(), steps_per_s=f"{self._speed:.6g}")
        self._beats, self._told = self._beats + 1, self._state
        words = ("ddil-owner", VERSION, socket.gethostname(), os.getpid(), self._token, self._beats,
                 self._told, self.step, f"{self._speed:.6g}", self._last[SAVED])
        trouble = f" trouble: {_plain(self._said[:80])}" if self._said else ""
        self._files["owner"] = (" ".join(map(str, words)) + trouble + "\n").encode()
    def _hear(self, turn: int) -> None:
        path = os.path.join(self.path, "commands")
        if turn % 4 and os.stat(path).st_size == self._heard and not self._answers: return
        with open(path, "rb") as file:  # over NFS only opening tells for sure
            self._heard = self._heard if self._heard <= file.seek(0, 2) else 0  # another file
            file.seek(self._heard)
            text, end, _ = file.read().rpartition(b"\n")
        self._heard += len(text + end)
        for line in text.decode(errors="replace").split("\n"):
            m = re.fullmatch(r"do (\d{1,19}) ([a-z]+) (\d+) (-?\d{1,18}) ?(.*)", line, re.A)
            if m and m[1] not in self._tags:  # a sender repeats what was not answered
                self._tags.add(m[1])
                said = re.sub(r"\\(.)", lambda x: "\n" if x[1] == "n" else x[1], m[5])
                try: status, answer = 0, self._obey(m[2], int(m[4]), said)
                except ValueError as problem: status, answer = 2, str(problem)
                head = f"note {m[1]} {status} {m[3]} {_clock()[11:19]} "
                self._answers += head + _plain(answer[:240]) + "\n"
        if self._answers: _append(os.path.join(self.path, "answers"), self._answers)
        self._answers = ""
    def _obey(self, word: str, number: int, text: str) -> str:
        """Notes what the loop is to do; the answer. ValueError: why it is refused."""
        steps = f"takes {number} step" + "s" * (number != 1)
        says = {"pause": "pauses", "start": "goes on", "step": steps, "note": "noted", "set": text,
                "save": "saves", "stop": "saves and stops" if self._offers else "stops"}
        if word not in says: raise ValueError(f"a trainer does not {word}")
        if word == "save" and not self._offers:
            raise ValueError("its loop has asked for no checkpoint so far")
        if word == "step" and number < 1: raise ValueError("how many steps? A number from 1 up")
        if word == "set": self._staged.append(dict(map(self._pair, text.split("\n"))))
        if word == "note": self._event("note: " + text, step=min(number % 10**18, self.step))
        if word in ("start", "pause", "step"):
            self._pause_at = self.step + {"start": math.inf, "pause": 0, "step": number}[word]
        if word in ("set", "save", "stop"):  # a checkpoint goes before, where there are any
            self._keep, self._asked = word == "save" or self._last[SAVED] != self.step, self.step
            self._stop = self._stop or word == "stop"
        return f"{says[word]} at step {self.step}".replace("\n", ", ")
    def _pair(self, line: str) -> tuple[str, Any]:
        key, equals, value = map(str.strip, line.partition("="))
        row = self.table.get(key)
        try:
            if not equals: raise ValueError("is no section.key=value")
            if not row: raise ValueError("is not there; there are " + ", ".join(self.table))
            if row.when == "fork only": raise ValueError("applies to forks only")
            return key, row.read(value)
        except ValueError as problem: raise ValueError(f"{line}: {problem}") from None

    # ---- The loop ----
    def __iter__(self) -> Run:
        return self
    def __next__(self) -> int:
        """A checkpoint goes before a change, where there are any; a pause waits here."""
        while True:
            self._ended = self.step
            if self._save and self.wants_checkpoint:
                self._save(self.checkpoint_path(".pt"))
                self.checkpointed(self.checkpoint_path(".pt"))
            ready = not (self._keep and self._offers) or self.step > self._asked + 1
            while ready and self._staged: self._change(self._staged.popleft())
            if self.step >= self.params["run.steps"] or ready and self._stop: raise StopIteration
            state = "paused" if self.step >= self._pause_at and not self._stop else "live"
            if state != self._state:
                self._event(f"state: {state}")
                self._state, self._since = state, (time.monotonic(), self.step)
            if state == "live": break
            self.idle()
            time.sleep(TURN)
        self.step += 1
        return self.step
    def _change(self, new: dict[str, Any]) -> None:
        marks = [f"{key} {_text(self.params[key])} -> {_text(value)}"
                 for key, value in new.items() if self.params[key] != value]
        self.params.update(new)
        self.changes += 1
        if marks: self._event(", ".join(marks))
        self._describe()
    def log(self, **values: Any) -> None:
        """Any names; numbers or tensors of one; NaN and infinity too."""
        if self._row["step"] != self.step:
            rate = self.params.get("optimizer.lr", math.nan)
            self._row = self._add("metrics.csv", lr=float(rate))
        if not all(map(str.isidentifier, values)):
            values = {re.sub(r"[^\w./-]", "_", name): value for name, value in values.items()}
        self._row.update(zip(values, map(float, values.values())))
    def step_priors(self) -> np.ndarray:  # at each sampling step, i = 1 first
        return np.array([self.priors(i) for i in range(1, max(1, len(self.ratios)) + 1)])
    def origins(self, n: int, at: Any = None) -> np.ndarray:
        """Where each sample comes from: 0 data, 1 teacher, 2 student. at: their sampling steps."""
        self._draws = self.step, self._draws[1] + 1 if self._draws[0] == self.step else 0
        beta = self.priors() if at is None else self.step_priors()
        return draw(beta, slice(0, n), (self.params["run.seed"], *self._draws), at)
    def priors(self, at: int | None = None) -> np.ndarray:
        steps = self.params["run.steps"]
        return priors(self.params, self.step, steps, self.ratios, self.made, at)
    def _due(self, key: str) -> bool:
        every = self.params[key]
        return every > 0 and self.step % every == 0 and self.step > max(0, self._last[key])
    wants_samples = property(lambda self: self._due(SAMPLED))
    shift_due = property(lambda self: self._due(MEASURED))
    @property
    def wants_checkpoint(self) -> bool:
        """At its interval, before a change, at a pause, at the end."""
        asked = self._keep or self.step >= min(self._pause_at, self.params["run.steps"])
        self._offers = True
        return asked and self._last[SAVED] != self.step or self._due(SAVED)
    def checkpoint_path(self, ending: str = "") -> str:
        """A place for a checkpoint of this step."""
        folder = os.path.join(self.path, "checkpoints")
        made = self.path and self._try(os.makedirs, folder, 0o777, True)
        folder = folder if made else tempfile.gettempdir()
        return os.path.join(folder, f"step-{self.step:08d}{ending}")
    def checkpointed(self, path: str) -> None:
        """The file is whole: a person may go back to it."""
        self._last[SAVED], self._keep, path = self.step, False, os.path.abspath(path)
        if self.path and path.startswith(self.path): path = os.path.relpath(path, self.path)
        values = ";".join(f"{key}={_text(value)}" for key, value in self.params.items())
        self._add("checkpoints.csv", clock=_clock(), path=_cell(path), params=_cell(values))
    def note(self, text: str) -> None:
        self._event("note: " + text)
    def shift(self, own: Sequence[float], forward: Sequence[float],
              u: Sequence[float] | None = None, **more: Sequence[float] | None) -> None:
        """A number a sampling step, i = N first; u: its time; more: ratio, low, high, mmd2, ..."""
        n, self._last[MEASURED] = len(own), self.step
        ratio = [a / b if b else math.inf if a else 1.0 for a, b in zip(own, forward)]
        more = {name: column for name, column in more.items() if column is not None}
        more = {"ratio": ratio, "time": np.arange(n, 0, -1) / n if u is None else u, **more}
        more.update(own=own, forward=forward)
        table = {name: [*map(float, column)] for name, column in more.items()}
        if set(table) - set(SHIFT.split()) or {*map(len, table.values())} != {n}:
            raise ValueError(f"shift: columns of one length, of {SHIFT}")
        self.ratios = table["ratio"]
        for r in range(n): self._add("shift.csv", **{k: table[k][r] for k in table}, i=n - r)
    def samples(self, images: Any, classes: Any = None, captions: Sequence[str] | None = None,
                states: Sequence[Any] = ()) -> None:
        """(n, h, w), (n, h, w, 1|3) or (n, 1|3, h, w), bytes or -1..1; or points (n, 2). states:
        the same at each sampling step, noise first."""
        self._last[SAMPLED], x = self.step, np.stack([_picture(x) for x in (*states, images)])
        f = max(1, min(math.ceil((x.size / 2e6) ** 0.5), *x.shape[2:4]))  # the screen needs no more
        x, n = np.ascontiguousarray(x[:, :, ::f, ::f]), x.shape[1]
        label = np.array([] if classes is None else [int(c) for c in classes][:n], "i4")
        words = {"format": "ddil samples 2", "step": str(self.step),
                 "captions": json.dumps([str(y) for y in captions or ()][:n])}
        head: dict[str, Any] = {"__metadata__": words}
        for name, y, at in (("pictures", x, 0), ("label", label, x.nbytes)):
            kind = {"u": "U8", "f": "F32", "i": "I32"}[y.dtype.kind]
            head[name] = {"dtype": kind, "shape": y.shape, "data_offsets": [at, at + y.nbytes]}
        text = json.dumps(head).encode()
        data = struct.pack("<Q", len(text)) + text + x.tobytes() + label.tobytes()
        self._files["samples/latest.safetensors"] = data
    __enter__ = __iter__
    def __exit__(self, kind: Any, problem: Any, trace: Any) -> None:
        failed = kind and not issubclass(kind, KeyboardInterrupt)
        self.close(f"{kind.__name__}: {problem}" if failed else None)
    def close(self, failure: str | None = None) -> None:
        """The run is done, paused (it ended early) or failed."""
        if self._closed: return
        last = getattr(sys, "last_value", None)  # at the end of the process
        if isinstance(last, Exception): failure = failure or f"{type(last).__name__}: {last}"
        done = "done" if self.step >= self.params["run.steps"] else "paused"
        self._closed, self._ended, self._state = True, self.step, "failed" if failure else done
        self._event(f"state: {self._state}" + (f": {failure}" if failure else ""))
        self._bell.release()
        self._thread.join(5)
        self.dropped += sum(map(len, self._logs.values()))
        if self.dropped: _say(f"{self.path}: {self.dropped} rows could not be written")

def _picture(images: Any) -> np.ndarray:  # (n, h, w, c), bytes; points as (n, 1, 1, 2)
    if hasattr(images, "detach"):  # numpy knows no bfloat16
        images = images.detach().cpu()
        images = images.float() if images.is_floating_point() else images
    x = np.asarray(images)
    if x.ndim == 2 and x.shape[1] == 2:
        return np.nan_to_num(x[:512].astype(np.float32)).reshape(-1, 1, 1, 2)
    x = x[:64, ..., None] if x.ndim == 3 else x[:64]
    x = np.moveaxis(x, 1, -1) if x.ndim == 4 and x.shape[-1] not in (1, 3) else x
    if x.ndim != 4 or x.shape[-1] not in (1, 3):
        raise ValueError(f"samples {x.shape}: (n, h, w), (n, h, w, 1|3), (n, 1|3, h, w), (n, 2)")
    scaled = x if x.dtype == np.uint8 else (np.clip(np.nan_to_num(x), -1, 1) + 1) * 127.5
    return np.rint(scaled).astype(np.uint8)
