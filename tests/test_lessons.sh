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

# Pictures under the names that the emoji have, a tone a kind: their package need not be here.
python3 - assets/emoji-labels.csv "$work/emoji" <<'PYTHON'
import csv, os, struct, sys, zlib
def chunk(kind, data): return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
kinds, (labels, folder) = {}, sys.argv[1:]
os.mkdir(folder)
for k, row in enumerate(csv.DictReader(open(labels))):
    tone = 20 * kinds.setdefault(row["label"], len(kinds))
    pixels = b"\0" + bytes((tone, k % 256, k // 256 * 30)) * 4
    with open(os.path.join(folder, row["file"]), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(4 * pixels)) + chunk(b"IEND", b""))
PYTHON
"$DDIL" run emoji-teacher --quiet --steps 2 -s "data.path=$work/emoji" -s run.batch=8 -s run.eval_samples=20 -s student.steps=1 \
    -s net.width=8 -s net.coarse_width=16 -s net.coarse_depth=1 -s net.embed=16 -s "run.export=$work/small.safetensors" >"$out" 2>"$err"
result $? "a small teacher for the lesson in colour"
light=(-s "data.path=$work/emoji" -s "teacher.file=$work/small.safetensors" -s run.batch=8 -s run.eval_samples=20 -s shift.samples=8)
for lesson in assets/lessons/*.ini; do
    more=()
    case $lesson in
    *dmd2*) steps=240 ;;
    *threshold*) steps=500 ;;
    *colour*) steps=12 more=("${light[@]}") ;;
    *) steps=900 ;;
    esac
    timeout $((100 * ${PATIENCE:-3})) python3 tests/lesson_player.py "$DDIL" "$lesson" 80x24,132x42 "$work/play" \
        --steps $steps -s student.pretrain_steps=50 -s run.eval_samples=400 -s shift.samples=64 "${more[@]}" >"$out" 2>"$err"
    result $? "$lesson"
    rm -rf "$work/play"
done
finish
