#!/bin/bash
# Sweeps from outside (TAP): a grid, draws, the best of them going on; killed and started again; what is wrong with a file;
# the submit script, as a stub of Slurm's sbatch takes it.
. "$(dirname "$0")/tap.sh"

tiny='student.pretrain_steps = 16
run.batch = 32
run.eval_samples = 100
shift.samples = 20
source.capacity = 8
source.teacher_capacity = 8
run.checkpoint_every = 5'

sweep_file() { # name, then lines of [sweep]
    local name=$1
    shift
    printf '[sweep]\npreset = ring-pd-ddil\nmetrics = sw2, ratio.1\nsteps = 30\n' >"$work/$name.ini"
    printf '%s\n' "$@" >>"$work/$name.ini"
    printf '[parameters]\noptimizer.lr = 1e-4, 3e-3\nsource.beta_student = 0.1, 0.25, 0.5\n%s\n' "$tiny" >>"$work/$name.ini"
}

sweep() { # name runs options...
    local name=$1 runs=$2
    shift 2
    "$DDIL" sweep "$work/$name.ini" --runs "$work/$runs" --threads 2 "$@" >"$out" 2>"$err" </dev/null
}

logs() { # folder: what the runs came to, by name
    (cd "$work/$1" && for run in 0*; do (cd "$run" && cksum metrics.csv eval.csv shift.csv ckpt-*) | sed "s/^/${run#*-} /"; done | sort)
}

sweep_file grid 'rungs = 10, 20' 'keep = 2'
sweep grid quiet
result $? "a grid of six, halved twice, runs whole"
[ "$(grep -c 'stopped at step 10: place [456] of 6' "$work/quiet/grid.md")" = 3 ] &&
    [ "$(grep -c 'stopped at step 20: place 3 of 3' "$work/quiet/grid.md")" = 1 ]
result $? "the table says who was stopped where"
grep -q '^| place | trial | optimizer.lr | source.beta_student | ' "$work/quiet/grid.md"
result $? "and what differs"
head -1 "$work/quiet/grid.csv" | grep -q '^place,trial,optimizer.lr,source.beta_student,stopped_at,runs,failed,sw2,sw2_low,sw2_high,sw2_seed_1,ratio.1,' && [ "$(wc -l <"$work/quiet/grid.csv")" = 7 ]
result $? "so does the CSV, a row a trial"
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 && NR < 4 { v = $at["sw2"]; if (NR > 2 && v < last) bad = 1; last = v } END { exit bad }' "$work/quiet/grid.csv"
result $? "those that went to the end are ranked by the first metric"
says "a stopped run says why" 0 'paused.*' ls --runs "$work/quiet"
grep -q 'state: paused: stopped early at step 10: place 4 of 6 by sw2' "$work"/quiet/0*/events.csv
result $? "in its folder too"
best=$(awk -F, 'NR == 2 { print $2 }' "$work/quiet/grid.csv")
run=$(ls -d "$work"/quiet/0*-grid-"$best"-s1)
"$DDIL" run ring-pd-ddil --steps 30 --threads 1 --name alone --runs "$work/alone" --quiet $(sed -nE '/^\[/h; /^(lr|beta_student|pretrain_steps|batch|eval_samples|samples|capacity|teacher_capacity|checkpoint_every|eval_at) = /{G;s/(.*)\n\[(.*)\]/-s \2.\1/;s/ = /=/;p}' "$run/run.ini") >"$out" 2>"$err"
for log in metrics eval shift; do cmp "$run/$log.csv" "$work"/alone/0001-alone/$log.csv || echo differs; done >"$out" 2>&1
[ ! -s "$out" ]
result $? "a run that was promoted twice has the logs of one that never rested"

# Killed while it works, three times; then left alone.
for kill in 1 2 3; do
    killed_after $((kill * 6)) "$work/killed" sweep "$work/grid.ini" --threads 2
done
sweep grid killed
result $? "after three kills it goes on to the end"
cmp "$work/quiet/grid.md" "$work/killed/grid.md" >"$out" 2>&1 && diff <(logs quiet) <(logs killed) >"$out" 2>&1
result $? "to the same table and the same runs, byte for byte"
sweep grid killed
grep -q '^6 of 6 runs are there' "$err"
result $? "what is done is not done again"
sweep grid quiet --report && cmp "$work/quiet/grid.md" "$work/killed/grid.md" >"$out" 2>&1
result $? "--report writes the table of what is there"

