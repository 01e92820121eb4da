#!/bin/bash
# Studies from outside (TAP): an undisturbed one, one that is killed again and again, what was changed or deleted
# meanwhile, two at once; tables and figures.
. "$(dirname "$0")/tap.sh"

cat >"$work/trial.ini" <<'INI'
[study]
title = A trial
presets = ring-pd
seeds = 1-3
steps = 60
budget_nfe = ddil
metrics = ratio.1, sw2, sw2@1, sw2@mix0.5, nfe
baseline = data
[arm data]
student.pretrain_steps = 40
run.eval_samples = 200
run.batch = 64
shift.samples = 40
[arm ddil]
preset = *-ddil
student.pretrain_steps = 40
run.eval_samples = 200
run.batch = 64
shift.samples = 40
run.checkpoint_every = 10
[arm taught]
preset = *-ddil
student.pretrain_steps = 40
run.eval_samples = 200
run.batch = 64
shift.samples = 40
expert = ddil
INI

table() { # runs folder, then options
    local runs=$1
    shift
    "$DDIL" table "$work/trial.ini" --runs "$runs" --out "$runs/out" --threads 2 "$@" >"$out" 2>"$err" </dev/null
}

table "$work/quiet"
result $? "a study runs whole"
grep -q '^| ddil - data | | ' "$work/quiet/out/trial.md"
result $? "the Markdown holds paired differences"
[ "$(wc -l <"$work/quiet/out/trial.csv")" = 16 ] && head -1 "$work/quiet/out/trial.csv" | grep -q 'p_holm,effect,seed_1,seed_2,seed_3$'
result $? "the CSV holds a row for each arm and metric"
grep -q '<text [^>]*>ring-pd: sw2</text>' "$work/quiet/out/trial.svg"
result $? "the figure's text stays text"
[ "$(head -c 4 "$work/quiet/out/trial.png" | tail -c 3)" = PNG ]
result $? "the figure is there as PNG"

# Killed while it works, five times; then left alone.
for kill in 1 2 3 4 5; do # each time a run has gone on by a checkpoint
    killed_after $((kill + 1)) "$work/killed" table "$work/trial.ini" --out "$work/killed/out" --threads 2
    find "$work/killed" -name eval.csv -size +150c -exec stat -c '%n %Y' {} + 2>/dev/null | sort >"$work/done.$kill"
done
table "$work/killed"
result $? "after five kills it goes on to the end"
cmp -s "$work/quiet/out/trial.md" "$work/killed/out/trial.md"
result $? "its Markdown is that of an undisturbed study, byte for byte"
cmp -s "$work/quiet/out/trial.csv" "$work/killed/out/trial.csv"
result $? "and its CSV"
[ "$(find "$work/killed" -maxdepth 1 -name '0*' | wc -l)" = 9 ]
result $? "each run has one folder and a number of its own"
while read -r file time; do
    [ "$(stat -c %Y "$file")" = "$time" ] || echo "$file"
done <"$work/done.5" >"$work/again"
[ ! -s "$work/again" ]
result $? "no finished run was touched again"
table "$work/killed"
grep -q '^9 of 9 runs are there' "$err"
result $? "what is done is not done again"

run=$(ls -d "$work"/killed/0*-trial-ring-pd-ddil-s2)
sed -i 's/^lr = .*/lr = 0.5/' "$run/run.ini"
table "$work/killed"
[ $? = 2 ] && grep -q 'optimizer.lr is "0.5" there and ' "$err" && grep -q 'delete or rename' "$err"
result $? "a run that was changed meanwhile is named, with both values"
rm -r "$run"
table "$work/killed" && grep -q '^[67] of 9' "$err" && cmp -s "$work/quiet/out/trial.md" "$work/killed/out/trial.md"
result $? "one that was deleted is run again, and nothing else"

# A log that a finished run lost, or that was cut to an earlier measurement.
run=$(ls -d "$work"/killed/0*-trial-ring-pd-ddil-s3)
cp "$run/shift.csv" "$work/shift"
for damage in 'rm "$run/shift.csv"' 'grep -v "^60," "$work/shift" >"$run/shift.csv"'; do
    eval "$damage"
    table "$work/killed" && grep -q '0*-trial-ring-pd-ddil-s3 is done, but has no figure of ratio.1: .* delete or rename the folder' "$err"
    result $? "a finished run whose shift.csv is gone or cut: named, with the remedy"
    grep -q '^- `trial-ring-pd-ddil-s3` is done, but has no figure of ratio.1$' "$work/killed/out/trial.md" &&
        grep -q '^| ddil | 3 | [^|]* (n 2) | [^(|]* |' "$work/killed/out/trial.md" && grep -q '^| ddil - data | | [^|]*, n 2) |\|^| ddil - data | | [^|]* (n 2) |' "$work/killed/out/trial.md"
    result $? "and beneath its table, with n where it differs"
done
cp "$work/shift" "$run/shift.csv"
table "$work/killed" && cmp -s "$work/quiet/out/trial.md" "$work/killed/out/trial.md"
result $? "with its log back the page is what it was"

