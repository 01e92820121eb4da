#!/bin/bash
# What surrounds a run (TAP): the trace, hostile text, exit codes, signals, readers that leave.
. "$(dirname "$0")/tap.sh"
. "$root/tests/until.sh"

# A run in the background that a failed test leaves is ended with it.
end_runs() {
    local lock process
    for lock in "$work"/detached-*/.lock; do
        [ -e "$lock" ] && read -r process _ <"$lock" && kill -9 "$process" 2>/dev/null
    done
    rm -rf "$work"
}
trap end_runs EXIT

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

# ---- text from outside ----

# Nothing that a terminal could obey: no control but line ends, no C1.
harmless() { # what
    ! cat "$out" "$err" | LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|(?<![\xc2-\xf4\x80-\xbf])[\x80-\xbf]'
    result $? "$1"
}

evil=$'\e]0;owned\a\e[31m\xc2\x9b2J\x9bA'
"$DDIL" run ring-pd "${tiny[@]}" --quiet >"$out" 2>"$err"
mkdir -p "$work/evil/presets"
cp -r "$DDIL_RUNS/0001-ring-pd" "$work/evil/0001-$evil"
sed -i "s/^\([0-9]*\),state,.*/&\n0,note,\"$evil\"/" "$work/evil/0001-$evil/events.csv"
sed -i "1s/sw2/sw2$evil/" "$work/evil/0001-$evil/eval.csv"
printf 'a,b%s\n1\n' "$evil" >"$work/evil/no$evil.npy"
printf '; %s\n[run]\nmethod = %s\n' "$evil" "$evil" >"$work/evil/presets/x$evil.ini"
printf '[lesson]\ntitle = a %s\n[step]\nsay = %s\ndo = x\nuntil = runs > 0\n' "$evil" "$evil" >"$work/evil/a$evil.ini"
for arguments in "ls" "show 1" "presets" "metrics $work/evil/no$evil.npy $work/evil/no$evil.npy" "tour $work/evil/a$evil.ini" \
    "run $work/evil/presets/x$evil.ini" "show $evil" "$evil" "run --set $evil=1 ring-pd" "sample 1 -o $work/evil/$evil/x.npy"; do
    (cd "$work/evil" && IFS=' ' && "$DDIL" $arguments --runs "$work/evil") >"$out" 2>"$err" </dev/null
    harmless "no escape sequence: ${arguments//[^ a-z-]/}"
done

# ---- the system's reasons ----

wanting=""
for arguments in "ls" "show 1" "run ring-pd --steps 4" "resume 1" "sample 1 -n 9 -o $work/few.npy" "presets"; do
    for few in 4 5 6 7 8 9 10 11; do
        (exec >"$out" 2>"$err" </dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- && ulimit -n $few && IFS=' ' && exec "$DDIL" $arguments --threads 1)
        status=$?
        [ $status = 0 ] && continue
        [ $status != 2 ] && grep -q 'Too many open files' "$err" && continue
        wanting="$wanting; $arguments with $few: $status, $(cat "$err")"
    done
done
[ -z "$wanting" ]
result $? "no descriptors: never called wrong usage, always with the system's reason$wanting"
if [ -d /sys/kernel ]; then
    says "a folder that cannot be made is no wrong usage" 1 'not permitted|denied|Read-only' run ring-pd --runs /sys/ddil
fi

# ---- presets ----

many=$(printf 'x%.0s' $(seq 120))
for file in "my ring ü.ini:my-ring" "$many.ini:${many:0:55}" "...ini:run" "-a=b-.ini:a-b"; do
    cp presets/ring-pd.ini "$work/${file%:*}"
    says "the run of ${file%%[x:]*} has a name made of it" 0 "/[0-9]+-${file#*:}\$" run "${tiny[@]}" --quiet -- "$work/${file%:*}"
done
sed 's/^\[teacher\]/&\nkind = file\nfile = none.safetensors/' presets/ring-pd.ini | grep -v '^kind = exact' >"$work/late.ini"
before=$(ls "$DDIL_RUNS")
says "a second preset that cannot be opened: the first does not train" 2 'none.safetensors' \
    run ring-pd "$work/late.ini" "${tiny[@]}"
[ "$before" = "$(ls "$DDIL_RUNS")" ]
result $? "and nothing was made"

# ---- help, and what shells complete ----

says "-V" 0 '^ddil [0-9]' -V
says "help" 0 '^commands:' help
says "help of a command" 0 '^usage: ddil fork' help fork
says "help of none names the nearest" 2 'nearest: sample' help smaple
says "run of no preset names the nearest" 2 'nearest: ring-pd' run rign-pd
says "and names no command" 2 '"evall" is no preset; see' run evall
says "completion of an unknown shell" 2 'bash, zsh and fish' completion tcsh
for shell in bash zsh fish; do
    "$DDIL" completion $shell >"$work/completion.$shell"
    ! command -v $shell >/dev/null || $shell -n "$work/completion.$shell" 2>"$err"
    result $? "the completion for $shell is well formed"
done
completes() { # words... the last is being typed
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    PATH=$(dirname "$DDIL"):$PATH _ddil
    printf '%s ' "${COMPREPLY[@]}"
}
. "$work/completion.bash" 2>/dev/null || . <(grep -v '^complete ' "$work/completion.bash")
[[ " $(completes ddil sam)" == *" sample "* ]] && [[ " $(completes ddil run ring-pd-d)" == *" ring-pd-ddil "* ]] &&
    [[ " $(completes ddil show 0001-r)" == *" 0001-ring-pd "* ]] && [[ " $(completes ddil ls --j)" == " --json " ]] &&
    [[ " $(completes ddil --graphics si)" == *" sixel "* ]]
