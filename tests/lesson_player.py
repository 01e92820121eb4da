#!/usr/bin/env python3
"""Plays a guided lesson as a learner would: reads each text at 150 words a minute, does what it says,
and between that waits too long, goes back and presses wrong keys. Holds that every text stands whole
and long enough, that nothing hangs, and that every figure is the one in the run's logs.

    lesson_player.py DDIL LESSON.ini WxH[,WxH] FOLDER [OPTIONS OF ddil tour ...]

drives a script on the virtual clock; with --tmux before DDIL a real terminal in tmux, in real time.
"""
import csv, math, os, re, shlex, subprocess, sys, time

WORDS_A_SECOND = 150 / 60

KEYS = {  # what each step asks for, by lesson and step
    "1-diffusion": ["3", "<Home>", "<Right><Right><Right><Right>", "Tt", "4"],
    "2-drift": ["2", "", "<Left><Left><Left>", "3", "4"],
    "3-dagger": ["", "5", "/beta<Enter><Home><Down><Down><Right><Right><Right><Right><Right>f", "2", "6"],
    "4-threshold": ["5", "/kind<Enter><Right><Right><Right>f", "2", "5"],
    "5-diversity": ["3", "", ":fork source.beta_data=0.5 source.beta_teacher=0.25 source.beta_student=0.25<Enter>", "6"],
    "6-sick-dmd2": ["2", "3", "oo", ":fork dmd2.critic_lr=1e-3 dmd2.ratio=5<Enter>", "6"],
    "7-colour": ["3", "Tt", "2"],
}
SHOWS = {  # what the text speaks of and must stand beside it: (lesson, step, text) -> part of the screen
    ("1-diffusion", 0, "seen"): "student at sample",
    ("1-diffusion", 1, "say"): "noise i=4",
    ("1-diffusion", 1, "seen"): "student at noise",
    ("1-diffusion", 2, "seen"): "student at sample",
    ("1-diffusion", 3, "say"): "student at sample",
    ("1-diffusion", 4, "seen"): ", the worst",
    ("2-drift", 0, "seen"): "loss ",
    ("2-drift", 1, "say"): "i=1",
    ("2-drift", 1, "seen"): "own states",
    ("2-drift", 2, "seen"): "i=1",
    ("2-drift", 3, "seen"): "student at sample",
    ("2-drift", 4, "seen"): "inherited",
    ("3-dagger", 0, "say"): "own states",
    ("3-dagger", 1, "seen"): "lr",
    ("3-dagger", 3, "seen"): "own states",
    ("3-dagger", 4, "seen"): "sw2",
    ("4-threshold", 1, "seen"): "moons",
    ("4-threshold", 2, "seen"): "clip_T ",
    ("4-threshold", 3, "say"): "clip_T ",
    ("5-diversity", 0, "seen"): "student at sample",
    ("5-diversity", 1, "say"): "teacher",
    ("5-diversity", 3, "seen"): "sw2",
    ("6-sick-dmd2", 0, "seen"): "loss ",
    ("6-sick-dmd2", 1, "seen"): "student at sample",
    ("6-sick-dmd2", 2, "seen"): "gap ",
    ("6-sick-dmd2", 3, "say"): "gap ",
    ("6-sick-dmd2", 4, "seen"): "sw2",
    ("7-colour", 0, "seen"): "student at sample",
    ("7-colour", 1, "say"): "student at sample",
    ("7-colour", 1, "seen"): "student at sample",
    ("7-colour", 2, "seen"): "the teacher's law",
}


def read_lesson(path):
    lesson, steps, key = {}, [], None
    for line in open(path, encoding="utf-8"):
        text = line.strip()
        if not text or text[0] in ";#":
            continue
        if text == "[step]":
            steps.append({"seen": []})
        elif line[0] in " \t":
            place = steps[-1]["seen"][-1] if key in ("when", "seen") else (steps[-1] if steps else lesson)
            place[key] += " " + text
        elif "=" in text:
            key, value = (part.strip() for part in text.split("=", 1))
            place = steps[-1] if steps else lesson
            if key == "when" or (key == "seen" and (not place["seen"] or "seen" in place["seen"][-1])):
                place["seen"].append({})
            (place["seen"][-1] if key in ("when", "seen") else place)[key] = value
    lesson["steps"] = steps
    return lesson


def pattern(text):
    """The text as a regular expression, its figures as groups."""
    parts = re.split(r"\{([^}]*)\}", text)
    return parts[1::2], "".join(re.escape(part) if i % 2 == 0 else "(.+?)" for i, part in enumerate(parts))


def words(text):
    return len(text.split())


# ---- where it is played ----


