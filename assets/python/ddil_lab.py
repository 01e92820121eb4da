"""Watch and steer any training loop in `ddil`, the workbench for diffusion distillation.

    run = ddil_lab.Run("runs", "mine", steps=20000, params={"optimizer.lr": ddil_lab.Real(1e-4, 0, 1)})
    for step in run:                        # waits while paused, ends when stopped or done
        loss = train(lr=run.params["optimizer.lr"], origin=run.origins(batch))
        run.log(loss=loss)
        if run.wants_checkpoint: torch.save(..., p := run.checkpoint_path(".pt")); run.checkpointed(p)
    run.close()

One file, Python 3.9, numpy. It writes the folder that assets/doc/external.md describes and obeys the commands in it, in a thread
of its own: the loop never waits for the folder. Trouble with that (full, gone, read-only) is said once, counted in `run.trouble`,
and mended when the folder is back: what was to be written waits in memory. """
from __future__ import annotations
import atexit, collections, contextlib, csv, functools, json, os, re, socket, struct, sys, tempfile, threading, time
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple
import numpy as np

VERSION, DATA, TEACHER, STUDENT = 1, 0, 1, 2  # of the folder; origins
PERIOD, WRITE, BEAT, TIMES, KEPT, NAN = 0.1, 0.3, 1.0, 5.0, 1 << 19, float("nan")  # seconds; rows that wait for the folder
SHIFT = "i time own forward ratio low high mmd2 mmd2_null95 mmd2_teacher paired mmd2_teacher_null95".split()
HEADS = {"shift.csv": "step," + ",".join(SHIFT), "events.csv": "step,clock,text", "answers": "",
         "times.csv": "step,clock,steps_per_s,nfe,shift_nfe", "checkpoints.csv": "step,clock,path,params"}