sed 's/3e-3/4e-3/' "$work/grid.ini" >"$work/other.ini" && mv "$work/grid.ini" "$work/kept.ini" && mv "$work/other.ini" "$work/grid.ini"
sweep grid killed
[ $? = 2 ] && grep -q 'optimizer.lr is "0.003" there and "0.004" in the study' "$err"
result $? "a file that was changed between is refused, with both values"
mv "$work/kept.ini" "$work/grid.ini"

sweep_file two 'search = random' 'trials = 3' 'seeds = 1-2' 'steps = 8'
sed -i 's/^steps = 30$//; s/^optimizer.lr = .*/optimizer.lr = 1e-4 .. 1e-2 log/' "$work/two.ini"
sweep two killed
result $? "another sweep in the same folder; draws, and two seeds"
[ "$(ls -d "$work"/killed/0*-two-0[123]-s[12] | wc -l)" = 6 ] && grep -q '±' "$work/killed/two.md"
result $? "a run a trial and seed, and the means with intervals"
drawn=$(cut -d, -f1-3 "$work/killed/two.csv" | sort)
sed 's/^trials = 3/trials = 4/' "$work/two.ini" >"$work/more.ini" && cp "$work/more.ini" "$work/two.ini"
sweep two killed
[ $? = 0 ] && grep -q '^6 of 8 runs are there' "$err"
result $? "one trial more: the draws before it stay"

mkfifo "$work/hold"
(exec 9<>"$work/killed/.table-grid.lock" && flock 9 && echo $BASHPID >&9 && echo held >"$work/hold" && read -r _ <"$work/hold") &
read -r _ <"$work/hold"
says "two at once: the second is refused, and told by whom" 4 '.table-grid.lock is held by another ddil .process [1-9]' sweep "$work/grid.ini" --runs "$work/killed"
echo go >"$work/hold"
wait

refused() { # what regex sed...
    local what=$1 regex=$2
    shift 2
    sed "$@" "$work/grid.ini" >"$work/bad.ini"
    says "$what" 2 "$regex" sweep "$work/bad.ini" --runs "$work/bad"
}
refused "an unknown parameter" 'bad.ini:8: .*optimizer.rl.*optimizer.lr' 's/^optimizer.lr/optimizer.rl/'
refused "a value out of range" 'bad.ini:8: .*optimizer.lr.*-3' 's/3e-3/-3/'
refused "a metric that is not there" 'bad.ini:3: no such metric.*sw3' 's/sw2/sw3/'
refused "a sampling step that no student takes" 'take 4 sampling steps, there is no ratio.9' 's/ratio.1/ratio.9/'
refused "an empty grid" 'the grid is empty' '/^\[parameters\]/,$d'
refused "a parameter without values" 'bad.ini:8: values stand between commas' 's/^optimizer.lr = .*/optimizer.lr =/'
refused "a range in a grid" 'bad.ini:8: a range has no grid' 's/^optimizer.lr = .*/optimizer.lr = 1e-4 .. 1e-2/'
refused "a rung behind the end" 'the rung at step 40 is not before its end, step 30' 's/^rungs = .*/rungs = 10, 40/'
refused "rungs that fall" 'rungs are rising steps' 's/^rungs = .*/rungs = 20, 10/'
says "a sweep that is nowhere" 2 'no-sweep: no such file, and none of that name in presets/sweeps' sweep no-sweep --runs "$work/bad"
refused "too large a grid" '300 combinations, at most 256' "/^optimizer.lr/i source.warmup = $(seq -s , .01 .01 .5)"
refused "a range that falls" 'bad.ini:8: a range is of numbers.* not 3e-3 .. 1e-4$' 's/^optimizer.lr = .*/optimizer.lr = 3e-3 .. 1e-4/'
refused "the method as a parameter" 'bad.ini:8: run.method: .* one for each' 's/^optimizer.lr = .*/run.method = pd, lcm/'
refused "the seed as a parameter" 'seeds = in .sweep. says that' 's/^optimizer.lr/run.seed/'
refused "draws in a grid" 'only search = random draws' 's/^keep = 2/trials = 3/'
[ ! -e "$work/bad" ]
result $? "which begin nothing"
sed 's/^metrics = .*/metrics = frechet/' "$work/grid.ini" >"$work/flat.ini"
says "a metric that these data do not have" 2 'frechet on ring: it needs pictures' sweep "$work/flat.ini" --runs "$work/flat" --threads 1
sed 's/^metrics = .*/metrics = ratio.1/; s/^preset = .*/preset = ring-ect/; /^source.beta_student/d' "$work/grid.ini" >"$work/unlogged.ini"
says "a metric that these runs do not log" 2 'logs no ratio.1; it has loss, shift, sw2' sweep "$work/unlogged.ini" --runs "$work/unlogged" --threads 1
[ "$(ls -d "$work"/unlogged/0* | wc -l)" = 1 ]
result $? "ends it at once"
(
    trap "" XFSZ
    ulimit -f 40
    sweep grid full
)
[ $? = 1 ] && grep -q 'File too large' "$err"
result $? "no room for what it writes: it says so"
sweep grid full && cmp "$work/quiet/grid.md" "$work/full/grid.md" >"$out" 2>&1
result $? "and with room it goes on to the same table"

