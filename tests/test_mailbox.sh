#!/bin/bash
# A workbench that reaches its folder's owner by the mailbox alone, under tmux: without sockets and locks, and as from
# another host. Prints TAP.
set -u
. "$(dirname "$0")/tmux.sh"
runs=$work/runs

clean() {
    kill -9 "${pid:-none}" 2>/dev/null
    finish
}
trap clean EXIT

shown_step() { # of the first run
    screen | sed -nE 's/.*01 ring-pd +. paused +([0-9]+( [0-9]+)*)  .*/\1/p' | tr -d ' '
}

holds() { # file, pattern
    grep -q -- "$2" "$runs"/$1 2>/dev/null
}

if [[ $ddil == *address* || $ddil == *thread* ]]; then
    echo "1..0 # SKIP a sanitizer wants to be loaded first"
    exit 0
fi

cat >"$work/refused.c" <<'END_OF_C'
#include <errno.h>
#include <stdlib.h>
#include <string.h>
int flock(int f, int o) { (void)f, (void)o; errno = ENOLCK; return -1; }
int socket(int d, int t, int p) { (void)d, (void)t, (void)p; errno = EPERM; return -1; }
int gethostname(char *name, size_t size)
{
    const char *host = getenv("SHIM_HOST");
    strncpy(name, host ? host : "login", size);
    return 0;
}
END_OF_C
${CC:-cc} -shared -fPIC -o "$work/refused.so" "$work/refused.c" || exit 1
refused() { # arguments of ddil
    SHIM_HOST=$host LD_PRELOAD=$work/refused.so "$ddil" "$@" --runs "$runs"
}

host=compute
refused run --detach ring-pd --steps 2000000 -s student.pretrain_steps=2 -s shift.samples=8 >"$work/out" 2>&1 || cat "$work/out"
ok $? 'a run in the background, without sockets and locks'
read -r _ _ owner_host pid _ <"$runs/.owner"
[ "$owner_host" = compute ]
ok $? 'its owner stands in the folder'
[ "$(stat -c %a "$runs/.owner" "$runs/.commands" | sort -u)" = 600 ]
ok $? 'the mailbox is private'

for host in compute login; do
    elsewhere=
    [ $host = login ] && elsewhere=' on compute'
    open_shell 120x40
    keys "clear; SHIM_HOST=$host LD_PRELOAD=$work/refused.so '$ddil' --runs '$runs'; echo left \$?" Enter
    wait_for "process $pid$elsewhere,? (headless|which)" 20
    ok $? "$host: attaches by the mailbox, and says to whom"
    keys 1 k k k
    wait_for '▸.*01 ring-pd' && wait_for '01 ring-pd +● live' && wait_for "process $pid$elsewhere, headless: attached"
    ok $? "$host: shows what is live"
    keys Space
    wait_for '01 ring-pd +‖ paused' && until_true 10 state_is 1 paused
    ok $? "$host: Space pauses"
    before=$(shown_step)
    stepped() {
        [ "$(shown_step)" = $((before + 1)) ]
    }
    keys s
    until_true 20 stepped
    ok $? "$host: s does one step"
    keys ":set optimizer.lr=0.000$([ $host = login ] && echo 3 || echo 4)" Enter
    until_true 20 holds '0001-*/events.csv' "optimizer.lr .* -> 0.000$([ $host = login ] && echo 3 || echo 4)"
    ok $? "$host: a value is set"
    keys ":set optimizer.lr=7" Enter
    wait_for 'range'
    ok $? "$host: what is refused is said"
    keys Space
    wait_for 'ring-pd +● live'
    ok $? "$host: goes on"
    rm -f "$runs/0001-ring-pd/samples/.live.safetensors"
    keys 3
    until_true 20 test -e "$runs/0001-ring-pd/samples/.live.safetensors"
    ok $? "$host: the newest samples come"
    keys 1 f
    until_true 60 holds "$([ $host = login ] && echo 0003 || echo 0002)-*/run.ini" 'parent: 0001' && wait_for '0[23] ring-pd +● live'
    ok $? "$host: f forks"
    keys q
    wait_for '^left 0' 10 && kill -0 "$pid"
    ok $? "$host: q leaves, training goes on"
done

host=login
refused tell 1 note from afar >"$work/out" 2>&1 && until_true 10 holds '0001-*/events.csv' 'note: from afar'
ok $? 'tell goes the same way'
open_shell 120x40
keys "clear; SHIM_HOST=compute LD_PRELOAD=$work/refused.so '$ddil' --runs '$runs' --readonly; echo left \$?" Enter
wait_for "process $pid, headless: looking on" 20
ok $? 'who looks on needs no socket either'
kill -9 "$pid"
wait_for 'engine: none' 30
ok $? 'kill -9: it says that nobody trains'
wait_for 'paused|interrupted'
ok $? 'and how the run stands'
keys q
wait_for '^left 0' 10
ok $? 'it leaves'
echo "1..$n"