says "a study that is not there" 2 'nowhere' table nowhere
says "one file of study at a time" 2 'table' table
sed 's/^seeds = .*/seeds = 4\nfrontier = yes/' "$work/trial.ini" >"$work/single.ini"
says "one seed: no interval, and it says so" 0 'One seed: there is no interval' table "$work/single.ini" --runs "$work/single"
grep -q '^| frontier | n | steps | guidance | sw2 | coverage |' "$work/single/single.md" && [ "$(grep -c '^| teacher | 1 | ' "$work/single/single.md")" = 4 ]
result $? "the frontier: every arm's students, and the teacher"
[ "$(grep -c ',coverage@student[1248]-s1,1,' "$work/single/single.csv")" = 12 ] && grep -q '>coverage of the data<' "$work/single/single.svg"
result $? "its rows and its chart"
says "what is done is not measured again" 0 '^3 of 3 runs are there' table "$work/single.ini" --runs "$work/single"
cp "$work/single/single.md" "$work/frontier"
rm "$work"/single/0*-taught-s4/frontier.csv
says "a lost frontier is measured again" 0 '^2 of 3 runs are there' table "$work/single.ini" --runs "$work/single"
cmp -s "$work/frontier" "$work/single/single.md"
result $? "and is the same"
rm "$work"/single/0*-taught-s4/eval.csv
says "a finished run that lost its evaluation" 1 'taught-s4 has nothing more to do.*delete or rename' table "$work/single.ini" --runs "$work/single"
sed 's/^metrics = .*/metrics = sw2, frechet/' "$work/trial.ini" >"$work/flat.ini"
says "a metric that the data do not have, before anything is run" 2 'frechet on ring: it needs pictures' table "$work/flat.ini" --runs "$work/flat"
sed 's/^run.eval_samples = .*/run.eval_samples = 12/' "$work/trial.ini" >"$work/few.ini"
says "too few samples, and how many it takes" 2 'at least 20' table "$work/few.ini" --runs "$work/few"
sed 's/^budget_nfe = .*/budget_cpu_s = 0.5/; s/^seeds = .*/seeds = 1-2/; s/, sw2@1.*/, nfe/; s/^expert = .*//' "$work/trial.ini" >"$work/cpu.ini"
says "a budget of CPU seconds" 0 'about 0.5 CPU seconds a run' table "$work/cpu.ini" --runs "$work/cpu"
says "its probe is made once" 0 '6 of 6 runs are there' table "$work/cpu.ini" --runs "$work/cpu"
grep -q '^budget_nfe = [1-9]' "$work"/cpu/0*-cpu-ring-pd-data-s1/run.ini
result $? "it stands in the run as evaluations"
sed 's/^seeds = .*/seeds = 4\nbudget_cpu_s = 3/' "$work/trial.ini" >"$work/two.ini"
says "two budgets are one too many" 2 'only one of them' table "$work/two.ini" --runs "$work/two"
(trap "" XFSZ; ulimit -f 60; "$DDIL" table "$work/trial.ini" --runs "$work/full" --out "$work/full/out" --threads 2 >"$out" 2>"$err" </dev/null)
[ $? = 1 ] && grep -q 'File too large' "$err"
result $? "no room for what it writes: it says so"
table "$work/full" && cmp -s "$work/quiet/out/trial.md" "$work/full/out/trial.md"
result $? "and with room it goes on to the same table"
for wrong in 's/^presets = .*/presets = ring-nonesuch/' 's/^baseline = .*/baseline = nonesuch/' 's/sw2@1/nonesuch/'; do
    sed "$wrong" "$work/trial.ini" >"$work/bad.ini"
    says "a preset, an arm, a metric that is not there" 2 'nonesuch' table "$work/bad.ini" --runs "$work/bad"
done
says "seeds as a group: a mean and its interval" 0 '3 of 3 seeds done' run ring-pd --seeds 1-3 --steps 40 -s run.eval_samples=200 --runs "$work/group"
says "a wider group runs what is missing" 0 '^shift  *[0-9.]+ ± ' run ring-pd --seeds 1-4 --steps 40 -s run.eval_samples=200 --runs "$work/group"
[ "$(ls -d "$work"/group/0*-ring-pd-s? | wc -l)" = 4 ]
result $? "each seed has its run"
"$DDIL" run ring-pd --seeds 1-2 --steps 40 -s run.eval_samples=200 --runs "$work/group" 2>"$err" | true
[ "${PIPESTATUS[0]}" = 0 ]
result $? "a reader that leaves ends no group"
says "seeds that are none are refused" 2 'write 1-5 or 1,3,7' run ring-pd --seeds 1-b --runs "$work/group"
mkfifo "$work/hold"
(exec 9<>"$work/single/.table-single.lock" && flock 9 && : >"$work/single/.table-single.lock" && echo held >"$work/hold" && read -r _ <"$work/hold") &
read -r _ <"$work/hold"
says "two at once on one folder: the second is refused; who it is does not stand there" 4 'is held by another ddil$' table "$work/single.ini" --runs "$work/single"
echo go >"$work/hold"
wait
finish
