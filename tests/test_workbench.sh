#!/bin/bash
# The workbench end to end under tmux: what a newcomer does, and how the terminal looks afterwards. Prints TAP.
# DDIL names the program; TMPDIR must be ours.
set -u
. "$(dirname "$0")/tmux.sh"

start() { # WxH arguments...
    open_shell "$1"
    shift
    keys "'$ddil' --runs '$work/runs' $*; echo left \$?" Enter
}

step_of() {
    screen | grep -E '^(τ|t) ' | sed -E 's/.* ([0-9 ]*[0-9]) \/ .*/\1/; s/ //g'
}

# The tty echoes what is typed and runs it.
is_sane() {
    tm send-keys -R
    keys "stty -a | grep -c ' echo '; echo sa''ne" Enter
    wait_for '^sane' 10 && screen | grep -q '^1'
}

# ---- a newcomer's way ----

start 80x24
wait_for '\[1 Runs\] 2 Curves  3 Samples'
ok $? 'an empty folder opens on Runs'
wait_for 'Press +n '
ok $? 'and says what to press'

keys n
wait_for 'Start a preset' && wait_for '▸ quickstart'
ok $? 'n lists presets, the newcomer'"'"'s chosen'
keys / quick
wait_for 'Start a preset · quick▏ · 1 fit'
ok $? 'letters find presets, with a / before them or without'
keys Enter
wait_for '01 quickstart +● live'
ok $? 'Enter starts it'

keys q
wait_for 'Leave the workbench\?' 5 && keys s
wait_for '^left 0' 60
ok $? 'q leaves'
ls "$work"/runs/0001-*/ckpt-*.safetensors >/dev/null 2>&1
ok $? 'a checkpoint was written'

# ---- a long run ----

start 80x24 quickstart --steps 200000
wait_for '02 quickstart +● live'
ok $? 'a preset named on the command line starts at once'
keys 2
wait_for '\[2 Curves\]' && wait_for 'quickstart  loss' && wait_for '[\x{2801}-\x{28ff}]{2}' 60
ok $? 'Curves shows a loss line'
wait_for '▸ i=1  +[·░▒▓█]' 60
ok $? 'and the covariate shift'

keys Space
wait_for '‖ paused' && wait_for 'Space go on'
ok $? 'Space pauses'
sleep 0.5
before=$(step_of)
sleep 0.5
[ "$before" -gt 0 ] && [ "$before" = "$(step_of)" ]
ok $? 'a paused run stands still'
keys s
wait_for "$(echo "$((before + 1))" | rev | sed -E 's/([0-9]{3})/\1 /g; s/ $//' | rev) / " 20
ok $? 's does one step'
keys Space
wait_for '● live'
ok $? 'Space goes on'

keys 3
wait_for '\[3 Samples\]' && wait_for 'student through its sampling steps' 60 && wait_for '[▀▄]{2}'
ok $? 'Samples shows pictures as half blocks'
keys T
wait_for 'teacher at sample'
ok $? 'T shows the teacher'
keys '?'
wait_for 'Everywhere'
ok $? '? helps'
keys Escape
wait_gone 'Everywhere'
ok $? 'Escape goes back'

keys n
wait_for 'Start a preset'
for _ in $(seq 30); do keys Down; done
keys Up Enter
wait_for '^03 ' 30
ok $? 'a second run starts from the list'
keys 1
wait_for '\[1 Runs\]' && wait_for '▸ 03'
ok $? 'and is the chosen one'

# ---- sizes ----

tm resize-window -x 120 -y 40
keys 2
wait_for '─ runs ─' && wait_for '─ now ─'
ok $? 'a larger terminal gets the rail'
tm resize-window -x 30 -y 8
wait_for 'too small'
ok $? 'a tiny one is told so'
tm resize-window -x 80 -y 24
wait_for '\[2 Curves\]'
ok $? 'and recovers'

# ---- leaving ----

keys q
wait_for 'Leave the workbench\?'
ok $? 'q asks while runs are live'
keys Escape
wait_gone 'Leave the workbench'
ok $? 'Escape stays'
keys q
wait_for 'Leave the workbench'
keys s
wait_for '^left 0' 60
ok $? 's saves and leaves with 0'
is_sane
ok $? 'the terminal is sane'

