#!/bin/bash
# A trainer of somebody's own, driven from the workbench at 120x40 under tmux: launched, paused, stepped, changed, forked,
# undone, compared, stopped, resumed, killed. Once with a loop of nothing, once with the ring example, which needs PyTorch.
# Prints TAP.
set -u
. "$(dirname "$0")/tmux.sh"
root=$(cd "$(dirname "$0")/.." && pwd)
export PYTHONDONTWRITEBYTECODE=1
unset DDIL_RUNS

clean() {
    for owner in "$work"/*/runs/*/owner; do
        kill -9 "$(cut -d' ' -f4 "$owner" 2>/dev/null || echo none)" 2>/dev/null
    done
    finish
}
trap clean EXIT

holds() { # file of runs, pattern
    grep -qE -- "$2" "$work/$trainer"/runs/$1 2>/dev/null
}

word() { # run, number of a word of its owner
    cut -d' ' -f"$2" "$work/$trainer"/runs/000"$1"-*/owner 2>/dev/null
}

stands() { # run, state
    [ "$(word "$1" 7)" = "$2" ]
}

at_step() { # run, step
    [ "$(word "$1" 8)" = "$2" ]
}

dead() { # process
    ! kill -0 "$1" 2>/dev/null
}

last_row() { # of a run's metrics
    tail -n 1 "$work/$trainer"/runs/000"$1"-*/metrics.csv | cut -d, -f1
}

ends_at() { # run, step: of its last row
    [ "$(last_row "$1")" = "$2" ]
}

rest() { # run: it has shown what it was for, and leaves the processor to the others
    "$ddil" tell "$1" pause --runs "$work/$trainer/runs" --wait 60 >/dev/null
}

drive() { # trainer, command
    trainer=$1
    mkdir -p "$work/$trainer/presets"
    printf '# A trainer of my own\n[run]\nmethod = external\ncommand = %s\n' "$2" >"$work/$trainer/presets/mine.ini"
    open_shell 120x40
    keys "cd '$work/$trainer'; clear; '$ddil'; echo left \$?" Enter
    wait_for '6 Compare' 20
    keys n
    wait_for 'mine' && keys mine && wait_for 'A trainer of my own' && keys Enter
    until_true 60 holds '0001-*/metrics.csv' '^20,'
    ok $? "$trainer: launched with n"
    keys Escape 1
    wait_for '01 mine +● live'
    ok $? "$trainer: Runs shows it"

    keys Space
    wait_for '01 mine +‖ paused' && until_true 10 stands 1 paused
    ok $? "$trainer: Space pauses it"
    at=$(word 1 8)
    until_true 10 ends_at 1 "$at" && sed -n 's/.* \(takes\|pauses\)/\1/p' "$work/$trainer"/runs/0001-*/answers | grep -qE "pauses at step ($at|$((at - 1)))$"
    ok $? "$trainer: within one step"
    keys s
    until_true 10 at_step 1 $((at + 1)) && until_true 10 stands 1 paused
    ok $? "$trainer: s takes one step"

    keys ':set optimizer.lr=0.0004' Enter
    until_true 20 holds '0001-*/events.csv' "^$((at + 1)),.*optimizer.lr .* -> 0.0004"
    ok $? "$trainer: lr is changed, with a mark"
    holds '0001-*/checkpoints.csv' "^$((at + 1)),"
    ok $? "$trainer: behind a checkpoint"
    keys s
    until_true 10 at_step 1 $((at + 2))
    until_true 10 holds '0001-*/metrics.csv' "^$((at + 2)),.*,0.0004(,|$)"
    ok $? "$trainer: in force at the next step"
    keys ':set source.beta_data=0.2 source.beta_student=0.6' Enter
    until_true 20 holds '0001-*/events.csv' "^$((at + 2)),.*source.beta_student .* -> 0.6"
    ok $? "$trainer: so are the priors"
    wait_for "source.beta_data .*→|beta_data"
    ok $? "$trainer: the news tell"
    keys Space
    wait_for '01 mine +● live'
    ok $? "$trainer: it goes on"

    keys f
    until_true 60 holds '0002-*/metrics.csv' '^[0-9]+,' && holds '0002-*/run.ini' '^# parent: 0001'
    ok $? "$trainer: f forks it from its newest checkpoint"
    wait_for '02 mine +● live'
    ok $? "$trainer: both train"
    rest 2
    keys 1 k k k
    wait_for '▸.?01 mine'
    keys 5 u
    wait_for 'u again'
    keys u
    until_true 60 holds '0003-*/metrics.csv' '^[0-9]+,'
    ok $? "$trainer: u undoes a change in a fork from the checkpoint before it"
    rest 3

    keys 1 k k k
    wait_for '▸.?01 mine' && keys v Down v 6
    wait_for 'only what differs' && wait_for '─ 0[123] .* 0[123]'
    ok $? "$trainer: Compare shows what differs"
    keys 1 k k k
    wait_for '▸.?.?01 mine'
    keys ':output' Enter
    wait_for '01 mine: output.log' && keys Escape
    ok $? "$trainer: its output is shown"
    keys ':stop' Enter
    until_true 20 stands 1 paused && until_true 20 dead "$(word 1 4)"
    ok $? "$trainer: stopped, and its process ends"
    wait_for '01 mine +‖ paused'
    at=$(last_row 1)
    keys Space
    until_true 60 stands 1 live && until_true 30 holds '0001-*/output.log' 'resumed from'
    ok $? "$trainer: resumed"
    wait_for '01 mine +● live'
    pid=$(word 1 4)
    kill -9 "$pid"
    wait_for "process $pid on .* is gone" 5 && wait_for 'to resume from its newest checkpoint' 5
    ok $? "$trainer: kill -9 is said, and resuming offered"
    keys q
    wait_for '^left 0' 10
    ok $? "$trainer: the workbench leaves"
    until_true 10 kill -0 "$(word 2 4)"
    ok $? "$trainer: the trainers stay"
    kill "$(word 2 4)" "$(word 3 4)" 2>/dev/null
}

python=
for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import numpy' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || { echo "1..0 # SKIP no python3 with numpy" && exit 0; }
drive toy "$python $root/tests/python/toy.py {folder} {resume}"
if /usr/bin/python3 -c 'import torch' 2>/dev/null; then
    drive ring "/usr/bin/python3 $root/assets/python/examples/ring_pd.py --folder {folder} {resume} --steps 400000"
else
    n=$((n + 1))
    echo "ok $n # SKIP no PyTorch here"
fi
echo "1..$n"
