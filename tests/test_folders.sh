#!/bin/bash
# Runs folders that other programs, other file systems and accidents have been at (TAP).
. "$(dirname "$0")/tap.sh"

# As short as a run can be and still have every log.
tiny=(-s run.steps=12 -s run.batch=32 -s run.log_every=2 -s run.checkpoint_every=4 -s student.pretrain_steps=5
      -s shift.samples=16 -s shift.every=6 -s run.eval_samples=64 -s net.width=16 -s net.depth=1)

says "a run" 0 '0001-a' run quickstart --quiet --name a "${tiny[@]}"

holds() { # what, then a command that must succeed
    local what=$1
    shift
    "$@" >"$out" 2>"$err"
    result $? "$what"
}

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

# ---- run.ini edited by hand ----

edit() { # what replaces what, in run.ini of the first run
    sed -i "s/$1/$2/" "$work/runs/0001-a/run.ini"
}
edit '^width = 16' 'width = 24'
says "what a run under way cannot take is refused with both values" 2 'net.width is "24".*step 12 was made with "16"' \
    resume 1
edit '^width = 24' 'width = 16'
edit '^steps = 12' 'steps = 16'
says "what it can take is taken" 0 'done at step 16 of 16' resume 1
holds "and marked" grep -q 'run.steps 12 -> 16' "$work/runs/0001-a/events.csv"
says "once" 0 'done at step 16 of 16' resume 1
holds "only" test "$(grep -c 'run.steps 12 -> 16' "$work/runs/0001-a/events.csv")" = 1

# ---- files it stands on ----

stood() { # role, run: its file had other bytes when the run began
    sed -i "s/^\($1\),[0-9a-f]*,/\1,00000000,/" "$work/runs/$2/files.csv"
}
cp "$work/runs/0001-a/files.csv" "$work/files.csv"
stood data 0001-a
says "data that changed are refused" 2 'data.name = ring: the data are no longer those.*was 00000000' resume 1
cp "$work/files.csv" "$work/runs/0001-a/files.csv"

# ---- latest ----

echo ckpt-00000004.safetensors >"$work/runs/0001-a/latest"
says "a run whose last save ended halfway" 0 "" resume 1
holds "points to its newest checkpoint again" grep -q '^ckpt-00000016.safetensors$' "$work/runs/0001-a/latest"

# ---- copies ----

cp -r "$work/runs/0001-a" "$work/runs/0001-a-copy"
printf ':wait runs>=2\n:expect a-copy\n' >"$work/copy.ddil"
says "a copy" 0 "" --script "$work/copy.ddil"
holds "gets its own number" test -e "$work/runs/0002-a-copy/run.ini" -a -e "$work/runs/0001-a/run.ini"

# ---- names ----

cp "$root/presets/quickstart.ini" "$work/Mein schönes  Preset, mit einem sehr langen Namen, der nicht in einen Ordner paßt.ini"
says "a preset of any name" 0 '0003-Mein-sch-nes-Preset-' run --quiet "$work"/Mein*.ini "${tiny[@]}"

# ---- the last checkpoints ----

says "only the last checkpoints are kept" 0 "" run quickstart --quiet --name few "${tiny[@]}" -s run.keep_checkpoints=2
holds "two of them" test "$(cd "$work/runs/0004-few" && echo ckpt-*)" = "ckpt-00000008.safetensors ckpt-00000012.safetensors"
says "which is enough" 0 'done at step 14' resume few --steps 14

# ---- small stacks, as threads have with other C libraries ----

if [[ $DDIL != *san-* ]]; then
    before=$(ulimit -S -s)
    ulimit -S -s 128
    says "a run in stacks of 128 KiB" 0 'done at step 12' run quickstart --name small "${tiny[@]}"
    printf '%s\n' :quit 1 2 3 4 5 6 '?' | tac >"$work/all.ddil"
    says "its views" 0 "" --readonly --size 200x60 --graphics sixel --script "$work/all.ddil"
    says "a figure of it" 0 "" export small --png "$work/small.png"
    says "its samples judged" 0 'sw2' eval small -n 64
    if [ -e assets/fashion-teacher.safetensors ] && [ -e /usr/share/datasets/fashion-mnist ]; then
        says "a run with pictures there" 0 'done at step 1 ' run fashion-pd-ddil -s run.steps=1 -s student.init=random \
            -s run.eval_samples=20 -s shift.samples=8 -s shift.every=0 -s run.batch=8
        pictures=$(cd "$work/runs" && echo *-fashion-pd-ddil)
        stood features "$pictures"
        says "features that changed are refused" 2 'fashion-features.safetensors: changed since.*was 00000000' \
            resume "$work/runs/$pictures"
    fi
    ulimit -S -s "$before"