class Script:
    """The workbench in lock-step, fed line by line; its clock is its own."""

    def __init__(self, ddil, lesson, size, folder, options):
        self.folder, self.frames, self.now = folder, 0, 0.0
        self.fifo = os.path.join(folder, "lines")
        os.mkfifo(self.fifo)
        self.runs = os.path.join(folder, "runs")
        self.out = open(os.path.join(folder, "out"), "w")
        self.process = subprocess.Popen(
            [ddil, "--runs", self.runs, "tour", lesson, "--script", self.fifo, "--size", size.split(",")[0], *options],
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.out)
        self.lines = open(self.fifo, "w", buffering=1)

    def line(self, text):
        self.lines.write(text + "\n")
        self.now += 0.4

    def screen(self):
        """Rows of text, once all lines before are done."""
        self.frames += 1
        names = [os.path.join(self.folder, f"frame-{self.frames}-{k}") for k in "ab"]
        for name in names:
            self.line(f":save-display {name}")
        end = time.monotonic() + 40 * float(os.environ.get("PATIENCE", 3))  # run.sh
        while not os.path.exists(names[1]):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("the workbench ended or hangs: " + open(self.out.name).read())
            time.sleep(0.002)
        text = open(names[0], encoding="utf-8").read()
        for name in names:
            os.path.exists(name) and os.remove(name)
        return text.split("\nstyles\n")[0].split("\n")

    def press(self, keys):
        self.line(":try " + keys)

    def resize(self, size):
        self.line(":resize " + size)

    def sleep(self, seconds):
        self.line(f":sleep {seconds:.2f}")
        self.now += seconds

    def train(self):
        self.line(":advance 40")

    def end(self):
        self.line(":quit")
        self.lines.close()
        self.process.wait(60)


class Tmux:
    """A real terminal, in real time."""

    KEYS = {"Enter": "Enter", "Right": "Right", "Left": "Left", "Home": "Home", "Up": "Up", "Down": "Down", "Esc": "Escape"}

    def __init__(self, ddil, lesson, size, folder, options):
        width, height = size.split(",")[0].split("x")
        self.socket, self.runs = os.path.join(folder, "tmux"), os.path.join(folder, "runs")
        command = shlex.join([ddil, "--runs", self.runs, "tour", lesson, *options])
        self.tmux("new-session", "-d", "-x", width, "-y", height, command)

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *words], check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def resize(self, size):
        width, height = size.split("x")
        self.tmux("resize-window", "-x", width, "-y", height)

    @property
    def now(self):
        return time.monotonic()

    def screen(self):
        time.sleep(0.3)
        return self.tmux("capture-pane", "-p").split("\n")

    def press(self, keys):
        for key in re.findall(r"<\w+>|.", keys):
            name = self.KEYS.get(key[1:-1]) if len(key) > 1 else None
            self.tmux("send-keys", *(["-l", key] if not name else [name]))
            time.sleep(0.03)

    def sleep(self, seconds):
        time.sleep(seconds)

    def train(self):
        time.sleep(0.5)

    def end(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], check=False)


# ---- the run's logs ----


class Logs:
    def __init__(self, runs, run):
        self.number = run
        self.folder = os.path.join(runs, next(name for name in os.listdir(runs) if name.startswith(f"{run:04d}-")))

    def rows(self, name):
        path = os.path.join(self.folder, name)
        return list(csv.DictReader(open(path))) if os.path.exists(path) else []

    def smooth(self, column, rows=None):
        total = weight = 0.0
        for row in self.rows("metrics.csv")[:rows]:
            value = float(row[column])
            if math.isfinite(value):
                total = 0.98 * total + 0.02 * value
                weight = 0.98 * weight + 0.02
        return total / weight if weight else math.nan

    def ratios(self, step=None):
        rows = [row for row in self.rows("shift.csv") if step is None or int(row["step"]) <= step]
        return [float(row["ratio"]) for row in rows if row["step"] == rows[-1]["step"]] if rows else []

    def parent(self):
        text = next(row["text"] for row in self.rows("events.csv") if row["text"].startswith("forked from"))
        return Logs(os.path.dirname(self.folder), int(re.search(r"forked from (\d+)@", text)[1]))

    def param(self, name):
        section, key, value, at = *name.split("."), None, None
        for line in open(os.path.join(self.folder, "run.ini")):
            line = line.strip()
            at = line[1:-1] if line.startswith("[") else at
            if at == section and re.match(rf"{key}\s*=", line):
                value = line.split("=", 1)[1].split(" ;")[0].strip()
        for row in self.rows("events.csv"):
            for change in re.findall(rf"{re.escape(name)} \S+ -> (\S+?)(?:,|$)", row["text"]):
                value = change
        return value

    def value(self, name, cursor=None):
        """None: the logs do not say."""
        if name.startswith("parent."):
            return self.parent().value(name[7:])
        if name.startswith("curve."):
            parts = name.split(".")
            return self.smooth(parts[1], 10 if parts[-1] == "start" else None)
        if name in ("ratio_first", "ratio_last"):
            return (self.ratios() or [math.nan])[0 if name == "ratio_first" else -1]
        if name in ("ratio", "shift"):
            return max(self.ratios(cursor if name == "ratio" else None)[1:], default=math.nan)
        if name in ("sw2", "modes", "within3sigma"):
            rows = self.rows("eval.csv")
            return float(rows[-1][name]) if rows else math.nan
        if name == "run":
            return float(self.number)
        if "." in name:
            text = self.param(name)
            return text if text is None or not re.fullmatch(r"[-+.\de]+", text) else float(text)
        return None


