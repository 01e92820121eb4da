#!/bin/bash
# What jobs of a scheduler need (TAP): a limit of time, a run that is started again and goes on, and what is refused or
# said where signals would not arrive.
. "$(dirname "$0")/tap.sh"

tiny=(ring-pd -s run.steps=6 -s run.log_every=1 -s student.pretrain_steps=2 -s run.batch=32 -s run.eval_samples=50
    -s shift.samples=20 -s source.capacity=8 -s source.teacher_capacity=8)

says "an undisturbed run" 0 '' run "${tiny[@]}" --name whole --quiet
says "a limit that is over: saved, code 3" 3 'its time is up, saved at step 0; go on with: ddil resume' run "${tiny[@]}" --name part --go-on --time-limit 0s
says "started again it goes on" 0 '/0002-part$' run "${tiny[@]}" --name part --go-on --quiet
cmp "$work"/runs/0001-whole/metrics.csv "$work"/runs/0002-part/metrics.csv >"$out" 2>&1 &&
    cmp "$work"/runs/0001-whole/eval.csv "$work"/runs/0002-part/eval.csv >"$out" 2>&1
result $? "to what the undisturbed one made"
says "once more: nothing is done twice" 0 '/0002-part$' run "${tiny[@]}" --name part --go-on --quiet --time-limit 1h30m
says "another name begins" 0 '/0003-other$' run "${tiny[@]}" --name other --go-on --quiet --time-limit 0
for text in 3x 5 h 1m2h 1h1h; do
    says "a limit of '$text'" 2 'no span of time' run "${tiny[@]}" --name wrong --time-limit "$text"
done
[ ! -e "$work"/runs/0004-* ]
result $? "which begins nothing"

# A run that trains in a process of its own hears its folder's mailbox.
. "$(dirname "$0")/until.sh"
"$DDIL" run "${tiny[@]}" --name told --steps 2000000 --threads 1 --quiet >"$work/told.out" 2>"$work/told.err" </dev/null &
told=$!
speaks() { [ -s "$work/runs/0004-told/owner" ]; }
until_true 20 speaks
says "tell pauses a plain run" 0 '^paused' tell told pause
step=$(sed -n 's/^\([0-9]*\),.*,state: paused$/\1/p' "$work/runs/0004-told/events.csv" | tail -n 1)
says "it takes a step" 0 '' tell told step 2
rests() { [ "$(tail -n 1 "$work/runs/0004-told/events.csv" | cut -d, -f1,3)" = "$1,state: paused" ]; }
until_true 20 rests $((step + 2))
result $? "two of them, and no more"
says "a value is set" 0 '' tell told set optimizer.lr=0.00123
grep -q 'optimizer.lr .* -> 0.00123' "$work/runs/0004-told/events.csv"
result $? "and marked"
says "what is wrong is answered" 2 "optimizer.lr" tell told set optimizer.lx=3
says "stop" 0 'stops, saved' tell told stop
wait $told
[ $? = 3 ] && grep -q "told to stop, saved at step $((step + 2))" "$work/told.err" && [ ! -e "$work/runs/0004-told/owner" ]
result $? "it ends, saved, with code 3"
says "then nobody answers" 4 '' tell told pause

export SLURM_JOB_ID=7
SLURM_JOB_END_TIME=1000 says "the end of Slurm's job is a limit" 3 'its time is up' run "${tiny[@]}" --name job
SLURM_JOB_END_TIME=1000 says "unless there is none" 0 '' run "${tiny[@]}" --name free --time-limit 0 --quiet
says "--detach would end with the script" 2 'by srun' run "${tiny[@]}" --detach
printf '#!/bin/sh\n"%s" run %s --name deaf --time-limit 0s\nexit 0\n' "$DDIL" "${tiny[*]}" >"$work/slurm_script"
chmod +x "$work/slurm_script"
"$work/slurm_script" >"$out" 2>"$err"
[ ! -e /proc/self/comm ] || grep -q 'warning: Slurm.s signals end' "$err"
result $? "a program that a batch script runs plainly is told that it is deaf"
sed -i 's/^"/exec "/' "$work/slurm_script"
"$work/slurm_script" >"$out" 2>"$err"
! grep -q 'warning: Slurm' "$err"
result $? "by exec it is not"
finish
