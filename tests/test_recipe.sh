#!/bin/bash
# The recipes of assets/doc/developing.md (TAP), all in one copy of the tree: what they add compiles without a warning, and
# works: a method, a data set, a network, a metric, a view, a key, a parameter, a field of the bridge.
. "$(dirname "$0")/tap.sh"
tree=$work/tree
mkdir "$tree"
cp -r Makefile .ci app views engine presets assets "$tree"

awk -v tree="$tree" -f tests/recipe.awk assets/doc/developing.md >"$out" 2>"$err"
result $? "every place that a recipe names is there"

# Quick to build, and plain whatever the variant under test.
(cd "$tree" && env -u SAN -u ONLY -u BUILD make -s -j2 CFLAGS='-O0 -Werror -Wno-format-truncation -Wno-error=frame-larger-than=' all) >"$out" 2>"$err"
result $? "it all compiles"
DDIL=$tree/ddil
cd "$tree" || exit 1

quick="--runs $work/runs -s run.steps=60 -s student.pretrain_steps=20 -s shift.every=20 -s run.eval_samples=200"
try() { # name, arguments
    local name=$1
    shift
    # shellcheck disable=SC2086 # words
    "$DDIL" run "$@" --name "$name" $quick >"$out" 2>"$err"
}
# A column of the last row of a log.
last() { # run log column
    awk -F, -v name="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { v = $c } END { print v }' "$work"/runs/*-"$1/$2"
}

{
    sed '/^\[pd\]/,$d; s/^method = pd/method = copy/' presets/ring-pd-ddil.ini
    printf '[copy]\nweight = 2\n'
} >presets/ring-copy-ddil.ini
try method ring-copy-ddil && [ "$(last method shift.csv step)" = 60 ] &&
    awk -v loss="$(last method metrics.csv loss_student)" 'BEGIN { exit !(loss > 0) }'
result $? "a method trains on the student's own states and its shift is measured"

try data ring-pd -s data.name=cross -s data.keep=0,1 && [ "$(last data eval.csv modes)" -le 4 ]
result $? "a data set has an exact teacher and metrics"

try net ring-pd -s net.kind=residual && "$DDIL" export net --runs "$work/runs" --weights "$work/w.safetensors" >"$out" 2>"$err" &&
    grep -aq 'residual' "$work/w.safetensors"
result $? "a network trains and its weights are saved"

awk -v v="$(last net eval.csv spread)" -v low="$(last net eval.csv spread_low)" 'BEGIN { exit !(v > 0.1 && low < v) }'
result $? "a metric stands in the log with its interval"

try floor ring-pd -s optimizer.floor=0.5 && [ "$(last floor metrics.csv lr)" = 0.0005 ] && "$DDIL" params | grep -q "falls no lower"
result $? "a parameter acts, and is listed"

printf ':wait step>=10\n7\n:expect [7 Pulse]\n:expect in 4 steps the loss is\n:expect bare\nZ\n:expect 4 0.\n' >"$work/play.ddil"
"$DDIL" --script "$work/play.ddil" --runs "$work/played" quickstart --steps 40 -s student.pretrain_steps=20 >"$out" 2>"$err"
result $? "a view has its tab and its digit, a key its hint, and the bridge a field"
"$DDIL" manual | grep -q 'numbers without words'
result $? "the key stands in the manual"

finish
