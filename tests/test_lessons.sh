#!/bin/bash
# Every shipped lesson (TAP), at reduced length: tests/lesson_player.py plays it at reading speed, as learners do.
. "$(dirname "$0")/tap.sh"
says "the list, without a terminal" 0 "1-diffusion +What diffusion does" tour
says "a lesson that is not there" 2 "no such lesson; these" tour nonsense
says "a lesson misspelt" 2 "nearest: drift" tour drfit
if ! python3 -c 0 2>/dev/null; then
    echo "ok $((number + 1)) - lessons # SKIP no python3"
    number=$((number + 1))
    finish
fi
export PYTHONDONTWRITEBYTECODE=1
for lesson in assets/lessons/*.ini; do
    case $lesson in
    *dmd2*) steps=240 ;;
    *threshold*) steps=500 ;;
    *) steps=900 ;;
    esac
    timeout 300 python3 tests/lesson_player.py "$DDIL" "$lesson" 80x24,132x42 "$work/play" \
        --steps $steps -s student.pretrain_steps=50 -s run.eval_samples=400 -s shift.samples=64 >"$out" 2>"$err"
    result $? "$lesson"
    rm -rf "$work/play"
done
finish
