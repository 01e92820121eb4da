#!/bin/bash
# Every shipped lesson, taken from its first step to its last by a script (TAP), at reduced length.
. "$(dirname "$0")/tap.sh"
for lesson in assets/lessons/*.ini; do
    name=$(basename "$lesson" .ini)
    script=tests/lessons/$name.ddil
    read -r -a with < <(sed -n 's/^# with: //p' "$script" 2>/dev/null)
    rm -rf "$DDIL_RUNS"
    says "lesson $name ends" 0 "" tour "$name" --script "$script" "${with[@]}"
done
says "the list, without a terminal" 0 "1-diffusion +What diffusion does" tour
says "a lesson that is not there" 2 "no such lesson" tour nonsense
finish
