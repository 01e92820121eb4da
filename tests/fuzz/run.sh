#!/bin/bash
# Runs fuzzers one after another and says what each did.
#   run.sh TARGET...    BUILD: where they are; SECONDS_EACH
# New inputs go to build/fuzz/corpus/TARGET; what was found stands beside it and is run again with
# build/fuzz/tests/fuzz/TARGET FILE. Status 1 when anything was found. A minute for one input: the clock also counts what
# a busy machine does besides.
set -u
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
found=0
for target in "$@"; do
    work=$BUILD/corpus/$target kept=tests/fuzz/corpus/$target
    mkdir -p "$work" "$kept"
    "$BUILD/tests/fuzz/$target" -max_total_time="$SECONDS_EACH" -max_len=8192 -rss_limit_mb=1024 -timeout=60 \
        -artifact_prefix="$work-found-" -print_final_stats=1 "$work" "$kept" >"$work.log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work.log")
    printf '%-14s %10s executions  %s\n' "$target" "${runs:-?}" "$([ $status = 0 ] && echo clean || echo "FOUND: see $work.log")"
    [ $status = 0 ] || found=1
done
exit $found