result $? "bash completes commands, presets, runs, options and what they choose"
wanting=""
for option in $("$DDIL" run --help | grep -oE -- ' --[a-z-]+' | sort -u); do
    grep -q -- "$option" "$work/completion.bash" && grep -q -- "$option" "$work/completion.zsh" &&
        grep -q -- "-l ${option#--}" "$work/completion.fish" || wanting="$wanting $option"
done
[ -z "$wanting" ]
result $? "every option of run is in all three$wanting"
if [ "$DDIL" = "$root/ddil" ]; then # made already: it is not to be made anew with other flags
    make -s -C "$root" -o ddil install DESTDIR="$work/installed" >"$out" 2>"$err" &&
        grep -q '^.TH DDIL' "$work/installed/usr/local/share/man/man1/ddil.1" &&
        cmp -s "$work/completion.fish" "$work/installed/usr/local/share/fish/vendor_completions.d/ddil.fish" &&
        [ -s "$work/installed/usr/local/share/bash-completion/completions/ddil" ] &&
        [ -s "$work/installed/usr/local/share/zsh/site-functions/_ddil" ]
    result $? "they and the manual page are installed"
fi

# ---- what schedulers send ----

saved_past() { # folder step: a newer checkpoint than that of the beginning
    local file
    for file in "$1"/ckpt-*.safetensors; do
        [ -e "$file" ] && [ "$(basename "$file" .safetensors)" != ckpt-00000000 ] && return
    done
    return 1
}

stepped() { [ -e "$1/metrics.csv" ] && [ "$(wc -l <"$1/metrics.csv")" -gt 3 ]; }

long=(ring-pd "${tiny[@]}" -s run.steps=10000000 -s run.checkpoint_every=10000000 -s shift.every=10000000
      -s run.eval_every=10000000)
state() { "$DDIL" ls --runs "$1" | awk 'NR == 2 { print $2 }'; }

for word in USR2 XCPU; do
    "$DDIL" run "${long[@]}" --runs "$work/$word" >"$out" 2>"$err" &
    run=$!
    until_true 30 stepped "$work/$word/0001-ring-pd"
    kill -ALRM $run && kill -USR1 $run
    until_true 30 saved_past "$work/$word/0001-ring-pd"
    result $? "run: SIGUSR1 saves, SIGALRM does nothing"
    kill -0 $run
    result $? "and it goes on"
    kill -$word $run
    wait $run
    [ $? = 3 ] && grep -q 'interrupted, saved at step' "$err" && [ "$(state "$work/$word")" = paused ]
    result $? "SIG$word saves and stops with 3"
done

for word in USR2 XCPU; do
    runs=$work/detached-$word
    says "a run in the background" 0 'trains in the background' run --detach "${long[@]}" --runs "$runs"
    read -r process _ <"$runs/.lock"
    until_true 30 stepped "$runs/0001-ring-pd"
    kill -ALRM "$process" && kill -USR1 "$process"
    until_true 30 saved_past "$runs/0001-ring-pd"
    result $? "detached: SIGUSR1 saves"
    kill -$word "$process"
    gone() { ! kill -0 "$process" 2>/dev/null; }
    until_true 30 gone && [ "$(state "$runs")" = paused ]
    result $? "detached: SIG$word saves and stops"
done

"$DDIL" run "${long[@]}" --seeds 1-2 --runs "$work/group" >"$out" 2>"$err" &
run=$!
any_stepped() {
    local folder
    for folder in "$work"/group/0*; do
        [ -d "$folder" ] && stepped "$folder" && return
    done
    return 1
}
until_true 30 any_stepped
kill -USR1 $run && kill -ALRM $run && kill -0 $run
result $? "a group of seeds: SIGUSR1 and SIGALRM end nothing"
kill -USR2 $run
wait $run
[ $? = 3 ] && [ "$(state "$work/group")" = paused ]
result $? "SIGUSR2 saves them and stops with 3"

# ---- readers that leave ----

"$DDIL" run ring-pd "${tiny[@]}" -s run.steps=400 --runs "$work/left" 2>&1 >/dev/null | head -n 1 >"$out"
[ "${PIPESTATUS[0]}" = 0 ] && [ "$(state "$work/left")" = done ]
result $? "a run trains on when nobody reads any more"
"$DDIL" run ring-pd "${tiny[@]}" --runs "$work/left" 2>"$err" | true
[ "${PIPESTATUS[0]}" = 0 ]
result $? "and ends as a run that is done"
if [ -w /dev/full ]; then
    "$DDIL" run ring-pd "${tiny[@]}" --quiet --runs "$work/left" >/dev/full 2>"$err"
    [ $? = 1 ] && grep -q 'standard output' "$err"
    result $? "a report that found no room is said"
fi

# ---- a run's files are its own ----

for file in "$work/left/0001-ring-pd/ckpt-00000000.safetensors" "$work/left/0001-ring-pd/samples/new.safetensors"; do
    mkdir -p "$(dirname "$file")"
    says "no weights into the folder of a run" 2 'folder of a run' export 1 --runs "$work/left" --weights "$file"
done
(cd "$work/left/0001-ring-pd" && "$DDIL" sample 1 --runs .. -o x.npy) >"$out" 2>"$err"
[ $? = 2 ] && [ ! -e "$work/left/0001-ring-pd/x.npy" ]
result $? "no samples into it"

finish