fi

# ---- little address space ----

if [[ $DDIL != *san-* ]]; then
    (ulimit -v 2000000 && exec "$DDIL" run quickstart --name tight "${tiny[@]}") >"$out" 2>"$err" </dev/null
    [ $? = 0 ] && grep -q 'done at step 12' "$out"
    result $? "a run in 2 GB of address space"
fi

# ---- few descriptors ----

crowd='
import os, socket, sys, time
guests = []
def status():
    guest = socket.socket(socket.AF_UNIX)
    guest.settimeout(20)
    guest.connect(sys.argv[1] + "/.socket")
    guests.append(guest)
    try:
        guest.sendall(b"status\n")
    except ConnectionError:
        pass
    text = b""
    while b"end " not in text:
        try:
            more = guest.recv(4096)
        except ConnectionError:
            more = b""
        if not more:
            break
        text += more
    return text
first = status()
refused = [b"end " not in status() for i in range(30)]
def done(tag, what):
    answer = b""
    guests[0].sendall(b"do %d %s 1 0 \n" % (tag, what))
    while b"note %d" % tag not in answer:
        more = guests[0].recv(4096)
        assert more, answer
        answer += more
    assert b"note %d 0" % tag in answer, answer
def seconds(): # of CPU
    words = open("/proc/%s/stat" % sys.argv[2]).read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
def beat(): # once a second
    return int(open(sys.argv[1] + "/.owner").readline().split()[5])
def wait(n):
    until, limit = beat() + n, time.monotonic() + 60
    while beat() < until:
        assert time.monotonic() < limit
        time.sleep(0.05)
wait(1)
if b"the port is full" in first: # of so few descriptors none may be left, or one when a file is closed; it trains on
    sys.exit(refused.count(False) > 1)
assert b"run 1 live" in first, first
assert refused[0] <= (sys.argv[3] == "26") and refused[-1], refused
guests[0].sendall(b"hello steer 2\n") # it stays for whoever looks
done(5, b"save")
done(6, b"pause")
wait(1)
before = seconds()
wait(2)
assert seconds() - before < 1, "the owner of a run that rests spins"
'
if command -v python3 >/dev/null; then
    for few in 26 40; do
        (ulimit -n $few && exec "$DDIL" run quickstart --detach --runs "$work/few$few" "${tiny[@]}" -s run.steps=100000000) >"$out" 2>"$err"
        owner=$(sed -n 's/.*(process \([0-9]*\)).*/\1/p' "$out" "$err" | head -n 1)
        holds "a crowd leaves the owner of $few descriptors those it trains with, and rest" \
            timeout 100 python3 -c "$crowd" "$work/few$few" "$owner" $few
        kill "$owner"
        for _ in {1..300}; do kill -0 "$owner" 2>/dev/null || break; sleep 0.1; done
    done
fi

# ---- no locks ----

cat >"$work/noflock.c" <<'C'
#include <errno.h>
int flock(int descriptor, int operation) { (void)descriptor, (void)operation; errno = ENOLCK; return -1; }
C
if ${CC:-cc} -shared -fPIC -o "$work/noflock.so" "$work/noflock.c" 2>/dev/null && [ -z "${SAN:-}" ]; then
    export DDIL_RUNS=$work/unlocked
    export LD_PRELOAD=$work/noflock.so
    says "a file system without locks" 0 'no locks.*lock.held' run quickstart --name free "${tiny[@]}"
    holds "whose guard is left empty" test ! -s "$work/unlocked/0001-free/lock.held"
    printf ':expect no locks\n' >"$work/free.ddil"
    says "a workbench there says so too" 0 "" --script "$work/free.ddil" --size 200x50
    sleep 300 & # another process holds it, as far as one can see
    printf '%s %s %s\n' $! "$(cut -d' ' -f22 /proc/$!/stat)" "$(hostname)" >"$work/unlocked/0001-free/lock.held"
    says "what another works on is left alone" 4 "being worked on by another ddil .process $!" resume free
    kill $!
    wait 2>/dev/null
    says "until it ends" 0 'done at step 12' resume free
    echo "1 0 elsewhere" >"$work/unlocked/0001-free/lock.held"
    says "another machine's is believed while it is fresh" 4 'being worked on' resume free
    touch -d '1 hour ago' "$work/unlocked/0001-free/lock.held"
    says "and no longer" 0 'done at step 12' resume free
    unset LD_PRELOAD
fi

finish