YES = ("yes", "true", "on", "1")
class Param(collections.namedtuple("Param", "type default low high when help unit choices",
                                   defaults=(-1e9, 1e9, "next step", "", "", ()))):
    """A row of the run's table. type: int, real, bool, choice, text; when: next step, next round, fork only."""
    def read(self, text: Any) -> Any:
        """The value that a text stands for; ValueError says what is wrong."""
        word, whole = _text(text), self.type == "int"
        form = {"int": r"[+-]?\d+", "real": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", "bool": "(?i:yes|true|on|1|no|false|off|0)"}
        if not re.fullmatch(form.get(self.type, ".{0,200}"), word, re.A) or not word.isprintable() and word:
            raise ValueError("is no " + {"int": "whole number", "real": "number", "bool": "yes or no"}.get(self.type, "short line"))
        if self.type == "choice" and word not in self.choices:
            raise ValueError("is none of " + ", ".join(self.choices))
        if self.type not in ("int", "real"):
            return word.lower() in YES if self.type == "bool" else word
        number = int(word) if whole else float(word)
        if not self.low <= number <= self.high:
            raise ValueError(f"is outside [{self.low:g}, {self.high:g}]")
        return number
Real, Int, Bool, Text = (functools.partial(Param, kind) for kind in ("real", "int", "bool", "text"))
Choice = lambda default, choices, **more: Param("choice", default, choices=tuple(choices), **more)
def _row(value: Any) -> Param:
    kinds = ((Param, lambda v: v), (bool, Bool), (int, Int), (float, Real))
    return next((make(value) for kind, make in kinds if isinstance(value, kind)), None) or Text(str(value))
def _text(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
def _cell(text: Any) -> str:
    text = "".join(c if c.isprintable() else " " for c in _text(text))
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text
def _clock(form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return time.strftime(form, time.gmtime())

# ---- The mixture of training states: engine/distill/source.c in numpy ----

_SOURCE = {
    "source.beta_data": Real(1.0, 0, 1e6, help="Prior of forward-diffused data."),
    "source.beta_teacher": Real(0.0, 0, 1e6, help="Prior of the teacher's backward trajectories."),
    "source.beta_student": Real(0.0, 0, 1e6, help="Prior of the student's own backward trajectories."),
    "source.schedule": Choice("constant", "constant linear geometric indicator adaptive adaptive_steps".split(),
                              help="How the priors move while training."),
    "source.warmup": Real(0.1, 0, 1, unit="of the run", help="Data only at first."),
    "source.beta_floor": Real(0.2, 0, 1, help="Least share of data that a moving schedule leaves."),
    "source.capacity": Int(512, 1, 10**6, when="fork only", help="Size of the student's replay ring."),
    "source.teacher_capacity": Int(1024, 1, 10**6, when="fork only", help="Size of the teacher's ring.")}
def _follow(beta: np.ndarray, ratio: float) -> np.ndarray:
    student, others = min(max(1 - 1 / max(ratio, 1e-9), 0.1), 0.7), beta[DATA] + beta[TEACHER]
    data = beta[DATA] / others if others > 0 else 1.0
    return np.array([(1 - student) * data, (1 - student) * (1 - data), student])
def _floor(beta: np.ndarray, floor: float) -> np.ndarray:
    return beta if beta[DATA] >= min(floor, 1) else np.array([floor, *(beta[1:] * (1 - floor) / (1 - beta[DATA]))])

def priors(params: Dict[str, Any], clock: float, steps: float, shift: Sequence[float] = (),
           made: Sequence[int] = (0, 0), at: Optional[int] = None) -> np.ndarray:
    """The shares of data, teacher and student in force at `clock` of a run of `steps`. shift: the ratios measured last,
    i = N first; made: roll-outs that the teacher's and the student's rings ever took in; at: the sampling step that a
    sample is drawn for, where the schedule has priors for each."""
    get = lambda key: params.get("source." + key, _SOURCE["source." + key].default)
    beta = np.array([get("beta_data"), get("beta_teacher"), get("beta_student")], float)
    beta = beta / beta.sum() if beta.sum() > 0 else np.array([1.0, 0, 0])
    schedule, warm, share = get("schedule"), get("warmup") * steps, 1.0
    if clock < warm and schedule != "linear":
        return np.array([1.0, 0, 0])
    if schedule == "constant":
        return beta
    if schedule == "adaptive_steps":
        ratios = [1.0] + [min(max(r, 0.1), 10) if np.isfinite(r) else 1.0 for r in shift[1:]]  # i = N is pure noise
        each = [_floor(_follow(beta, r), get("beta_floor")) for r in ratios]
        return np.mean(each, axis=0) if at is None else each[len(each) - min(max(at, 1), len(each))]
    if schedule == "linear":
        share = min(clock / warm, 1) if warm > 0 else 1.0
    elif schedule == "geometric":
        rounds = made[1] // get("capacity") if beta[STUDENT] > 0 else made[0] // get("teacher_capacity")
        share = 1 - 0.5 ** (rounds + 1)
    elif schedule == "indicator" and beta[DATA] < 1:
        share = 1 / (1 - beta[DATA])
    elif schedule == "adaptive":
        beta = _follow(beta, max((r for r in (shift[1:] or shift) if r == r), default=1.0))
    return _floor(np.array([1 - share * (beta[1] + beta[2]), *(share * beta[1:])]), get("beta_floor"))

def uniforms(seed: int, stream: int, index: np.ndarray) -> np.ndarray:
    """The first number of each of the random streams (seed, stream, index): Philox4x32-10, as engine/base/rng.c."""
    half, low, index = np.uint64(32), np.uint64(0xFFFFFFFF), index.astype(np.uint64)
    c, key = [np.zeros_like(index), np.full_like(index, stream), index & low, index >> half], (seed, seed >> 32)
    for r in range(10):
        k = [np.uint64(word + r * step & 0xFFFFFFFF) for word, step in zip(key, (0x9E3779B9, 0xBB67AE85))]
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> half) ^ c[1] ^ k[0], b & low, (a >> half) ^ c[3] ^ k[1], a & low]
    return (c[0].astype(float) + 0.5) * 2.0**-32

# ---- Files ----
def _read(path: str) -> str:
    with contextlib.suppress(OSError), open(path, errors="replace", newline="") as file:
        return file.read().replace("\0", "")
    return ""
def _rows(path: str) -> List[Dict[str, str]]:
    return [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(_read(path).splitlines())]
def _replace(path: str, data: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True) if path.endswith(".safetensors") else None
    with open(path + ".tmp-py", "wb") as file:
        file.write(data)
    os.replace(file.name, path)
def _cut(path: str, last: float) -> None:
    """Drops rows past a step, and a row without its end."""
    lines = _read(path).splitlines(True)
    number = lambda line: int(re.match(r"\d{0,18}", line, re.A)[0] or 10**18) if line[-1:] == "\n" else 10**18
    kept = lines[:1] + [line for line in lines[1:] if number(line) <= last]
    if kept != lines:
        _replace(path, "".join(kept).encode())
def _append(path: str, head: str, text: str) -> None:
    """All of it or nothing."""
    with open(path, "ab", buffering=0) as file:
        size = file.seek(0, 2)
        data = ((head + "\n" if head and not size else "") + text).encode()
        try:
            while data:
                data = data[file.write(data):]
        except OSError:
            file.truncate(size)
            raise
def _other(path: str, patience: float = 3) -> str:
    """Who else trains there, "" nobody: a process of this host, or one of another whose count goes on."""
    look = lambda: (_read(os.path.join(path, "owner")).split() + [""] * 8)[:8]
    words, end = look(), time.monotonic() + patience
    if words[0] != "ddil-owner" or words[6] not in ("live", "paused") or not words[3].isdigit():
        return ""
    if words[2] == socket.gethostname():
        return f"process {words[3]}" if os.path.exists(f"/proc/{words[3]}") and int(words[3]) != os.getpid() else ""
    while time.monotonic() < end and look()[5] == words[5]:
        time.sleep(0.1)
    return f"process {words[3]} on {words[2]}" if look()[5] != words[5] else ""

class Run:
    """A run that this process trains. folder: of runs (one is made in it), or the run's own, when `ddil` made it;
    save(path): writes a checkpoint, also between two steps; data, batch: for the reader only."""
    def __init__(self, folder: str = "runs", name: str = "run", steps: int = 1000, seed: int = 1,
                 params: Optional[Dict[str, Any]] = None, resume: bool = False, *, data: str = "", batch: int = 256,
                 save: Optional[Callable[[str], None]] = None) -> None:
        every = lambda n, help: Int(max(1, steps // n), 0, unit="steps", help=help)
        self.table: Dict[str, Param] = {
            "run.steps": Int(steps, 1, unit="steps", help="Optimiser steps in all."),
            "run.seed": Int(seed, 0, 2**53, when="fork only", help="Every random stream follows from it."),
            "run.batch": Int(batch, 1, when="fork only", unit="samples", help="Samples an optimiser step."),
            "run.checkpoint_every": every(10, "A checkpoint every so often; 0: when asked for."),
            "samples.every": every(100, "Samples every so often; 0: never."),
            "shift.every": every(50, "Measured every so often; 0: never."),
            **(_SOURCE if any(key.startswith("source.") for key in params or {}) else {})}
        for key, value in (params or {}).items():
            plain = key in _SOURCE and not isinstance(value, Param)
            self.table[key] = _SOURCE[key]._replace(default=value) if plain else _row(value)
            if not re.fullmatch(r"[a-z]\w{0,30}\.[A-Za-z]\w{0,30}", key, re.A):
                raise ValueError(f"parameter {key!r}: section.key of letters, digits and _")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,54}", name):
            raise ValueError(f"name {name!r}: 1 to 55 letters, digits or - _ .")
        self.params: Dict[str, Any] = {key: row.read(row.default) for key, row in self.table.items()}
        self.step = self.start = self.trouble = self.dropped = 0  # failed writes; rows given up
        self.made, self.resumed, self.path = [0, 0], "", ""  # roll-outs in the rings; checkpoint to load; folder
        self.idle, self.changes = (lambda: None), 0  # called while paused; changes of parameters so far
        self._where, self._save, self._data, self._parent, self._command = (folder, name, resume), save, data, "", ""
        self._ratios: List[float] = []
        self._row: Dict[str, float] = {}
        self._staged: Dict[str, Any] = {}
        self._pause_at: Optional[int] = None
        self._columns, self._todo, self._named = ["loss", "grad_norm", "lr"], collections.deque(), []
        self._wake, self._lock, self._token = threading.Event(), threading.Condition(), os.urandom(6).hex()
        self._stop = self._keep = self._attention = self._offers = self._said = self._closed = False
        self._asked = self._saved = self._measured = self._sampled = -1
        self._draws, self._tags, self._heard, self._beat, self._turn, self._state = (0, 0), set(), 0, 0, 0, "live"
        self._speed, self._due = (time.monotonic(), 0, NAN), {"beat": 0.0, "open": 0.0, "write": 0.0}
        self._try(self._open)
        self._thread = threading.Thread(target=self._serve, name="ddil", daemon=True)
        self._thread.start()
        atexit.register(self.close)
    def _open(self) -> None:
        folder, name, resume = self._where
        runs, run, known = os.path.abspath(folder), re.compile(r"(\d{4,8})-(.+)"), []
        path = runs if run.fullmatch(os.path.basename(runs)) else ""
        if not path:
            os.makedirs(runs, exist_ok=True)
            known = sorted((int(m[1]), m[2], m[0]) for m in map(run.fullmatch, os.listdir(runs)) if m)
            path = next((os.path.join(runs, k[2]) for k in known[::-1] if resume and k[1] == name), "")
        if path and not self.step:
            self._adopt(path)
        number = known[-1][0] if known else 0
        while not path:
            number, path = number + 1, os.path.join(runs, f"{number + 1:04d}-{name}")
            try:
                os.mkdir(path)
            except FileExistsError:
                path = ""
        _append(os.path.join(path, "commands"), "", "")
        self._heard, self.path = os.path.getsize(os.path.join(path, "commands")), path
        self._describe()
        self._event("state: live")
        self._send_beat()
    def _adopt(self, path: str) -> None:
        """Goes on where the folder's newest checkpoint stands, with the values in its run.ini."""
        other, section, file = _other(path), "", functools.partial(os.path.join, path)
        if other:
            raise RuntimeError(f"{path}: {other} trains there")
        was = {r.get("section", "") + "." + r.get("key", ""): r.get("default") for r in _rows(file("params.csv"))}
        for line in _read(file("run.ini")).splitlines():
            self._parent += line + "\n" if line.startswith(("# parent", "# preset")) else ""
            self._command = line + "\n" if line.startswith("command =") else self._command
            section = line.strip()[1:-1] if line.startswith("[") else section
            key, _, value = (section + "." + line).replace(" = ", "=").partition("=")
            row = self.table.get(key.strip())
            if row and was.get(key, _text(row.default)) == _text(row.default):  # else the script was changed since
                with contextlib.suppress(ValueError):
                    self.params[key] = row.read(value.strip())
        for saved in _rows(file("checkpoints.csv")):
            if saved.get("step", "").isdigit() and saved.get("path") and os.path.exists(file(saved["path"])):
                self.start = self.step = self._saved = int(saved["step"])
                self.resumed = file(saved["path"])
        for name in ("metrics.csv", "shift.csv", "times.csv", "events.csv", "checkpoints.csv"):
            _cut(file(name), self.step if name < "d" or name > "f" else 10**17)
        self._columns = _read(file("metrics.csv")).partition("\n")[0].split(",")[1:] or self._columns
    def _describe(self) -> None:
        sections = {"run": "[run]\nmethod = external\n" + self._command, "data": f"\n[data]\nname = {self._data}\n"}
        table = "section,key,type,default,low,high,choices,unit,help,applies\n"
        for key, row in self.table.items():
            part, name = key.split(".")
            sections[part] = sections.get(part, f"\n[{part}]\n") + f"{name} = {_text(self.params[key])}\n"
            table += ",".join(map(_cell, (part, name, row.type, row.default, row.low, row.high, "|".join(row.choices),
                                          row.unit, row.help, row.when))) + "\n"
        head = f"# Every parameter of this run.\n# program: ddil_lab.py\n# external: {VERSION}\n{self._parent}\n"
        self._todo.append(("params.csv", table.encode()))
        self._todo.append(("run.ini", (head + "".join(sections.values())).encode()))

    # ---- The thread that serves the folder ----

    _say = staticmethod(lambda text: print(f"ddil_lab: {text}", file=sys.stderr, flush=True))
    def _try(self, work: Callable[..., None], *what: Any) -> bool:
        try:
            work(*what)
            return True
        except OSError as problem:
            self.trouble += 1
            if not self._said:
                self._say(f"{problem}; training goes on, what is to be written waits")
            self._said = True
            return False
    def _serve(self) -> None:
        held: Dict[str, List[Any]] = {}
        last = False
        while not last:
            last = self._closed
            self._wake.wait(0 if last else PERIOD)
            self._wake.clear()
            now, before = time.monotonic(), self.trouble
            if not self.path and now >= self._due["open"]:
                self._due["open"] = now + 1
                self._try(self._open)
            if self.path and self._try(self._hear) and (now >= self._due["beat"] or last):
                self._due["beat"] = now + BEAT
                self._try(self._send_beat)
            while self._todo:
                name, what = self._todo.popleft()
                held.setdefault(name, []).append(what)
            due = last or self._said or now >= self._due["write"]  # rows in one go; an answer is waited for
            self._due["write"] = now + WRITE if due else self._due["write"]
            for name in [n for n in held if self.path and (due or n == "answers")]:
                if self._try(self._put, name, held[name]):
                    del held[name]
                elif len(held[name]) > KEPT:
                    self.dropped += KEPT // 2
                    del held[name][:KEPT // 2]
            if self._said and self.trouble == before and self.path and not held:
                self._said = False
                self._say("the folder is back; what waited is written")
                self._describe()
        self.dropped += sum(map(len, held.values()))
    def _put(self, name: str, what: List[Any]) -> None:
        path = os.path.join(self.path, name)
        if isinstance(what[-1], bytes):
            return _replace(path, what[-1])
        if name == "metrics.csv":
            fresh = [k for k in dict.fromkeys(k for row in what for k in row) if k not in ("step", *self._columns)]
            if fresh and os.path.exists(path):  # other columns from now on
                head, *rows = _read(path).splitlines() or [""]
                rows = [",".join([head, *fresh])] + [row + ",nan" * len(fresh) for row in rows]
                _replace(path, "".join(row + "\n" for row in rows).encode())
            self._columns += fresh
            what = [",".join([str(r["step"]), *(repr(r.get(k, NAN)) for k in self._columns)]) + "\n" for r in what]
        _append(path, ",".join(["step", *self._columns]) if name == "metrics.csv" else HEADS[name], "".join(what))
    def _send_beat(self) -> None:
        path, words = os.path.join(self.path, "owner"), _read(os.path.join(self.path, "owner")).split()
        if self._beat and len(words) > 6 and words[4] != self._token and words[6] in ("live", "paused"):
            self._say(f"process {words[3]} on {words[2]} trains in {self.path} too; this one writes no more")
            self.path, self._due["open"] = "", float("inf")
            return
        now, (then, step, speed) = time.monotonic(), self._speed
        if now - then >= TIMES and self.step > step:
            speed = (self.step - step) / (now - then)
            self._speed = now, self.step, speed
            self._todo.append(("times.csv", f"{self.step},{_clock()},{speed:.6g},nan,nan\n"))
        self._beat += 1
        _replace(path, f"ddil-owner {VERSION} {socket.gethostname()} {os.getpid()} {self._token} {self._beat} "
                       f"{self._state} {self.step} {speed:.6g} {self._saved}\n".encode())
    def _hear(self) -> None:
        self._turn += 1
        if self._turn % 4 and os.stat(os.path.join(self.path, "commands")).st_size == self._heard:
            return  # over NFS only opening it tells for sure
        with open(os.path.join(self.path, "commands"), "rb") as file:
            self._heard = self._heard if self._heard <= file.seek(0, 2) else 0  # else it is another file
            file.seek(self._heard)
            text = file.read(1 << 16)
        text = text[:text.rfind(b"\n") + 1] or text[:(len(text) >> 16) << 16]
        self._heard += len(text)
        for line in text.decode(errors="replace").splitlines():
            m = re.fullmatch(r"do (\d{1,19}) ([a-z]+) (\d+) (-?\d{1,18}) ?(.*)", line, re.A)
            if m and m[1] not in self._tags:  # a sender repeats what was not answered
                self._tags.add(m[1])
                said = re.sub(r"\\(.)", lambda x: "\n" if x[1] == "n" else x[1], m[5])
                with self._lock:
                    status, answer = self._obey(m[2], int(m[4]), said)
                    self._attention = bool(self._staged or self._stop or self._pause_at is not None)
                    self._lock.notify_all()
                answer = answer.replace("\\", "\\\\").replace("\n", "\\n")[:240]
                self._todo.append(("answers", f"note {m[1]} {status} {m[3]} {_clock('%H:%M:%S')} {answer}\n"))
    def _obey(self, word: str, number: int, text: str) -> Tuple[int, str]:
        if word == "set":
            return self._stage([line.strip() for line in text.split("\n") if line.strip()])
        if word == "note":
            self._event("note: " + text, self.step if number < 0 else min(number, self.step))
        elif word in ("start", "pause") or (word == "step" and number > 0):
            self._pause_at = None if word == "start" else self.step + (number if word == "step" else 0)
        elif word in ("save", "stop"):
            self._keep, self._stop, self._asked = True, self._stop or word == "stop", self.step
        else:
            return 2, "how many steps? A number from 1 up" if word == "step" else f"a trainer does not {word}"
        does = {"note": "noted", "start": "goes on", "pause": "pauses", "save": "saves", "stop": "saves and stops"}
        return 0, does.get(word, f"takes {number} steps") + f" at step {self.step}"
    def _stage(self, lines: List[str]) -> Tuple[int, str]:
        values: Dict[str, Any] = {}
        for line in lines:
            key, equals, value = (x.strip() for x in line.partition("="))
            row = self.table.get(key)
            try:
                if not equals or row is None or row.when == "fork only":
                    raise ValueError("is no section.key=value" if not equals else "applies to forks only" if row else
                                     "is not there; there are " + ", ".join(self.table))
                values[key] = row.read(value)
            except ValueError as problem:
                return 2, f"{line}: {problem}"
        self._staged.update(values)
        self._asked = self.step
        return 0, f"{', '.join(lines)} after step {self.step}"

    # ---- The loop ----
    def _event(self, text: str, step: Optional[int] = None) -> None:
        self._todo.append(("events.csv", f"{self.step if step is None else step},{_clock()},{_cell(text[:240])}\n"))
    def _attend(self) -> None:
        """Between two steps: what was asked for. A checkpoint goes before a change, where checkpoints are taken."""
        with self._lock:
            while True:
                wait = self._pause_at is not None and self.step >= self._pause_at
                if self._stop or self._staged:
                    if self._save and self._saved != self.step:
                        self._save(self.checkpoint_path(".pt"))
                        self.checkpointed(self.checkpoint_path(".pt"))
                    if not self._offers or self._saved == self.step or self.step > self._asked + 1:
                        self._change()
                        if self._stop:
                            raise StopIteration
                if wait != (self._state == "paused"):
                    self._state, self._due["beat"] = ("paused" if wait else "live"), 0.0
                    self._event(f"state: {self._state}")
                if not wait:
                    break
                self.idle(), self._lock.wait(1)
            self._attention = bool(self._staged or self._stop or self._pause_at is not None)
    def _change(self) -> None:
        new, self._staged = self._staged, {}
        marks = [f"{k} {_text(self.params[k])} -> {_text(v)}" for k, v in new.items() if self.params[k] != v]
        self.params.update(new)
        self.changes += len(new) > 0
        if marks:
            self._event(", ".join(marks))
            self._describe()
    def _push(self) -> None:
        if self._row:
            self._row.setdefault("lr", float(self.params.get("optimizer.lr", NAN)))
            self._row["step"] = self.step
            self._todo.append(("metrics.csv", self._row))
            self._row = {}
        self._todo.extend(self._named)
        self._named.clear()
    def __next__(self) -> int:
        self._push()
        if self._attention or self._state == "paused":
            self._attend()
        if self.step >= self.params["run.steps"]:
            raise StopIteration
        self.step += 1
        return self.step
    def log(self, **values: Any) -> None:
        """Any names; numbers or tensors of one; NaN and infinity too."""
        for name, value in values.items():
            self._row[name if name.isidentifier() else re.sub(r"[^\w./-]", "_", name)] = float(value)
    def origins(self, n: int, at: Any = None) -> np.ndarray:
        """Where each sample of the batch comes from: 0 data, 1 teacher, 2 student. at: their sampling steps."""
        self._draws = self.step, self._draws[1] + 1 if self._draws[0] == self.step else 0
        toss = uniforms(self.params["run.seed"], 2, self.step << 20 | self._draws[1] << 13 | np.arange(n))
        beta = self.priors() if at is None else np.array([self.priors(int(i)) for i in at]).T
        return np.where(toss < beta[2], 2, np.where(toss < beta[2] + beta[1], 1, 0)).astype(np.int8)
    def priors(self, at: Optional[int] = None) -> np.ndarray:
        return priors(self.params, self.step, self.params["run.steps"], self._ratios, self.made, at)
    def _due_now(self, key: str, last: int) -> bool:
        return self.params[key] > 0 and self.step % self.params[key] == 0 and last != self.step
    wants_samples = property(lambda self: self._due_now("samples.every", self._sampled))
    shift_due = property(lambda self: self._due_now("shift.every", self._measured))
    @property
    def wants_checkpoint(self) -> bool:
        self._offers = True
        asked = self._keep or self._attention or self.step >= self.params["run.steps"]
        return self._saved != self.step and (asked or self._due_now("run.checkpoint_every", self._saved))
    def checkpoint_path(self, ending: str = "") -> str:
        folder = os.path.join(self.path, "checkpoints")
        made = self.path and self._try(os.makedirs, folder, 0o777, True)
        return os.path.join(folder if made else tempfile.gettempdir(), f"step-{self.step:08d}{ending}")
    def checkpointed(self, path: str) -> None:
        """The file is whole: a person may go back to it. It is named after the row of its step."""
        self._saved, self._keep = self.step, False
        values = ";".join(f"{k}={_text(v)}" for k, v in self.params.items())
        where = os.path.relpath(path, self.path) if self.path and path.startswith(self.path) else os.path.abspath(path)
        self._named.append(("checkpoints.csv", f"{self.step},{_clock()},{_cell(where)},{_cell(values)}\n"))
    note = lambda self, text: self._event("note: " + text)
    def shift(self, own: Sequence[float], forward: Sequence[float], u: Optional[Sequence[float]] = None,
              **more: Optional[Sequence[float]]) -> None:
        """A number a sampling step, i = N first. more: ratio, low, high, mmd2, mmd2_null95, mmd2_teacher, paired."""
        n, self._measured = len(own), self.step
        if set(more) - set(SHIFT) or len(forward) != n:
            raise ValueError(f"shift: own and forward of one length, and of {' '.join(SHIFT[4:])}")
        ratio = [a / b if b else 1.0 if a == 0 else float("inf") for a, b in zip(map(float, own), map(float, forward))]
        columns = {"i": range(n, 0, -1), "time": np.arange(n, 0, -1) / n if u is None else u, "own": own, "ratio": ratio,
                   "forward": forward, **{k: v for k, v in more.items() if v is not None}}
        self._ratios = [float(r) for r in columns["ratio"]]
        for r in range(n):
            cells = [repr(float(columns[k][r])) if k in columns else "nan" for k in SHIFT[1:]]
            self._todo.append(("shift.csv", f"{self.step},{n - r},{','.join(cells)}\n"))
    def samples(self, images: Any, classes: Any = None, captions: Optional[Sequence[str]] = None,
                states: Sequence[Any] = ()) -> None:
        """(n, h, w), (n, h, w, 1|3) or (n, 1|3, h, w), bytes or -1..1; or points (n, 2). states: the same at each
        sampling step, noise first."""
        self._sampled = self.step
        stack = np.stack([_picture(x) for x in (*states, images)])
        k, n, h, w, c = stack.shape
        f = next(f for f in range(1, max(h, w) + 1) if stack.size <= 2e6 * f * f or f >= min(h, w))
        if f > 1:  # the screen needs no more
            stack = stack[:, :, :h // f * f, :w // f * f].reshape(k, n, h // f, f, w // f, f, c).mean((3, 5)).astype("u1")
        arrays = {"pictures": stack, "label": np.asarray([int(x) for x in classes][:n] if classes is not None else [], "i4")}
        head: Dict[str, Any] = {"__metadata__": {"format": "ddil samples 2", "step": str(self.step), "captions":
                                                 json.dumps([str(x) for x in captions or ()][:n])}}
        at = 0
        for name, x in arrays.items():
            kind = {"uint8": "U8", "float32": "F32", "int32": "I32"}[x.dtype.name]
            head[name] = {"dtype": kind, "shape": list(x.shape), "data_offsets": [at, at + x.nbytes]}
            at += x.nbytes
        text = json.dumps(head).encode()
        text += b" " * (-len(text) % 8)
        data = struct.pack("<Q", len(text)) + text + b"".join(x.tobytes() for x in arrays.values())
        self._todo.append(("samples/latest.safetensors", data))
    __enter__ = __iter__ = lambda self: self
    def __exit__(self, kind: Any, problem: Any, trace: Any) -> None:
        self.close(None if kind is None or issubclass(kind, KeyboardInterrupt) else f"{kind.__name__}: {problem}")
    def close(self, failure: Optional[str] = None) -> None:
        """The run is done, paused (it ended early) or failed."""
        if self._closed:
            return
        last = getattr(sys, "last_value", None)  # at the end of the process
        failure = failure or (f"{type(last).__name__}: {last}" if isinstance(last, Exception) else None)
        self._push()
        self._state = "failed" if failure else "done" if self.step >= self.params["run.steps"] else "paused"
        self._event(f"state: {self._state}" + (f": {failure}" if failure else ""))
        self._closed = True
        self._wake.set()
        self._thread.join(5)
        if self.dropped:
            self._say(f"{self.path}: {self.dropped} rows could not be written")
def _picture(images: Any) -> np.ndarray:
    """(n, h, w, c), bytes; points as (n, 1, 1, 2)."""
    x = np.asarray(images.detach().cpu() if hasattr(images, "detach") else images)
    if x.ndim == 2 and x.shape[1] == 2:
        return np.nan_to_num(x[:512].astype(np.float32)).reshape(-1, 1, 1, 2)
    x = x[:64, ..., None] if x.ndim == 3 else np.moveaxis(x[:64], 1, -1) if x.ndim == 4 and x.shape[-1] not in (1, 3) else x[:64]
    if x.ndim != 4 or x.shape[-1] not in (1, 3):
        raise ValueError(f"samples of shape {tuple(x.shape)}: (n, h, w), (n, h, w, 1|3), (n, 1|3, h, w) or (n, 2)")
    return x if x.dtype == np.uint8 else np.rint((np.clip(np.nan_to_num(x), -1, 1) + 1) * 127.5).astype(np.uint8)
