#!/bin/bash
# One binary on lesser CPUs (TAP), emulated by qemu-user: without AVX2 (Nehalem) the portable kernels train and
# sample, with AVX2 and no AVX-512 (Haswell) the middle ones; the numbers are those of this CPU up to rounding.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
DDIL=${DDIL:-$root/ddil}
work=$(mktemp -d "${TMPDIR:-/tmp}/ddil-cpus.XXXXXX")
trap 'rm -rf "$work"' EXIT
# Whoever forces a core type on OpenBLAS has it run what the emulated CPU cannot.
unset OPENBLAS_CORETYPE

skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
command -v qemu-x86_64 >/dev/null || skip "no qemu-x86_64 (Debian: qemu-user)"
[ "$(uname -m)" = x86_64 ] || skip "this is not an x86-64 program"
kernels=("$root/build/release/tests/test_kernels" "$root/build/release/tests/test_kernels_conv")
for suite in "${kernels[@]}"; do [ -x "$suite" ] || skip "no $suite"; done
case $DDIL in *san-*) skip "sanitizers and emulation do not mix" ;; esac

cat >"$work/tiny.ini" <<'INI'
[run]
method = diffusion
steps = 3
batch = 16
log_every = 1
eval_samples = 20
[data]
name = moons
[net]
kind = mlp
width = 40
depth = 2
features = 8
[student]
steps = 1
[shift]
samples = 8
INI

number=0 bad=0
result() { # status what
    number=$((number + 1))
    [ "$1" = 0 ] && echo "ok $number - $2" && return
    echo "not ok $number - $2"
    bad=$((bad + 1))
    tail -n 20 "$work/out" | sed 's/^/# /'
}

# Losses and gradient norms of the three steps, then the judged distance.
numbers() { # runs folder
    tail -n +2 "$1"/*/metrics.csv | cut -d, -f2,3 | tr ',' '\n'
    tail -n 1 "$1"/*/eval.csv | cut -d, -f5
}

near() { # file file: as many numbers, none off by more than a part in ten thousand
    paste "$1" "$2" | awk '{ d = $1 - $2; if (d < 0) d = -d; if (NF != 2 || !(d <= 1e-4 * $1)) bad = 1 }
                           END { exit !(NR == 7 && !bad) }'
}

"$DDIL" run "$work/tiny.ini" --runs "$work/here" --threads 1 --quiet >"$work/out" 2>&1
numbers "$work/here" >"$work/want"
result $? "a tiny run on this CPU"

# Both at once: what is emulated takes its time. Codes and outputs stand in $work/CPU.
emulate() { # cpu simd
    local emulated=(qemu-x86_64 -cpu "$1") at=$work/$1 suite
    mkdir "$at"
    for suite in "${kernels[@]}"; do
        CMOCKA_MESSAGE_OUTPUT=TAP "${emulated[@]}" "$suite" >"$at/${suite##*/}.out" 2>&1 && grep -qE "^# ok - $2" "$at/${suite##*/}.out"
        echo $? >"$at/${suite##*/}"
    done
    "${emulated[@]}" "$DDIL" run "$work/tiny.ini" --runs "$at/runs" --threads 1 --quiet >"$at/run.out" 2>&1
    echo $? >"$at/run"
}

on() { # cpu simd
    local at=$work/$1 suite
    for suite in "${kernels[@]}"; do
        cp "$at/${suite##*/}.out" "$work/out"
        result "$(cat "$at/${suite##*/}")" "$1 chooses the $2 kernels, and they agree with their naive twins (${suite##*/})"
    done
    cp "$at/run.out" "$work/out"
    result "$(cat "$at/run")" "$1 trains and samples"
    numbers "$at/runs" >"$work/got" && near "$work/want" "$work/got"
    result $? "$1 gets the same numbers"
}
emulate Nehalem portable &
emulate Haswell avx2
wait
on Nehalem portable
on Haswell avx2
echo "1..$number"
[ $bad = 0 ]
