#!/bin/bash
# ddil bench from outside (TAP): names, fields and thread counts of its JSON, its table, its refusals. Nothing here
# depends on how fast the machine is.
. "$(dirname "$0")/tap.sh"

# The program with these arguments: its exit code and what it says.
says() { # what code regex arguments...
    local what=$1 code=$2 regex=$3
    shift 3
    "$DDIL" bench "$@" >"$out" 2>"$err" </dev/null
    [ $? = "$code" ] && cat "$out" "$err" | grep -qE -- "$regex"
    result $? "$what"
}

check_json() { # what code: Python on the value j
    if ! python3 -c 0 2>/dev/null; then
        number=$((number + 1))
        echo "ok $number - $1 # SKIP no python3"
        return
    fi
    python3 -c "
import json, math, sys
j = json.load(open(sys.argv[1]))
by = {(s['name'], s['threads']): s for s in j['steps']}
$2" "$work/bench.json" 2>"$err"
    result $? "$1"
}

says "every step, quickly" 0 '"steps"' --json --quick --threads 2
cp "$out" "$work/bench.json"
check_json "nothing but JSON, and the machine's fields" '
assert set(j) == {"machine", "steps"}
m = j["machine"]
for key in ("cpu", "simd", "blas"):
    assert isinstance(m[key], str) and m[key]
assert m["cores"] >= 1
for key in ("fma_gflops_1", "fma_gflops_n", "triad_gbs"):
    assert 0 < m[key] < 1e7
assert m["fma_gflops_n"] >= m["fma_gflops_1"]'
check_json "every step with one thread and with all" '
must = {"mlp2d-train", "image-train", "image-sample-1", "image-sample-4", "pd-step", "lcm-step"}
names = {n for n, _ in by}
assert must <= names <= must | {"dmd2-step"}
assert set(by) == {(n, t) for n in names for t in (1, 2)} and len(by) == len(j["steps"])'
check_json "the fields of a step" '
for s in j["steps"]:
    assert all(s[k] > 0 and math.isfinite(s[k]) for k in ("batch", "params", "flops_per_step", "steps_per_second",
                                                          "fraction_of_peak", "peak_rss_mib"))
    peak = 1e9 * j["machine"]["fma_gflops_1" if s["threads"] == 1 else "fma_gflops_n"]
    assert math.isclose(s["fraction_of_peak"], s["flops_per_step"] * s["steps_per_second"] / peak, rel_tol=1e-9)'
check_json "the networks and their flops, counted by hand" '
mlp = by["mlp2d-train", 1]
inner = 66 * 256 + 3 * 256 * 256 + 256 * 2
assert mlp["batch"] == 512 and mlp["params"] == inner + 4 * 256 + 2
assert mlp["flops_per_step"] == 512 * 6 * inner
conv = 9 * 2 * 4 * 32 * 196 + 4 * 9 * 32 * 32 * 196 + 4 * 9 * 96 * 96 * 49
points = 49 * (2 * 128 * 96 + 2 * (3 + 1) * 96 * 96) + 196 * 64 * 32
attention = 2 * 2 * 49 * 49 * 96
embedding = 64 * 128 + 128 * 128 + 128 * (2 * 32 + 2 * 96)
forward = 2 * 64 * (conv + points + attention + embedding)
assert by["image-sample-1", 1]["flops_per_step"] == forward, (by["image-sample-1", 1]["flops_per_step"], forward)
assert by["image-sample-4", 2]["flops_per_step"] == 4 * forward
assert by["image-train", 2]["flops_per_step"] == 3 * forward
assert by["image-train", 1]["params"] == by["image-sample-1", 1]["params"] == 533604'
check_json "a process of its own for each: points need less memory than pictures" '
assert by["pd-step", 1]["peak_rss_mib"] < by["image-train", 1]["peak_rss_mib"]'

says "a named step as a table" 0 '^pd-step +1 ' pd-step --quick --threads 1
! grep -q '^lcm-step' "$out"
result $? "and no other"
says "a step that is none" 2 'nearest: image-train' image-trian
finish