def agrees(shown, value, percent):
    if isinstance(value, str):
        return shown == value
    if shown in ("unknown", "-"):
        return not math.isfinite(value)
    number = float(shown.replace("%", "").replace(" ", "")) / (100 if percent else 1)
    return abs(number - value) <= (0.0051 if percent else 0.02 * abs(value) + 1e-9)


def case_holds(condition, logs, cursor):
    """None: the logs do not say."""
    for part in condition.split(" and "):
        name, operator, other = re.match(r"([\w.]+)(>=|<=|!=|<|>|=)([\w.]+)", part.strip()).groups()
        a = logs.value(name, cursor)
        b = float(other) if re.fullmatch(r"[\d.e-]+", other) else logs.value(other, cursor)
        if operator in ("=", "!=") and isinstance(a, str):
            good = (a == other) == (operator == "=")
        elif a is None or b is None:
            return None
        else:
            good = {">=": a >= b, "<=": a <= b, "<": a < b, ">": a > b, "=": a == b, "!=": a != b}[operator]
        if not good:
            return False
    return True


# ---- the learner ----


class Learner:
    def __init__(self, stage, path, size):
        self.stage, self.lesson = stage, read_lesson(path)
        self.name = os.path.basename(path)[:-4]
        self.keys = KEYS[self.name]
        self.sizes = size.split(",")[::-1]
        self.claims = self.texts = 0

    def fail(self, what):
        raise AssertionError(f"{self.name}: {what}\n" + "\n".join(self.rows))

    def look(self):
        self.rows = self.stage.screen()
        top = next((i for i, row in enumerate(self.rows) if re.search(r"─ lesson \d", row)), None)
        if top is None:
            self.fail("no lesson on screen")
        left = self.rows[top].index("─ lesson")
        end = next(i for i, row in enumerate(self.rows) if i > top and re.match("τ |────", row))
        self.strip = " ".join(" ".join(row[left:] for row in self.rows[top + 1:end]).split())
        self.title = self.rows[top][left:]
        self.above = "\n".join(self.rows[:top])
        self.status = self.rows[end + 1]
        return self.strip

    def stands(self, step, text):
        """The figures of the text on screen, None: it does not stand there."""
        if text == "say":
            found = re.fullmatch(pattern(step["say"])[1] + " ▸ " + pattern(step["do"])[1], self.strip)
            return found and (None, found)
        for case in step["seen"]:
            found = re.fullmatch("✓ " + pattern(case["seen"])[1], self.strip)
            if found:
                return case, found
        return None

    def must(self, step, text, why):
        self.look()
        if not self.stands(step, text):
            self.fail(f"{why}: not whole on screen: {step[text] if text == 'say' else step['seen']}")
        return self.rows

    def shown_run(self):
        found = re.match(r"(\d+) \S+ \w+", self.status) or re.search(r"lesson", "lesson")
        return int(found[1]) if found and found.lastindex else max(int(n[:4]) for n in os.listdir(self.stage.runs) if n[:4].isdigit())

    def shows(self, index, text):
        """What the text speaks of stands beside it, at every size."""
        wanted = SHOWS.get((self.name, index, text))
        for size in self.sizes:
            self.stage.resize(size)
            self.must(self.lesson["steps"][index], text, f"step {index + 1} at {size}")
            if wanted and wanted not in self.above:
                self.fail(f"step {index + 1} at {size}: the screen does not show {wanted!r} that the text speaks of")

    def check_claims(self, step):
        """Every figure is the log's, and the case is the one that holds."""
        self.stage.press("w")
        case, found = self.stands(step, "seen")
        logs = Logs(self.stage.runs, self.shown_run())
        cursor = None
        names = pattern(case["seen"])[0]
        if "cursor" in names:
            cursor = int(found[names.index("cursor") + 1])
        for name, shown in zip(names, found.groups()):
            value = logs.value(name.rstrip("%"), cursor)
            if value is not None:
                self.claims += 1
                if not agrees(shown, value, name.endswith("%")):
                    self.fail(f"{name}: the text says {shown}, the logs {value}")
        for other in step["seen"]:
            holds = case_holds(other["when"], logs, cursor) if "when" in other else True
            if other is case and holds is False:
                self.fail(f"does not hold: {other['when']}")
            if other is not case and holds is True:
                self.fail(f"holds, but another case is shown: {other['when']}")
            if other is case or holds is None:
                break
        self.claims += 1

    def training_step(self):
        found = re.search(r"([\d ]+) / ([\d ]+)  (?:LIVE|end|held)", "\n".join(self.rows))
        return int(found[1].replace(" ", "")) if found else None

    def first_text(self, index, step):
        came = self.stage.now
        self.must(step, "say", f"step {index + 1}")
        seconds = words(self.strip) / WORDS_A_SECOND
        self.texts += 1
        self.shows(index, "say")
        if index % 2 == 0 and self.keys[index] and "go" not in step.get("until", "go").split(" and "):  # too early
            self.stage.press("g")
            self.look()
            if not self.stands(step, "say"):
                self.fail(f"step {index + 1}: g went on though nothing was done")
        return came, seconds

    def misbehave(self, index, step):
        """Wrong keys, and waiting too long."""
        self.stage.press("SSzZ@<Esc>")
        self.stage.sleep(100 if isinstance(self.stage, Script) else 3)
        self.must(step, "say", f"step {index + 1}, after wrong keys")

    def play_step(self, index, step):
        came, seconds = self.first_text(index, step)
        hand = self.keys[index] != ""
        if index % 2 == 0 and hand:
            self.misbehave(index, step)
            before = self.training_step()
            for _ in range(3):
                self.stage.train()
            self.look()
            if before is not None and self.training_step() > before + 400:
                self.fail("the run trains on though the step waits for the learner")
        if self.keys[index]:
            self.stage.press(self.keys[index])
        goes = "go" in step.get("until", "go").split(" and ")
        if goes:
            self.stage.press("g")
        for turn in range(4000):
            self.look()
            if self.stands(step, "seen"):
                if index % 2 == 1 and not goes and self.stage.now - came < seconds - 1:
                    self.fail(f"step {index + 1}: its text left after {self.stage.now - came:.1f} s, it takes {seconds:.1f}")
                break
            if not self.stands(step, "say"):
                self.fail(f"step {index + 1}: neither of its texts stands there")
            self.stage.train()
        else:
            self.fail(f"step {index + 1} hangs")
        self.second_text(index, step)

    def second_text(self, index, step):
        self.texts += 1
        self.stage.sleep(2)
        self.look()
        self.shows(index, "seen")
        self.check_claims(step)
        seconds = words(self.strip) / WORDS_A_SECOND
        self.stage.sleep(seconds)
        self.must(step, "seen", f"step {index + 1}, before g")
        if index % 2 == 1:
            self.stage.sleep(100 if isinstance(self.stage, Script) else 3)
            self.stage.press("G")
            self.must(step, "say", f"step {index + 1}, gone back to")
            self.stage.sleep(50 if isinstance(self.stage, Script) else 3)
            self.must(step, "say", f"step {index + 1}, gone back to and read")
            self.stage.press("g")
            self.must(step, "seen", f"step {index + 1}, come back to")
        self.stage.press("g")

    def play(self):
        for index, step in enumerate(self.lesson["steps"]):
            self.play_step(index, step)
        self.look()
        if not re.search("Lesson done|last lesson", self.strip):
            self.fail("the lesson does not end")


def main(arguments):
    stage_class = Script
    if arguments[0] == "--tmux":
        stage_class, arguments = Tmux, arguments[1:]
    ddil, path, size, folder, *options = arguments
    os.makedirs(folder, exist_ok=True)
    name = os.path.basename(path)[:-4]
    stage = stage_class(os.path.abspath(ddil), name, size, os.path.abspath(folder), options)
    learner = Learner(stage, path, size)
    try:
        if isinstance(stage, Tmux):
            time.sleep(1)
        learner.play()
        print(f"{learner.name} at {size}: {learner.texts} texts read, {learner.claims} claims hold")
    except AssertionError as failure:
        print(failure)
        return 1
    finally:
        try:
            stage.end()
        except (OSError, subprocess.TimeoutExpired):
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
