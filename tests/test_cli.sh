#!/bin/bash
# The program from outside (TAP): exit codes, messages and files of every headless command.
# $DDIL is the program; everything it writes goes into a folder of its own.
. "$(dirname "$0")/tap.sh"

holds() { # what, then a command that must succeed
    local what=$1
    shift
    if "$@" >"$work/hold" 2>&1; then
        result yes "$what"
    else
        sed 's/^/#   /' "$work/hold" | head -n 12
        result no "$what"
    fi
}

# A check in Python on files named by their place; without Python it is passed over.
python=$(command -v python3 || true)
check_python() { # what code arguments...
    local what=$1 code=$2
    shift 2
    if [ -z "$python" ] || ! "$python" -c 0 2>/dev/null; then
        number=$((number + 1))
        echo "ok $number - $what # SKIP no python3"
        return
    fi
    holds "$what" "$python" -c "$code" "$@"
}

# As short as a run can be and still have every log: a few steps, few samples.
tiny=(-s run.steps=12 -s run.batch=32 -s run.log_every=2 -s run.checkpoint_every=4 -s student.pretrain_steps=5
      -s shift.samples=16 -s shift.every=6 -s run.eval_samples=64 -s net.width=16 -s net.depth=1)

# ---- usage ----

says "version" 0 '^ddil [0-9]+\.[0-9]+\.[0-9]+$' --version
says "help" 0 'usage: ddil \[PRESET' --help
for command in run resume fork ls show sample rollout eval metrics export features presets params doctor manual; do
    says "help of $command" 0 "^usage: ddil $command" "$command" --help
done
says "an unknown command names the nearest" 2 'nearest: sample' smaple
says "an unknown preset names the nearest" 2 'nearest: ring-pd' ring-pe
says "an unknown option names the nearest" 2 'nearest: --quiet' ls --quite
says "an option of another command" 2 'ls does not take --teacher' ls --teacher
says "an option without its value" 2 'a whole number' run quickstart --seed
says "a number that is none" 2 '"many" is not a whole number' run quickstart --steps many
says "a number out of range" 2 'outside' run quickstart --threads -3
says "a missing argument" 2 'usage: ddil show RUN' show
says "an argument too many" 2 'too many arguments' ls x
says "an option of a later day" 2 'unknown option --pdf' export 1 --pdf

# ---- tables ----

says "presets" 0 '^quickstart +[A-Z]' presets
says "params" 0 '^\[optimizer\]' params
says "params as Markdown" 0 '^\| `source.beta_student` \|' params --markdown
"$DDIL" params --json >"$out" 2>"$err"
check_python "params as JSON" '
import json, sys
rows = json.load(open(sys.argv[1]))
names = {r["section"] + "." + r["key"]: r for r in rows}
assert names["run.method"]["default"] is None
assert names["optimizer.lr"]["low"] < names["optimizer.lr"]["high"]
assert all(r["help"] for r in rows)' "$out"
says "params: one form only" 2 'not both' params --json --markdown
says "doctor" 0 'simd' doctor
says "manual" 0 '^\.SH COMMANDS' manual
for word in 'SS resume RUN' 'B \\-o, \\-\\-output' 'B source\.beta_student' 'SH KEYS' 'SH VIEWS' 'SH LEAVING'; do
    holds "the manual has $word" grep -q "^\.$word" "$out"
done
says "the workbench without a terminal" 4 'ddil run' ring-pd
holds "doctor makes no runs folder" test ! -e "$work/runs"

# ---- bad presets: nothing is created ----

preset() { # text of a preset into $work/bad.ini
    printf '%s\n' "$@" >"$work/bad.ini"
}

