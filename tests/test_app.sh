#!/bin/bash
# What surrounds a run (TAP): the trace, hostile text, exit codes, signals, readers that leave.
. "$(dirname "$0")/tap.sh"

# As short as a run can be.
tiny=(-s run.steps=12 -s run.batch=32 -s run.log_every=2 -s run.checkpoint_every=4 -s student.pretrain_steps=5
      -s shift.samples=16 -s shift.every=6 -s run.eval_samples=64 -s net.width=16 -s net.depth=1 --threads 1)

# ---- the trace ----

DDIL_TRACE=$work/trace says "a traced run" 0 '' run ring-pd "${tiny[@]}" --quiet
grep -qE '^[0-9.]+ [0-9]+ checkpoint .*/ckpt-[0-9]+\.safetensors status 0$' "$work/trace"
result $? "its checkpoints are in the trace"
printf ':set optimizer.lr=1e-4\n:quit\n' >"$work/script"
DDIL_TRACE=$work/trace says "a traced script" 0 '' --script "$work/script" ring-pd "${tiny[@]}"
grep -qE '^[0-9.]+ [0-9]+ command [0-9]+ set run 2 .* optimizer.lr=' "$work/trace"
result $? "commands are in the trace"
says "without it nothing is written" 0 '' presets
DDIL_TRACE=$work/none/trace says "a trace that cannot be written" 2 'DDIL_TRACE=.*No such file' ls

finish
