#!/bin/bash
# Runs test programs and scripts that print TAP, each in a home of its own and with a time limit, and ends with
# one line "N passed, N failed". What passes stays quiet; what fails shows its output.
#   run.sh TEST...      TEST_JOBS (2) scripts at a time, TEST_LIMIT (600, under sanitizers 4000) seconds each
# A test that crashes, hangs, stops short of its plan or prints no TAP counts as one more failure; so does a build
# that failed (its status in BUILT).
set -u
# Sanitizers slow a program down by five to fifteen times: so much longer is waited (until.sh, tmux.sh).
[[ ${DDIL:-} == *san-* ]] && export PATIENCE=20
limit=${TEST_LIMIT:-$((200 * ${PATIENCE:-3}))}
passed=0 failed=0 skipped=0

export LC_ALL=C.UTF-8 CMOCKA_MESSAGE_OUTPUT=TAP
# No detect_stack_use_after_return: gcc's fake stack breaks the 64-byte alignment of the kernels' vectors.
export ASAN_OPTIONS=halt_on_error=1:detect_stack_use_after_return=0:strict_string_checks=1
export LSAN_OPTIONS="suppressions='$PWD/tests/lsan.supp':print_suppressions=0" # the folder may hold a blank
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions='$PWD/tests/tsan.supp'"
unset DDIL_RUNS NO_COLOR MAKEFLAGS MFLAGS MAKELEVEL TMUX

# ThreadSanitizer cannot live with every layout of addresses; without random ones it can.
plain=()
if [[ ${DDIL:-} == *thread* ]] && setarch "$(uname -m)" -R true 2>/dev/null; then
    plain=(setarch "$(uname -m)" -R)
fi

count() { # pattern file
    grep -cE "$1" "$2"
}

# What the test planned to say, summed over its groups; empty when it named no plan.
planned() {
    awk -F'[. ]+' '/^1\.\.[0-9]+/ { n += $2; seen = 1 } END { if (seen) print n }' "$1"
}

# Why the output is not that of a whole test, or nothing.
complaint() { # status ok not_ok skip plan
    if [ "$1" = 124 ] || [ "$1" = 137 ]; then
        echo "took longer than $limit s"
    elif [ "$1" -gt 128 ]; then
        echo "was killed by signal $(($1 - 128))"
    elif [ $(($2 + $3 + $4)) = 0 ] && [ "${5:-}" != 0 ]; then
        echo "printed no TAP (status $1)"
    elif [ -n "${5:-}" ] && [ $(($2 + $3 + $4)) -lt "$5" ]; then
        echo "planned $5 tests and did $(($2 + $3 + $4)) (status $1)"
    elif [ "$1" != 0 ] && [ "$3" = 0 ]; then
        echo "ended with status $1"
    fi
}

run_one() { # test, file for its numbers
    local name work out status why start=$SECONDS
    name=$(basename "$1")
    work=$(mktemp -d "${TMPDIR:-/tmp}/ddil-test.XXXXXX")
    mkdir "$work/home" "$work/tmp"
    out=$work/out
    local command=("$1")
    [[ $1 == *.sh ]] && command=(bash "$1")
    HOME=$work/home TMPDIR=$work/tmp DDIL_RUNS=$work/runs \
        timeout -k 10 "$limit" "${plain[@]}" "${command[@]}" >"$out" 2>&1 </dev/null
    status=$?
    local skip ok bad
    # cmocka prints a skipped test as "not ok 3 # SKIP name".
    skip=$(count '^(not )?ok .*# *[Ss][Kk][Ii][Pp]' "$out")
    ok=$(grep -E '^ok\b' "$out" | grep -vcE '# *[Ss][Kk][Ii][Pp]')
    bad=$(grep -E '^not ok\b' "$out" | grep -vcE '# *[Ss][Kk][Ii][Pp]')
    why=$(complaint "$status" "$ok" "$bad" "$skip" "$(planned "$out")")
    [ -n "$why" ] && bad=$((bad + 1))
    echo "$ok $bad $skip" >"$2"
    printf '%-24s %4d passed %3d failed %4d s%s\n' "$name" "$ok" "$bad" $((SECONDS - start)) \
        "$([ "$skip" -gt 0 ] && echo "  $skip skipped")"
    if [ "$bad" -gt 0 ]; then
        grep -vE '^ok\b' "$out" | tail -n 200 | sed 's/^/    /'
        [ -n "$why" ] && echo "    $name $why"
    fi
    rm -rf "$work"
}

# Programs stand alone: some hold a terminal's patience against the clock. Scripts wait more than they work: two at a time. What
# one says is shown in one piece, when it has ended.
all=$(mktemp -d "${TMPDIR:-/tmp}/ddil-tests.XXXXXX")
trap 'rm -rf "$all"' EXIT
show_ended() {
    local text ok bad skip
    for text in "$all"/*.text; do
        [ -e "${text%.text}.ended" ] || continue
        cat "$text"
        read -r ok bad skip <"${text%.text}.numbers"
        passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
        rm "${text%.text}".*
        shown=$((shown + 1))
    done
}
number=0 shown=0
for test in "$@"; do
    number=$((number + 1))
    {
        run_one "$test" "$all/$number.numbers" >"$all/$number.text" 2>&1
        : >"$all/$number.ended"
    } &
    together=1
    [[ $test == *.sh ]] && together=${TEST_JOBS:-2}
    while [ "$(jobs -rp | wc -l)" -ge "$together" ]; do
        wait -n
        show_ended
    done
done
wait
show_ended
if [ $shown != $number ]; then
    echo "of $((number - shown)) tests nothing is known"
    failed=$((failed + number - shown))
fi
if [ "${BUILT:-0}" != 0 ]; then
    echo "the build failed"
    failed=$((failed + 1))
fi
[ "$skipped" -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