preset '[run]' 'method = pd' '[data]' 'name = ring' '[optimizer]' 'lrr = 1'
says "an unknown key, with file and line" 2 'bad\.ini:6: .*lr' run "$work/bad.ini"
preset '[run]' 'method = pd' '[data]' 'name = ring' '[optimiser]' 'lr = 1'
says "an unknown section" 2 'bad\.ini:[56]: .*optimi[sz]er' run "$work/bad.ini"
preset '[run]' 'method = pd' 'steps = -4' '[data]' 'name = ring'
says "a value out of range" 2 'bad\.ini:3: .*-4' run "$work/bad.ini"
preset '[run]' 'method = pd' 'steps = many' '[data]' 'name = ring'
says "a wrong type" 2 'bad\.ini:3: .*many' run "$work/bad.ini"
preset '[run]' 'steps = 10' '[data]' 'name = ring'
says "a required parameter is missing" 2 'run\.method' run "$work/bad.ini"
preset '[run]' 'method = magic' '[data]' 'name = ring'
says "an unknown method" 2 'magic.*(pd|use one of)' run "$work/bad.ini"
preset '[run]' 'method = pd' '[data]' 'name = rink'
says "an unknown data set" 2 'rink.*(ring|use one of)' run "$work/bad.ini"
preset '[run]' 'method = pd' '[data]' 'name = fashion' "path = $work/nowhere" '[teacher]' 'kind = file' 'file = no.safetensors'
says "missing files" 2 '(nowhere|no\.safetensors)' run "$work/bad.ini"
preset '[run]' 'method = pd' '[data]' 'name = ring' '[source]' 'beta_data = 0'
says "priors that are all zero" 2 'bad\.ini:6: .*prior' run "$work/bad.ini"
says "a preset that is not there" 2 'no\.ini' run "$work/no.ini"
says "an assignment that is wrong" 2 'run\.steps' run quickstart -s run.steps=0
says "an assignment that is none" 2 'run\.steps' run quickstart -s run.steps
says "the second preset is looked at before the first runs" 2 'no\.ini' run quickstart "$work/no.ini"
says "one name for two runs" 2 'one run' run ring-pd ring-lcm --name x
says "a name that cannot be a folder's" 2 'a/b' run ring-pd "${tiny[@]}" --name a/b
holds "nothing was created" test ! -e "$work/runs"

: >"$work/file"
says "a runs folder that is a file" 2 "$work/file" run ring-pd "${tiny[@]}" --runs "$work/file"
says "a runs folder below a file" 2 "$work/file" run ring-pd "${tiny[@]}" --runs "$work/file/runs"

# ---- a run ----

says "ls without runs" 0 'no runs' ls
says "a run" 0 '^state +done at step 12 of 12' run ring-pd-ddil "${tiny[@]}" --threads 1 --seed 3
holds "its report has the shift table" grep -qE '^ +4 +1 ' "$out"
holds "its report has the cost" grep -q 'network evaluations' "$out"
holds "its report has the quality" grep -q 'sw2' "$out"
holds "progress goes to standard error, a line each" grep -qE '^step [0-9]+/12' "$err"
first=$work/runs/0001-ring-pd-ddil
for file in run.ini metrics.csv shift.csv eval.csv events.csv times.csv; do
    holds "its $file" test -s "$first/$file"
done
holds "a checkpoint 0 precedes the first step" test -s "$first/ckpt-00000000.safetensors"
holds "--seed and --steps stand in run.ini" grep -qE '^seed *= *3' "$first/run.ini"
says "quiet prints the folder only" 0 '0002-twin$' run ring-pd-ddil "${tiny[@]}" --threads 2 --seed 3 --name twin --quiet
holds "and one line of it" test "$(cat "$out" "$err" | wc -l)" = 1
second=$work/runs/0002-twin
for file in metrics.csv shift.csv eval.csv; do
    holds "two threads give the same $file" cmp "$first/$file" "$second/$file"
done
says "a report says how often its intervals hold" 0 'held in 92 to 96 of 100' show 1
says "a finished run is reported with more roll-outs" 0 '^shift +at step 12, 128 roll-outs' show 1
says "a method without a teacher" 0 'done at step 12' run ring-pd "${tiny[@]}" -s run.method=diffusion --name teach
says "ls" 0 '^0001-ring-pd-ddil +done +12/12' ls
holds "ls lists them all" test "$(grep -c '^000[123]-' "$out")" = 3
"$DDIL" ls --json >"$out" 2>"$err"
check_python "ls as JSON" '
import json, sys
runs = json.load(open(sys.argv[1]))
assert [r["id"] for r in runs] == [1, 2, 3]
assert runs[0]["run"] == "0001-ring-pd-ddil" and runs[0]["state"] == "done" and runs[0]["step"] == 12
assert runs[0]["loss"] == runs[1]["loss"] and runs[0]["shift"] > 0
assert runs[0]["best"]["sw2"] == runs[0]["metrics"]["sw2"]["value"] > 0' "$out"
says "show" 0 'seed +3 +\*' show 1
"$DDIL" show twin --json >"$out" 2>"$err"
check_python "show as JSON" '
import json, sys
run = json.load(open(sys.argv[1]))
assert run["id"] == 2 and run["parameters"]["run"]["seed"] == "3"
assert [r["i"] for r in run["shift_rows"]] == [4, 3, 2, 1]
assert run["marks"] == []' "$out"

