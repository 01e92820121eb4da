#!/bin/bash
# Runs that another program trains: launched, listed, told, killed, resumed, forked. Prints TAP.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/until.sh"
python=
for candidate in python3 /usr/bin/python3; do
    "$candidate" -c 'import numpy' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || { echo "1..0 # SKIP no python3 with numpy" && exit 0; }
export PYTHONDONTWRITEBYTECODE=1
runs=$DDIL_RUNS
mkdir -p "$runs"

trainer() { # the process that trains a run, as its folder says
    cut -d' ' -f4 "$runs"/"$1"-*/owner 2>/dev/null
}

clean() {
    for n in 0001 0002 0003; do
        kill -9 "$(trainer $n || echo none)" 2>/dev/null
    done
    rm -rf "$work"
}
trap clean EXIT

has() { # file pattern
    grep -q -- "$2" "$1" 2>/dev/null
}

rows() { # file, at least
    [ -e "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]
}

preset=$work/mine.ini
cat >"$preset" <<END
# A trainer of one's own
[run]
method = external
command = $python $root/tests/python/toy.py {folder} {resume}
[optimizer]
lr = 0.002
END

says "a preset with a command starts it" 0 "" run --detach --quiet "$preset"
until_true 20 rows "$runs/0001-mine/metrics.csv" 60
result $? "it trains"
says "ls lists it" 0 "0001-mine +live" ls
says "a run that is being trained is not started again" 4 "trains it already: ddil tell 1 start" resume 1
"$DDIL" ls --json | grep -q '"method": "external"'
result $? "ls --json says whose method it is"
says "show has its own table" 0 "beta_student +0.25" show 1
says "the preset's value reached it" 0 "lr +0.002" show 1
"$DDIL" show 1 >"$out"
! grep -q $'\x1b' "$out"
result $? "no escape sequence of a metric's name comes out"
says "tell set is answered" 0 "optimizer.lr=0.5" tell 1 set optimizer.lr=0.5
until_true 20 has "$runs/0001-mine/events.csv" "optimizer.lr 0.002 -> 0.5"
result $? "the change is marked"
says "what is not there is refused" 2 "is not there" tell 1 set optimizer.rl=0.5
says "what is out of range is refused" 2 "outside" tell 1 set optimizer.lr=5
says "pause" 0 "pauses" tell 1 pause
until_true 20 state_is 1 paused
result $? "it pauses"
says "step" 0 "takes 3 steps" tell 1 step 3
says "note" 0 "noted" tell 1 note half way
until_true 20 has "$runs/0001-mine/events.csv" "note: half way"
result $? "the note stands in the events"
says "start" 0 "goes on" tell 1 start
says "tell wants a word it knows" 2 "none of pause" tell 1 dance
printf 'nonsense\n\x1b[31mdo 1\n\nx' >>"$runs/0001-mine/commands"
says "garbage in the mailbox does not stop it" 0 "saves" tell 1 save

kill -9 "$(trainer 0001)"
says "nobody answers" 4 "nobody answers" tell 1 pause --wait 1
until_true 20 state_is 1 paused
result $? "a killed trainer's run stands as paused"
says "it says so" 0 "interrupted" show 1
before=$(tail -n 1 "$runs/0001-mine/checkpoints.csv" | cut -d, -f1)
"$DDIL" resume 1 --quiet >"$out" 2>"$err" &
waiter=$!
until_true 20 has "$runs/0001-mine/output.log" "resumed from .*step-0*$before.txt"
result $? "resume goes on from the newest checkpoint"
says "stop" 0 "stops" tell 1 stop
wait $waiter
[ $? = 3 ]
result $? "ddil resume waits for the end of the program, and says that it is not done"

says "a fork starts from a checkpoint with other values" 0 "" fork 1 --at 50 --name child --quiet -s optimizer.lr=0.125 --steps 120
until_true 20 state_is 2 done
result $? "it is done"
grep -q "^51," "$runs/0002-child/metrics.csv" && ! grep -q "^50," "$runs/0002-child/metrics.csv"
result $? "its rows begin behind the checkpoint"
says "it has the values" 0 "lr +0.125" show 2
says "it says where it comes from" 0 "forked from 01@50" show 2

# Nothing but files: no flock, no socket.
cat >"$work/refused.c" <<'END'
#include <errno.h>
int flock(int f, int o) { (void)f, (void)o; errno = ENOLCK; return -1; }
int socket(int d, int t, int p) { (void)d, (void)t, (void)p; errno = EPERM; return -1; }
END
if [[ $DDIL != *address* && $DDIL != *thread* ]] && ${CC:-cc} -shared -fPIC -o "$work/refused.so" "$work/refused.c" 2>"$err"; then
    LD_PRELOAD=$work/refused.so "$DDIL" resume 1 --quiet >"$out" 2>"$err" &
    until_true 20 state_is 1 live
    result $? "without locks and sockets it is started"
    LD_PRELOAD=$work/refused.so says "and told" 0 "pauses" tell 1 pause
    LD_PRELOAD=$work/refused.so says "and changed" 0 "0.0625" tell 1 set optimizer.lr=0.0625
    LD_PRELOAD=$work/refused.so says "and stopped" 0 "stops" tell 1 stop
    LD_PRELOAD=$work/refused.so says "the engine's own runs too" 0 "" run --detach ring-pd --quiet --steps 2000000 -s student.pretrain_steps=2 -s shift.samples=8
    own=$("$DDIL" ls | sed -nE 's/^0*([0-9]+)-ring-pd .*/\1/p')
    until_true 20 rows "$runs"/*-ring-pd/metrics.csv 5
    LD_PRELOAD=$work/refused.so says "whose owner is told by the folder's mailbox" 0 "0.002" tell "$own" set optimizer.lr=0.002
    LD_PRELOAD=$work/refused.so says "and refuses by it" 2 "range" tell "$own" set optimizer.lr=7
    LD_PRELOAD=$work/refused.so says "and stops" 0 "stopped" tell "$own" stop
    until_true 20 test ! -e "$runs/.owner" # nothing trains: it leaves
    says "an owner that left answers no more" 4 "nobody trains" tell "$own" start
fi

sed -i "s|^command = .*|command = touch $work/bad|" "$runs/0001-mine/run.ini"
says "a command that no preset holds is not run" 2 "nothing is started" resume 1
[ ! -e "$work/bad" ]
result $? "it was not"
printf 'section,key,type,default,low,high,choices,unit,help,applies\na,b,real,5,3,1,,,,next step\na,b\n\x1b[31m' >"$runs/0002-child/params.csv"
head -c 300 /dev/urandom >"$runs/0002-child/owner"
printf '7,nan,inf\n60,1,1,1,1\nhalf' >>"$runs/0002-child/metrics.csv"
says "garbage in a run's files hurts nobody" 0 "0001-mine" ls
says "show says what is wrong" 0 "params.csv:2: a.b has a range whose low is above" show 2
printf '[run]\nmethod = external\ncommand = exit 7\n' >"$work/bad.ini"
says "a failing program is a failed run" 1 "status 7" run --quiet --name bad "$work/bad.ini"
printf '[run]\nmethod = external\ncommand = i=0; while [ $i -lt 3000 ]; do echo line $i || exit 9; i=$((i + 1)); done\n' >"$work/wordy.ini"
(ulimit -f 8 && exec "$DDIL" run --detach --quiet --name wordy "$work/wordy.ini") >"$out" 2>"$err"
until_true 20 has "$(echo "$runs"/*-wordy)/exit" '^0$'
result $? "a program whose output finds no room goes on"
finish
