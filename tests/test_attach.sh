#!/bin/bash
# Leaving and coming back, end to end under tmux: run --detach, viewers, q d, hang-ups, kill -9. Prints TAP.
set -u
. "$(dirname "$0")/tmux.sh"
runs=$work/runs
long='ring-pd --steps 2000000'

owner() { # the process that owns the folder
    read -r process _ <"$runs/.lock" 2>/dev/null && echo "$process"
}

clean() {
    for lock in "$work"/*/.lock; do
        kill -9 "$(cat "$lock" 2>/dev/null || echo none)" 2>/dev/null
    done
    finish
}
trap clean EXIT

step() { # of a run, as the logs say
    "$ddil" ls --runs "$runs" | sed -nE "s/^0*$1-[^ ]+ +[a-z]+ +([0-9]+)\/.*/\1/p"
}

shown_step() { # under the cursor
    screen | sed -nE 's/^τ .*[^0-9 ] +([0-9 ]*[0-9]) \/ .*/\1/p' | tr -d ' '
}

passes() { # run, step
    [ "$(step "$1")" -gt "$2" ] 2>/dev/null
}

gone() { # process
    ! kill -0 "$1" 2>/dev/null
}

attach() { # arguments...
    keys "clear; '$ddil' --runs '$runs' $*; echo left \$?" Enter
}

# ---- in the background ----

"$ddil" run --detach no-such-preset --runs "$runs" >"$work/out" 2>&1
[ $? = 2 ] && [ ! -e "$runs/.lock" ]
ok $? 'a preset that is none: code 2, nothing starts'
"$ddil" run --detach $long --runs "$runs" >"$work/out" 2>&1
status=$?
[ $status = 0 ] && [ -e "$runs/0001-ring-pd/run.ini" ] && grep -q "process $(owner)" "$work/out"
ok $? 'run --detach returns once the run exists, and says how to come back'
until_true 30 passes 1 50 && state_is 1 live
ok $? 'it trains, and ls looks on'
[ "$(stat -c %a "$runs/.socket")" = 600 ]
ok $? 'its socket is private'
"$ddil" run ring-lcm --steps 10 --runs "$runs" >"$work/out" 2>&1
[ $? = 4 ] && grep -q "process $(owner)" "$work/out"
ok $? 'a plain run in its folder is refused with 4 and names the owner'
"$ddil" run --detach ring-lcm --steps 2000000 --name second --runs "$runs" >"$work/out" 2>&1
[ $? = 0 ] && grep -q 'run 2 second' "$work/out" && grep -q 'owned the folder already' "$work/out"
ok $? 'another detached run is started by the process that owns the folder'

# ---- viewers ----

open_shell 80x24
began=$(date +%s%N)
attach
wait_for "process $(owner), headless: attached" 10
ok $? 'ddil attaches and says to whom'
echo "# attached in $((($(date +%s%N) - began) / 1000000)) ms"
wait_for '● 2 live'
ok $? 'it shows what is live'
keys 1 k k
wait_for '▸ 01' && keys Space && wait_for '01 ring-pd +‖ paused' && until_true 10 state_is 1 paused
ok $? 'Space pauses'
before=$(shown_step)
stepped() {
    [ "$(shown_step)" = $((before + 1)) ]
}
keys s
until_true 20 stepped
ok $? 's does one step'
tm split-window -d "'$ddil' --runs '$runs' --readonly" && tm resize-window -x 100 -y 60
other() {
    tm capture-pane -p -t .1 2>/dev/null | grep -qP -- "$1"
}
until_true 20 other 'headless: looking on'
ok $? 'a second viewer looks on'
tm send-keys -t .1 k k k Space
until_true 20 other 'read-only' && sleep 0.3 && state_is 1 paused
ok $? '--readonly steers nothing'
keys Space
wait_for '01 ring-pd +● live' && until_true 20 other '01 ring-pd +● live'
ok $? 'Space goes on, and both see it'
keys f
until_true 60 other '03 ring-pd' && wait_for '03 ring-pd'
ok $? 'f forks, and both see it'
tm send-keys -t .1 q
keys q
wait_for '^left 0' 10 && screen | grep -q "process $(owner) goes on"
ok $? 'q leaves at once and says what goes on'
before=$(step 1)
until_true 30 passes 1 "$before"
ok $? 'it does go on'

# ---- the end of an owner ----