# ---- which run ----

says "a run by its prefix" 0 '0002-twin' show tw
says "a run by its folder" 0 '0002-twin' show "$second"
says "a run that is not there" 2 'nobody' show nobody
says "a number that is not there" 2 '77' show 77
mkdir "$work/empty"
says "a folder that is no run" 2 'empty' show "$work/empty"

# ---- interrupting, resuming, forking ----

says "a run that is not interrupted" 0 '0004-whole$' run ring-pd-ddil "${tiny[@]}" --seed 4 --name whole --quiet \
    -s run.steps=800
"$DDIL" run ring-pd-ddil "${tiny[@]}" --seed 4 --name cut -s run.steps=800 >"$out" 2>"$err" </dev/null &
pid=$!
for _ in $(seq 3000); do
    [ -s "$work/runs/0005-cut/ckpt-00000004.safetensors" ] && break
    sleep 0.02
done
kill -INT $pid
wait $pid
status=$?
holds "an interrupted run ends with 3" test $status = 3
holds "and says how to go on" grep -q 'ddil resume .*0005-cut' "$err"
says "resume" 0 'done at step 800 of 800' resume cut
for file in metrics.csv shift.csv eval.csv; do
    holds "resumed $file equals that of a run never stopped" cmp "$work/runs/0004-whole/$file" "$work/runs/0005-cut/$file"
done
says "resuming what is done changes nothing" 0 'done at step 12 of 12' resume 1
says "fork" 0 'done at step 16 of 16' fork 1 --at 8 --steps 16 --name branch
holds "its parent is written down" grep -qE 'parent: 0001-ring-pd-ddil' "$work/runs/0006-branch/run.ini"
says "fork at a step that was not saved" 2 '5' fork 1 --at 5
says "fork with a shape that does not fit" 2 'net\.width' fork 1 -s net.width=24
holds "failed forks leave nothing" test "$(ls "$work/runs" | grep -c '^0')" = 6

# A run that another process owns.
if command -v flock >/dev/null; then
    flock "$first/lock" "$DDIL" resume 1 >"$out" 2>"$err"
    holds "a run owned by another process is refused with 4" test $? = 4
    holds "and it says so" grep -q 'another' "$err"
fi

# Somebody who has the runs folder alone, as a workbench does.
if command -v flock >/dev/null; then
    flock "$work/runs/.lock" "$DDIL" run ring-pd "${tiny[@]}" >"$out" 2>"$err"
    holds "a runs folder owned by a workbench is refused with 4" test $? = 4
    holds "nothing is made in it" test "$(ls "$work/runs" | grep -c '^0')" = 6
fi

# ---- failing ----

says "a run whose numbers blow up ends with 1" 1 'no longer finite.*checkpoint.*stands' run ring-pd "${tiny[@]}" \
    --name broken --steps 200 -s optimizer.lr=1 -s optimizer.clip=0 -s optimizer.weight_decay=1 \
    -s optimizer.beta2=1e-5 -s student.pretrain_lr=1
holds "its state is kept" grep -q '^state   failed' "$out"
says "ls shows it" 0 '^0007-broken +failed' ls

# ---- samples ----

