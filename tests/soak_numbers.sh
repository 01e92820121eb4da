#!/bin/bash
# Nothing leaves the finite numbers, by hand or by night (make soak): five seeds of every preset of points at a fifth of its length, and 300
# steps of every preset of pictures where the data are installed. SEEDS, PRESETS and PICTURE_STEPS change that. Prints one line a run;
# fails when any run does.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
DDIL=${DDIL:-$root/ddil}
work=$(mktemp -d "${TMPDIR:-/tmp}/ddil-soak.XXXXXX")
trap 'rm -rf "$work"' EXIT
bad=0 done=0

once() { # preset seed steps
    if "$DDIL" run "$1" --seed "$2" --runs "$work/runs" -s run.steps="$3" -s run.checkpoint_every=0 >"$work/out" 2>&1; then
        echo "ok     $1, seed $2, $3 steps"
    else
        echo "failed $1, seed $2, $3 steps: $(tail -n 1 "$work/out")"
        bad=$((bad + 1))
    fi
    done=$((done + 1))
    rm -rf "$work/runs"
}

for preset in ${PRESETS:-$(ls presets/*.ini | sed 's,.*/,,; s,\.ini$,,')}; do
    file=presets/$preset.ini
    case $preset in folder-*) continue ;; esac # of your own pictures
    if grep -qE '^name = (ring|moons|grid|spiral|checkerboard|arcs|blobs)' "$file"; then
        length=$(sed -n 's/^steps = \([0-9][0-9]*\).*/\1/p' "$file" | head -n 1)
        for seed in ${SEEDS:-1 2 3 4 5}; do
            once "$preset" "$seed" $((length / 5))
        done
    else
        once "$preset" 1 "${PICTURE_STEPS:-300}"
    fi
done
echo "$done runs, $bad failed"
[ "$done" -gt 0 ] && [ "$bad" = 0 ]