pid=$(owner)
kill -TERM "$pid"
until_true 30 gone "$pid"; state_is 1 paused && state_is 3 paused && [ ! -e "$runs/.socket" ]
ok $? 'SIGTERM: everything saved, nothing left behind'
newest=$(ls "$runs/0001-ring-pd" | sed -nE 's/^ckpt-0*([0-9]+)\..*/\1/p' | sort -n | tail -n 1)
[ "$newest" -ge "$(step 1)" ]
ok $? 'where it stood'
"$ddil" run --detach $long --runs "$runs" >/dev/null 2>&1
pid=$(owner)
attach
wait_for "process $pid, headless: attached" 20
kill -9 "$pid"
wait_for 'engine: none' 20
ok $? 'kill -9: a viewer says that nobody trains'
keys q
wait_for '^left 0' 10 && [ -e "$runs/.socket" ] && state_is 4 paused
ok $? 'ls calls the run paused'
"$ddil" run --detach ring-pd --steps 150 --runs "$runs" >"$work/out" 2>&1
ok $? 'the stale socket and lock are taken over'
pid=$(owner)
until_true 60 gone "$pid" && state_is 5 done && [ ! -e "$runs/.socket" ]
ok $? 'when its last run is done the process leaves by itself'

# ---- a workbench shared, detached, hung up ----

# Not a step may be lost: an undisturbed run to compare with.
steps=1500
plain=$work/plain
"$ddil" run ring-pd --steps $steps --runs "$plain" --quiet >/dev/null 2>&1
same() { # run
    until_true 120 state_is "$1" done &&
        cmp "$plain/0001-ring-pd/metrics.csv" "$runs/000$1-ring-pd/metrics.csv" &&
        cmp "$plain/0001-ring-pd/shift.csv" "$runs/000$1-ring-pd/shift.csv"
}

open_shell 80x24
attach "ring-pd --steps $steps"
wait_for 'engine: this workbench' && wait_for '06 ring-pd +● live' && until_true 20 passes 6 5
pid=$(owner)
tm split-window -d "'$ddil' --runs '$runs'; sleep 60" && tm resize-window -x 100 -y 60
until_true 20 other "process $pid, another workbench: attached" && wait_for 'this workbench, 1 watching'
ok $? 'a second terminal attaches to a workbench, and both say so'
keys q
wait_for 'Leave the workbench\?' && wait_for 'd +detach' && keys d
wait_for '^left 0' 10 && screen | grep -q 'come back with: ddil --runs'
ok $? 'q d gives the terminal back'
[ "$(owner)" != "$pid" ] && gone "$pid" && kill -0 "$(owner)"
ok $? 'the engine is a process of its own now'
until_true 20 other "process $(owner), headless: attached"
ok $? 'who was attached still is'
same 6
ok $? 'not a step was lost: the logs are those of an undisturbed run'

pid=$(owner)
open_shell 80x24 # ends the viewers
until_true 20 gone "$pid"
attach "ring-pd --steps $steps"
wait_for '07 ring-pd +● live' && until_true 20 passes 7 5
kill -HUP "$(owner)"
wait_for '^left 3' 10
ok $? 'SIGHUP: the terminal is given back'
began=$(date +%s%N)
attach
wait_for "headless: attached" 10 && wait_for '07 ring-pd +(● live|✓ done)'
ok $? 'ddil reattaches'
echo "# reattached in $((($(date +%s%N) - began) / 1000000)) ms"
same 7
ok $? 'not a step was lost'

pid=$(owner)
open_shell 80x24
until_true 20 gone "$pid"
attach "ring-pd --steps $steps"
wait_for '08 ring-pd +● live' && until_true 20 passes 8 5
pid=$(owner)
tm kill-server # the pty is closed
until_true 10 gone "$pid"
open_shell 80x24
attach
wait_for "headless: attached" 10
ok $? 'a closed pty: ddil reattaches'
same 8
ok $? 'not a step was lost'
grep -q '08 ring-pd saved at step' "$runs/engine.log"
ok $? 'a checkpoint came first'

pid=$(owner)
open_shell 80x24
until_true 20 gone "$pid"
attach "ring-pd --steps 2000000 --on-hangup stop"
wait_for '09 ring-pd +● live' && until_true 20 passes 9 5
pid=$(owner)
tm kill-server
until_true 20 gone "$pid" && state_is 9 paused
ok $? '--on-hangup stop saves and stops'

echo "1..$n"