start 80x24
wait_for '01 quickstart' && ! wait_for '● [0-9]+ live' 1
ok $? 'the saved run is there again'
keys q
wait_for '^left 0' 20
ok $? 'q leaves at once when nothing is live'

# ---- signals ----

start 80x24 quickstart --steps 200000
wait_for '● 1 live'
keys C-z
wait_for 'suspended' && wait_for 'Stopped'
ok $? '^Z suspends'
keys fg Enter
wait_for '\[1 Runs\]'
ok $? 'fg comes back'

program() {
    pgrep -f -- "^$ddil --runs $work/runs" | head -1
}

kill -SEGV "$(program)"
wait_for '^Segmentation fault|Sanitizer' 60
ok $? 'a crash is seen by the shell'
is_sane
ok $? 'the terminal is sane after a crash'

start 80x24 quickstart --steps 200000
wait_for '● 1 live'
kill -TERM "$(program)"
wait_for '^left 3' 60
ok $? 'SIGTERM saves and leaves with 3'
is_sane
ok $? 'the terminal is sane after SIGTERM'

# ---- poorer terminals ----

extra='LC_ALL=C LANG=C' start 80x24
wait_for '\[1 Runs\]' && ! screen | grep -qP '[^\x00-\x7f]'
ok $? 'no UTF-8: nothing but ASCII'
keys q
wait_for '^left'

start 80x24 --mono --graphics ascii
keys 3
wait_for '\[3 Samples\]' && ! tm capture-pane -p -e | grep -qP '\x1b\[([0-9;]*;)?(3[0-8]|4[0-8]|9[0-7])[;m]'
ok $? '--mono: no colour'
keys q
wait_for '^left'

term=dumb start 80x24
wait_for 'TERM=dumb' && wait_for '^left 4'
ok $? 'TERM=dumb is refused with 4'
start 20x5
wait_for '^left 4'
ok $? 'a terminal of 20x5 is refused with 4'
"$ddil" --runs "$work/runs" </dev/null >"$work/out" 2>"$work/err"
[ $? = 4 ] && grep -q 'ddil run' "$work/err" && [ ! -s "$work/out" ]
ok $? 'without a terminal it names the remedy'

# ---- a slow line ----

# A terminal that takes about 1 KB a second, pictures and all, as long as the program is there; what then is still on
# its way is not waited for. Keys come through a pipe.
slow=$work/slow
: >"$work/crawls"
logged() {
    tail -n 1 "$slow"/0001-*/metrics.csv 2>/dev/null | sed 's/,.*//'
}
logs() { # more than so many steps, in a minute
    local until=$((SECONDS + 60))
    until [ "$(logged)" -gt "$1" ] 2>/dev/null; do
        [ $SECONDS -ge $until ] && return 1
        sleep 0.1
    done
}
mkfifo "$work/keys"
TERM=xterm-256color script -qfec "stty rows 40 cols 120; '$ddil' quickstart --steps 2000000 --graphics sixel --runs '$slow'" /dev/null \
    <"$work/keys" 2>/dev/null | while head -c 100 >"$work/piece" && [ -s "$work/piece" ]; do
    cat "$work/piece"
    [ ! -e "$work/crawls" ] || sleep 0.1
done >"$work/seen" &
line=$!
exec 3>"$work/keys"
logs 20 && printf 3 >&3 && sleep 2 && logs $(($(logged) + 50))
ok $? 'at 1 KB a second the engine trains on'
printf 1q >&3
sleep 1
printf s >&3
has_left() { ! pgrep -f -- "^$ddil quickstart .*--runs $slow" >/dev/null; }
until_true 60 has_left
rm "$work/crawls"
wait $line
ls "$slow"/0001-*/ckpt-*.safetensors >/dev/null 2>&1 && ! "$ddil" ls --runs "$slow" | grep -q live
ok $? 'and keys still save and leave'
exec 3>&-

echo "1..$n"
