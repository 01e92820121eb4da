#!/bin/bash
# The workbench played from a script (TAP): exact frames, expectations, refusals.
. "$(dirname "$0")/tap.sh"

play() { # what code regex script-text arguments...
    local what=$1 code=$2 regex=$3
    printf '%s\n' "$4" >"$work/play.ddil"
    shift 4
    rm -rf "$DDIL_RUNS"
    says "$what" "$code" "$regex" --script "$work/play.ddil" "$@"
}

fork_script=":wait step>=120
2
:expect [2 Curves]
:save-display $work/NAME.txt
:set optimizer.lr=5e-4
:wait marks>=1
:fork source.beta_student=0.5
:wait runs>=2
:wait step>=150
1
:expect forked
:save-display $work/NAME-fork.txt"
play "a run is watched, tweaked and forked" 0 "" "${fork_script//NAME/a}" quickstart
play "and again" 0 "" "${fork_script//NAME/b}" quickstart
cmp -s "$work/a.txt" "$work/b.txt" && cmp -s "$work/a-fork.txt" "$work/b-fork.txt" && result yes "frames repeat byte for byte" ||
    result no "frames repeat byte for byte"
grep -q 'styles' "$work/a.txt" && result yes "a saved display holds text and styles" || result no "a saved display holds text and styles"

play "a picture is saved" 0 "" ":wait metrics>=1
3
:save-picture $work/p.png" --graphics sixel quickstart --steps 60 -s student.pretrain_steps=20
[ "$(head -c 8 "$work/p.png" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] && result yes "it is a PNG" || result no "it is a PNG"

tiny="run.steps=40 student.pretrain_steps=10 run.eval_samples=200 run.eval_every=20 shift.every=20"
play "seeds stand as a group, are paused and compared as one, and unfold" 0 "" ":seeds 1-3 ring-pd-ddil $tiny
:wait runs>=3
:wait step>=5
1
:expect + ring-pd-ddil ×3
:expect 0 of 3 seeds done
<Space>
:wait state=paused
:expect ‖ paused
<Space>
:run ring-pd-ddil-s3
:wait state=done
:run ring-pd-ddil-s1
:wait state=done
:expect 3 of 3 seeds done
v
:seeds 1-3 ring-pd $tiny
:wait runs>=6
:run ring-pd-s3
:wait state=done
:run ring-pd-s2
:wait state=done
v
2
:expect 05×3
6
:expect difference by seed
:expect Δ
1
<Right>
:expect ring-pd-s2
<Left>
:figure $work/group.svg
:seeds 1-2 ring-pd $tiny
:wait runs>=8
:expect ring-pd-2 ×2"
grep -q '>ring-pd ×3, mean and 95 %<' "$work/group.svg"
result $? "a figure of a group has its mean and band"
play "five seeds by one key" 0 "" "nring-pd-ddil<Tab>
:wait runs>=5
1
:expect of 5 seeds done"
play "seeds that are none" 1 "each once, at most 16" ":seeds 5-1 ring-pd" quickstart
play "seeds of no preset" 1 "seeds and a preset" ":seeds 1-5" quickstart
play "metrics are columns, the best starred, and sorted by" 0 "" ":seeds 1-2 ring-pd $tiny
:wait runs>=2
:run ring-pd-s2
:wait state=done
:run ring-pd-s1
:wait state=done
1
<Right>
o
:expect modes
:expect *
>>>>>>
:expect sw2↓
o
:expect note"
play "what a run came to stands on a card, beside the data and the teacher" 0 "" ":wait state=done
1
:expect what it came to
:expect data themselves
:expect teacher, 32 steps
:expect best
:expect measuring +" quickstart --steps 40 -s student.pretrain_steps=10 -s run.eval_samples=200
says "so does the report" 0 "teacher's own 32 steps" run ring-pd-ddil --steps 20 -s student.pretrain_steps=10 -s run.eval_samples=200
play "figures of the runs shown" 0 "" ":wait metrics>=1
2
:figure $work/f.svg
:figure $work/f.png slides
:figure $work/f.csv
:metrics $work/m.md
3
:figure $work/samples.svg
4
:figure $work/paths.svg
6
F
:wait frontier>=8
:expect T teacher
:figure $work/compare.svg" quickstart --steps 60 -s student.pretrain_steps=20
grep -q '<text [^>]*>Loss, smoothed' "$work/f.svg" && grep -q '<text [^>]*>training step</text>' "$work/f.svg"
result $? "an SVG with title and axes as text"
[ "$(head -c 4 "$work/f.png" | tail -c 3)" = PNG ]
result $? "a PNG"
grep -q '^1,quickstart,loss,1 quickstart,60,' "$work/f.csv" && grep -q ',own / forward,i = 1,' "$work/f.csv"
result $? "the curves as numbers"
grep -q "the teacher's samples from the same noise" "$work/samples.svg" && grep -q '>y, normalised<' "$work/samples.svg" && ! grep -q 'Loss' "$work/samples.svg"
result $? "Samples draws samples, the teacher's beside them"
grep -q 'student (orange) and teacher (blue, dashed)' "$work/paths.svg" && grep -q '>sampling steps to go' "$work/paths.svg"
result $? "Paths draws paths and what separates them"
grep -q '>sw2 to the data (less is better)<' "$work/compare.svg" && grep -q '>coverage of the data<' "$work/compare.svg"
result $? "Compare draws the frontier, measured when it was asked for"
grep -qE '^\| 01 quickstart \| 60 \| \*\*[0-9.]+\*\* ' "$work/m.md"
result $? "the metrics as Markdown, the best in bold"
play "a figure of another kind" 2 "ends in .svg or .png" ":wait metrics>=1
:figure $work/f.pdf" quickstart --steps 20 -s student.pretrain_steps=10

play "the line that brings the screen back is written" 0 "" ":wait metrics>=1
2
:share $work/line.sh" quickstart --steps 20 -s student.pretrain_steps=10
grep -q "^ddil .*--look 'view Curves" "$work/line.sh" && result yes "a line for the shell" || result no "a line for the shell"

play "the screen is saved, labels and all, where there are no picture graphics" 0 "" ":wait metrics>=1
2
:save-picture $work/p.svg" --graphics off quickstart --steps 60 -s student.pretrain_steps=20
grep -q '<svg' "$work/p.svg" && [ "$(grep -c '>[0-9A-Za-z]</text>' "$work/p.svg")" -gt 200 ] && result yes "its text is text" || result no "its text is text"

says "a folder is no script" 2 "script $work: Is a directory" --script "$work"
play "an expectation that fails names its line" 1 "play.ddil:2: not on screen: Nonsense" "2
:expect Nonsense" quickstart
play "a wait that cannot end says so" 1 "never came: runs>=2" ":wait runs>=2" quickstart --steps 20 -s student.pretrain_steps=10
play "a condition without meaning" 2 "play.ddil:1: wait for what. no such name: moon" ":wait moon=full" quickstart
play "a word without meaning" 1 "frobnicate: no such command" ":frobnicate" quickstart
play "a key without meaning" 1 "means nothing here" "%" quickstart
play "a refused command" 1 "play.ddil:1: .*optimizer.nonsense" ":set optimizer.nonsense=1" quickstart
says "no such file" 2 "No such file" --script "$work/none" quickstart
play "notes through the prompt" 0 "" ":wait step>=10
mhello there<Enter>
:wait marks>=1
:expect note" quickstart
finish
