#!/bin/bash
# Runs folders that other programs, other file systems and accidents have been at (TAP).
. "$(dirname "$0")/tap.sh"

# As short as a run can be and still have every log.
tiny=(-s run.steps=12 -s run.batch=32 -s run.log_every=2 -s run.checkpoint_every=4 -s student.pretrain_steps=5
      -s shift.samples=16 -s shift.every=6 -s run.eval_samples=64 -s net.width=16 -s net.depth=1)

says "a run" 0 '0001-a' run quickstart --quiet --name a "${tiny[@]}"

# ---- logs that make no sense ----

mkdir "$work/odd"
cp -r "$work/runs/0001-a" "$work/odd/0001-a"
{
    head -n 3 "$work/runs/0001-a/metrics.csv"
    sed -n '4s/^[0-9]*/7920216175/p;5s/^[0-9]*/-7/p;6s/,[^,]*,/,1e308,/p' "$work/runs/0001-a/metrics.csv"
    printf '\0\0\0\n90,06.7\n\n\n'
} >"$work/odd/0001-a/metrics.csv"
printf ':expect Runs\n2\n:expect Curves\n' >"$work/odd.ddil"
says "odd logs are drawn" 0 "" --readonly --runs "$work/odd" --size 120x40 --script "$work/odd.ddil"
says "and listed" 0 '^0001-a ' ls --runs "$work/odd"

# ---- what a run goes on from ----

rm "$work/odd/0001-a/ckpt-00000012.safetensors"
printf '12,now,state: live\n' >>"$work/odd/0001-a/events.csv"
says "a run that was left is listed at the step it goes on from" 0 '^0001-a +paused +8/12' ls --runs "$work/odd"

finish