says "sample needs a file" 2 '-o FILE' sample 1
says "sample: an unknown ending names the three" 2 '\.png, \.npy or \.csv' sample 1 -o "$work/a.jpg"
says "sample into a folder that is not there" 2 'no/a\.png' sample 1 -o "$work/no/a.png"
mkdir "$work/folder.png"
says "sample onto a folder" 2 'is a folder' sample 1 -o "$work/folder.png"
says "sample as npy" 0 '50 samples' sample 1 -n 50 -o "$work/a.npy"
says "sample again, on two threads" 0 'samples' sample 1 -n 50 -o "$work/b.npy" --threads 2
holds "the same bytes" cmp "$work/a.npy" "$work/b.npy"
says "sample with another seed" 0 'seed 9' sample 1 -n 50 --seed 9 -o "$work/b.npy"
holds "other bytes" test "$(cmp -s "$work/a.npy" "$work/b.npy"; echo $?)" = 1
says "sample as csv" 0 '' sample 1 -n 50 -o "$work/a.csv" --quiet
says "sample as png" 0 '' sample 1 -n 50 -o "$work/a.png"
holds "a PNG" test "$(head -c 4 "$work/a.png" | tail -c 3)" = PNG
"$DDIL" metrics "$work/a.npy" "$work/a.npy" --json --directions 8 >"$work/m.json" 2>&1
check_python "metrics as JSON" '
import json, sys
m = json.load(open(sys.argv[1]))
assert (m["n"], m["m"], m["d"]) == (50, 50, 2), m
assert list(m["metrics"]) == "frechet kid precision recall density coverage energy mmd2 sw2 auc".split(), m
assert m["metrics"]["sw2"] == 0 and abs(m["metrics"]["frechet"]) < 1e-6, m
' "$work/m.json"
says "metrics of two samples" 0 'frechet' metrics "$work/a.npy" "$work/b.npy"
says "metrics: some of them" 0 '^  sw2 ' metrics "$work/a.npy" "$work/b.npy" --only sw2,energy
says "metrics: a name that is none" 2 'fid.*is no list of metrics' metrics "$work/a.npy" "$work/b.npy" --only fid
says "sample as npy, a few" 0 '' sample 1 -n 5 -o "$work/few.npy" --quiet
says "metrics: too few rows for some" 0 'density  *needs at least 6 rows in each set' metrics "$work/few.npy" "$work/a.npy"
says "metrics of what is no NPY file" 2 'README.md: not an NPY file' metrics "$work/a.npy" README.md
says "features of what is not there" 2 'cannot open .*pictures.npy: No such file' features "$work/pictures.npy"
says "features of points" 2 '"ring" is no set of pictures' features ring -o "$work/f.safetensors"
says "sample of the teacher in 4 plain steps" 0 '4 sampling steps' sample 1 --teacher --steps 4 -n 10 -o "$work/t.npy"
says "guidance where there are no classes" 2 'not told the class' sample 1 --guidance 2 -o "$work/g.npy"
says "a class where there are none" 2 'not told the class' sample 1 --class 2 -o "$work/g.npy"
says "the teacher judged" 0 'the teacher of 0001' eval 1 --teacher --steps 2 -n 40
says "a teacher to judge where there is none" 2 'has none' eval teach --teacher --steps 2 -n 40
says "a teacher where there is none" 2 'has none' sample teach --teacher -o "$work/g.npy"
says "too many samples for the memory" 2 'half of the memory' rollout 1 -n 10000000 --steps 4096 -o "$work/g.npy"
holds "refused samples leave no file" test ! -e "$work/g.npy"
for law in "" --teacher --forward; do
    says "rollout $law" 0 'shape \(5, 20, 2\)' rollout 1 -n 20 $law -o "$work/r$law.npy"
done
for mix in 0 0.5 1; do
    says "rollout with share $mix of the teacher" 0 'shape \(5, 20, 2\)' rollout 1 -n 20 --mix $mix -o "$work/r$mix.npy"
done
holds "no share is the student" cmp "$work/r.npy" "$work/r0.npy"
holds "all of it is the teacher" cmp "$work/r--teacher.npy" "$work/r1.npy"
holds "half is neither" test "$(cmp -s "$work/r0.5.npy" "$work/r1.npy"; echo $?)" = 1
says "rollout of the teacher in 4 plain steps" 0 'shape \(5, 20, 2\)' rollout 1 --teacher --steps 4 -n 20 -o "$work/rt.npy"
says "samples of those" 0 '20 samples' sample 1 --teacher --steps 4 -n 20 -o "$work/st.npy"
holds "both mean the same" test "$(tail -c 160 "$work/rt.npy" | cksum)" = "$(tail -c 160 "$work/st.npy" | cksum)"
says "samples of a mixed roll-in" 0 '20 samples' sample 1 -n 20 --mix 0.5 -o "$work/m.npy"
says "one share for samples" 2 'one share' sample 1 --mix 0,1 -o "$work/m.npy"
says "shares go with the student" 2 'leave out --teacher' rollout 1 --teacher --mix 0.5 -o "$work/m.npy"
says "rollout to a picture" 2 'must end in \.npy' rollout 1 -o "$work/r.png"
says "rollout of two laws" 2 'not both' rollout 1 --teacher --forward -o "$work/r.npy"