# ---- Slurm, as far as a stub of sbatch goes ----

mkdir "$work/bin"
cat >"$work/bin/sbatch" <<'STUB'
#!/bin/bash
# Runs what it is given at once, task by task; leaves out those named in $SKIP.
number=$(($(cat "$STUB/jobs" 2>/dev/null || echo 100) + 1))
echo $number >"$STUB/jobs"
printf '%s\n' "$*" >>"$STUB/asked"
array=-
while [ $# -gt 0 ]; do
    case $1 in --array=*) array=${1#*=} ;; --wrap) wrap=$2; shift ;; esac
    shift
done
for span in ${array//,/ }; do
    for ((k = ${span%-*}; k <= ${span#*-}; k++)); do
        case " ${SKIP:-} " in *" $k "*) continue ;; esac
        SLURM_ARRAY_TASK_ID=$k sh -c "$wrap" >>"$STUB/log" 2>&1
        echo "task $k: $?" >>"$STUB/log"
    done
done
[ "$array" != - ] || sh -c "$wrap" >>"$STUB/log" 2>&1
echo "$number;cluster"
STUB
chmod +x "$work/bin/sbatch"
export STUB=$work/bin
printf '[slurm]\npartition = main\ntime = 1:00:00\n' >>"$work/grid.ini"
mkdir "$work/it's \"job\""
runs="it's \"job\""
PATH=$work/bin:$PATH SKIP='1 4' sweep grid "$runs" --slurm
result $? "--slurm submits"
grep -q -- '--array=0-5 --wrap' "$out" && grep -q -- "'--partition=main' '--time=1:00:00'" "$out" && cmp "$work/$runs/grid.submit.sh" <(sed '/^job [0-9]*: /d' "$out") >>"$err" 2>&1
result $? "the script is shown, and kept"
grep -q '^job 101: 6 runs to step 10' "$out" && grep -q '^job 104: the table' "$out"
result $? "an array a rung, one job for the table"
grep -q 'not all runs have come to step 10' "$work/bin/log"
result $? "two tasks are missing: the next rung does not begin"
before=$(logs "$runs")
rm "$work/bin/asked"
PATH=$work/bin:$PATH sweep grid "$runs" --slurm
[ $? = 0 ] && grep -q -- '--array=1,4 --wrap' "$work/bin/asked"
result $? "submitted again: those two alone, and what follows"
cmp "$work/quiet/grid.md" "$work/$runs/grid.md" >"$out" 2>&1 && diff <(logs quiet) <(logs "$runs") >>"$out"
result $? "to the table and the runs of one process"
PATH=$work/bin:$PATH sweep grid "$runs" --slurm
[ $? = 0 ] && grep -q 'nothing to submit' "$err"
result $? "there is nothing left to submit"
PATH=/usr/bin:/bin sweep grid elsewhere --slurm
[ $? = 1 ] && grep -q "sbatch is not here" "$err" && [ -s "$work/elsewhere/grid.submit.sh" ]
result $? "without sbatch the script is written all the same"

cat >"$work/study.ini" <<'INI'
[study]
presets = ring-pd
seeds = 1
steps = 10
budget_nfe = ddil
metrics = sw2
[arm data]
student.pretrain_steps = 10
run.eval_samples = 100
[arm ddil]
preset = *-ddil
student.pretrain_steps = 10
run.eval_samples = 100
INI
rm -f "$work/bin/asked"
(cd "$work" && PATH=$work/bin:$PATH "$DDIL" table study.ini --runs study --slurm >"$out" 2>"$err")
[ $? = 0 ] && grep -q -- '--array=1 --wrap' "$work/bin/asked" && grep -q -- '--array=0 --dependency=afterany:' "$work/bin/asked" && [ -s "$work/study/study.md" ]
result $? "a study goes the same way: those first that others wait for"
says "a task that is none" 2 'STAGE:NUMBER' table "$work/study.ini" --runs "$work/study" --task 5
says "one thing at a time" 2 'one of them at a time' table "$work/study.ini" --slurm --report
finish