check_python "what the files hold" '
import ast, csv, math, struct, sys
def npy(path):
    b = open(path, "rb").read()
    n = struct.unpack("<H", b[8:10])[0]
    head = ast.literal_eval(b[10:10 + n].decode())
    count = math.prod(head["shape"])
    assert head["descr"] == "<f4" and not head["fortran_order"] and len(b) == 10 + n + 4 * count
    return head["shape"], struct.unpack("<%df" % count, b[10 + n:])
work = sys.argv[1]
shape, a = npy(work + "/a.npy")
assert shape == (50, 2) and all(map(math.isfinite, a))
rows = list(csv.reader(open(work + "/a.csv")))
assert rows[0] == ["x", "y", "label"] and len(rows) == 51
f4 = lambda text: struct.unpack("<f", struct.pack("<f", float(text)))[0]
assert [f4(v) for r in rows[1:] for v in r[:2]] == list(a)
laws = [npy(work + "/r" + law + ".npy") for law in ("", "--teacher", "--forward")]
assert all(s == (5, 20, 2) for s, _ in laws)
assert laws[0][1][:40] == laws[1][1][:40]
assert all(abs(p - q) < 1e-3 for p, q in zip(laws[0][1][:40], laws[2][1][:40]))
clean = laws[2][1][160:]
modes = {round(math.atan2(clean[2 * i + 1], clean[2 * i]) / (math.pi / 4)) % 8 for i in range(20)}
assert modes <= {0, 1, 2}, modes # the data as the distiller sees them
' "$work"

# Where there are classes.
says "a run with classes" 0 'guided: ' run moons-pd-ddil "${tiny[@]}" --name moons
says "one class" 0 '30 samples' sample moons -n 30 --class 1 -o "$work/class.csv"
holds "is one class" test "$(cut -d, -f3 "$work/class.csv" | sort -u | tr '\n' ' ')" = "1 label "
says "a class too many" 2 'outside 0 \.\. 1' sample moons --class 2 -o "$work/g.npy"
says "guidance is baked into a student" 2 'baked in' sample moons --guidance 3 -o "$work/g.npy"
for s in 1 3; do
    says "the teacher with guidance $s" 0 '' sample moons --teacher --guidance $s -n 30 -o "$work/g$s.npy"
done
holds "guidance acts" test "$(cmp -s "$work/g1.npy" "$work/g3.npy"; echo $?)" = 1

# ---- failure: no clipping, the largest rate ----

wild=(-s optimizer.lr=1 -s optimizer.clip=0 -s optimizer.decay=none -s net.depth=12 -s run.checkpoint_every=2
      -s student.pretrain_steps=4 -s shift.samples=16 -s run.eval_samples=64 -s run.steps=400)
says "a run that leaves the finite numbers" 1 'no longer finite at step [0-9]+; the checkpoint of step' \
    run ring-dmd2-ddil "${wild[@]}" --name wild
says "is shown as failed" 0 'state +failed' show wild
says "resuming it says what to do" 1 'will fail in the same way' resume wild
says "it can be forked from before" 0 'state +done at step 6' \
    fork wild --at 0 --steps 6 -s optimizer.lr=1e-4 -s optimizer.clip=1 --name tame
says "and resumed with another rate" 0 'state +done' \
    resume wild --steps 8 -s optimizer.lr=1e-6 -s dmd2.critic_lr=1e-6 -s optimizer.clip=1

# ---- eval and export ----

says "eval" 0 '2 sampling steps' eval 1 --steps 2 --samples 100
"$DDIL" eval 1 --json --samples 200 >"$out" 2>"$err"
check_python "eval as JSON" '
import json, math, sys
e = json.load(open(sys.argv[1]))
assert {"run", "step", "dataset", "steps", "real"} <= set(e)
assert e["run"] == "0001-ring-pd-ddil" and e["step"] == 12 and e["dataset"] == "ring"
assert [s["k"] for s in e["steps"]] == [1, 2, 4, 8]
keys = {"i", "time", "own", "forward", "ratio", "low", "high", "mmd2", "mmd2_null95", "mmd2_teacher", "paired"}
for s in e["steps"]:
    assert s["nfe"] == s["k"] and s["n"] == 200
    assert {"sw2", "modes", "within3sigma"} <= set(s["metrics"])
    assert all({"value", "low", "high"} == set(m) for m in s["metrics"].values())
    assert [r["i"] for r in s["shift"]] == list(range(s["k"], 0, -1))
    assert all(keys <= set(r) for r in s["shift"])
assert 0 < e["real"]["sw2"]["value"] < e["steps"][2]["metrics"]["sw2"]["value"]' "$out"
"$DDIL" eval 1 --json --samples 64 --steps 4 --rollouts 16 >"$out" 2>"$err"
check_python "eval at the run's own steps repeats what the run logged" '
import csv, json, sys
e = json.load(open(sys.argv[1]))["steps"][0]
quality = list(csv.DictReader(open(sys.argv[2] + "/eval.csv")))[-1]
shift = list(csv.DictReader(open(sys.argv[2] + "/shift.csv")))[-4:]
assert e["metrics"]["sw2"]["value"] == float(quality["sw2"])
for row, logged in zip(e["shift"], shift):
    assert row["i"] == int(logged["i"])
    for key in ("time", "own", "forward", "ratio", "low", "high", "mmd2", "mmd2_null95", "mmd2_teacher", "paired"):
        assert row[key] == float(logged[key]), (key, row[key], logged[key])' "$out" "$first"
says "eval with steps that are none" 2 '1,2,4,8' eval 1 --steps 1,x
says "eval of mixed roll-ins" 0 'each taken by the teacher' eval 1 --mix 0,0.5,1 --samples 64
"$DDIL" eval 1 --json --samples 64 --mix 0,0.25,1 >"$out" 2>"$err"
check_python "the student's row is the run's own, the teacher's is better" '
import csv, json, sys
e = json.load(open(sys.argv[1]))["steps"]
quality = list(csv.DictReader(open(sys.argv[2] + "/eval.csv")))[-1]
assert [(r["k"], r["mix"]) for r in e] == [(4, 0), (4, 0.25), (4, 1)]
assert e[0]["metrics"]["sw2"]["value"] == float(quality["sw2"])
assert e[0]["nfe"] == 4 and e[2]["nfe"] == 4 * 8 and e[1]["nfe"] == 3 + 8
assert e[2]["metrics"]["within3sigma"]["value"] > 0.9 > e[1]["metrics"]["within3sigma"]["value"]' "$out" "$first"
says "eval with shares that are none" 2 '0,0.25,0.5,0.75,1' eval 1 --mix 0,2
says "mixed roll-ins of a run without a teacher" 2 'no teacher' eval teach --mix 0.5
says "eval of a run without a shift" 0 'held-out' eval teach --steps 2 --samples 50
says "export of nothing" 2 '--csv' export 1
says "export of the logs" 0 '^metrics,2,,loss,' export 1 --csv
holds "with the shift" grep -qE '^shift,[0-9]+,4,ratio,' "$out"
cp "$out" "$work/logs.out"
says "export of the logs to a file" 0 '' export 1 --csv -o "$work/logs.csv"
holds "the same" cmp "$work/logs.out" "$work/logs.csv"
says "a thresholded run" 0 '' run ring-pd-reflected "${tiny[@]}" --name clipped --runs "$work/clipped" --quiet
says "export of what the threshold clipped, by site" 0 '^threshold,[0-9]+,4,T\.clipped,' export 1 --csv --runs "$work/clipped"
says "export of the weights" 0 'weights of 0001' export 1 --weights "$work/w.safetensors"
holds "a safetensors file" grep -qa '"__metadata__"' "$work/w.safetensors"
says "export of weights to another format" 2 'must end in \.safetensors' export 1 --weights "$work/w.pt"
says "sample at an older checkpoint" 0 'at step 4,' sample 1 --at 4 -o "$work/old.npy"
says "a report says how the shift began and what to do next" 0 'at the start [0-9.]+.*|next    ddil sample' run ring-pd --steps 40 -s student.pretrain_steps=20 -s shift.every=20 --name reported
grep -q "at the start" "$out" && grep -q "^next    ddil sample" "$out"
result $? "both of it"
says "a run's figure" 0 '' export 1 --svg "$work/run.svg" --png "$work/run.png" --theme slides
grep -q '<text [^>]*>Covariate shift: own / forward error</text>' "$work/run.svg"
result $? "its text stays text"
grep -q '#ffb45a' "$work/run.svg" && ! grep -q '#d55e00\|#0072b2' "$work/run.svg"
result $? "what is drawn on a dark ground is light"
[ "$(head -c 4 "$work/run.png" | tail -c 3)" = PNG ]
result $? "and as PNG"
says "a figure with another ending" 2 'must end in \.svg' export 1 --svg "$work/run.png"

echo "1..$number"
[ $bad = 0 ]
