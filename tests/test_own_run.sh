#!/bin/bash
# A folder of pictures of one's own: one command trains a teacher, one what it is judged by, one
# distils it; pictures that change in between are noticed.
. "$(dirname "$0")/tap.sh"
export XDG_CACHE_HOME=$work/cache
pictures=$work/my-pictures
mkdir "$pictures" && /usr/bin/python3 - "$pictures" <<'PYTHON' || exit 1
import struct, sys, zlib
def chunk(kind, data): return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
for k in range(250):
    rows = b"".join(b"\0" + bytes(v for x in range(20) for v in (k, 12 * y, 255 if x < k % 20 else 0)) for y in range(20))
    with open(f"{sys.argv[1]}/{k}.png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 20, 20, 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
PYTHON
echo "no picture" >"$pictures/notes.txt"
small=(-s "data.path=$pictures" -s run.batch=8 -s run.eval_samples=20 -s shift.samples=16 --quiet)
net=(-s net.width=8 -s net.coarse_width=16 -s net.embed=16 -s net.coarse_depth=1)

says "a folder that is not there" 2 '^ddil: -s data.path: cannot read the folder nowhere: No such file' features folder-teacher -s data.path=nowhere
says "nor the emoji, whose package is named" 2 'apt-get install ruby-gemojione' \
    data emoji-teacher -s data.path=/none/gems/gemojione-3.3.0/assets/png
says "data says what is left out" 0 'notes.txt: neither PNG nor JPEG' data "$pictures"
grep -qE '^pictures  [0-9]+ to train on, [0-9]+ held out, 32 x 32, colour' "$out"
result $? "and what is left"
says "features of any pictures go where runs find them" 0 'names the turn of' \
    features folder-teacher -s "data.path=$pictures" --steps 40 --quiet
cd "$work" || exit 1
ln -s "$root/presets" presets
says "one command trains a teacher" 0 '' run folder-teacher "${small[@]}" "${net[@]}" --steps 4 -s run.checkpoint_every=2
grep -q '^guidance = 1$' runs/0001-folder-teacher/run.ini
result $? "without guidance, since there are no classes"
[ -s teacher.safetensors ]
result $? "whose weights are there for the next run"
XDG_CACHE_HOME=$work/none says "a run says that it is judged without features" 0 'judged without features: there is no feature network' \
    run folder-teacher "${small[@]:0:8}" "${net[@]}" --steps 1 --runs "$work/without"
says "another distils it" 0 '' run folder-lcm-ddil "${small[@]}" --steps 4 -s run.checkpoint_every=2
grep -qE '^features,[0-9a-f]{8},.*cache/ddil/features-' runs/0002-*/files.csv
result $? "judged in those features, which the run's folder names"
head -1 runs/0002-*/eval.csv | grep -q 'frechet.*coverage' && ! head -1 runs/0002-*/eval.csv | grep -q agreement
result $? "by all metrics that need no classes"

# Teachers that are none: file, value and remedy, and no run is begun. (A square array turned round: test_weights.c.)
/usr/bin/python3 - <<'PYTHON' || exit 1
import array, json, struct
def read():
    with open("teacher.safetensors", "rb") as file:
        head, data = json.loads(file.read(struct.unpack("<Q", file.read(8))[0])), file.read()
    meta = head.pop("__metadata__")
    meta.pop("crc32")  # as of a program that does not write it
    return meta, {k: (x["shape"], array.array("f", data[slice(*x["data_offsets"])])) for k, x in head.items()}
def write(name, meta, arrays):
    head, data = {"__metadata__": meta}, b""
    for k, (shape, x) in arrays.items():
        head[k] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * len(x)]}
        data += x.tobytes()
    text = json.dumps(head).encode()
    with open(name + ".safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
def turned(shape, x): return [shape[1], shape[0]], array.array("f", [x[i * shape[1] + j] for j in range(shape[1]) for i in range(shape[0])])
def change(name, key, do):
    meta, arrays = read()
    arrays[key] = do(*arrays[key]) if do else arrays.pop(key) and None
    write(name, meta, {k: v for k, v in arrays.items() if v})
def broken(shape, x): return shape, x[:5] + array.array("f", [float("nan")]) + x[6:]
change("whole", "mid.0.out.weight", lambda *x: x)
change("missing", "mid.0.out.weight", None)
change("turned", "down.weight", turned)
change("broken", "mix.bias", broken)
PYTHON
teacher() { # what, code, regex, file
    says "a teacher $1" "$2" "$3" run folder-lcm-ddil "${small[@]}" --steps 1 -s "teacher.file=$4"
}
teacher "rewritten by another program" 0 '' whole.safetensors
says "another way" 0 '' run folder-pd-ddil "${small[@]}" --steps 1
runs=$(ls runs)
teacher "with an array missing" 2 'missing.safetensors.*"mid.0.out.weight".*whole state_dict' missing.safetensors
teacher "with an array turned round" 2 'turned.safetensors.*down.weight.*turned round' turned.safetensors
teacher "with a NaN" 2 'broken.safetensors: mix.bias\[5\] is not a number' broken.safetensors
teacher "of another size" 2 'for samples of 32 x 32 x 3, those of data.name = folder are 16 x 16 x 3' "$root/assets/emoji-teacher.safetensors"
teacher "that is not there" 2 'none.safetensors: there is no such file; a run with run.export' none.safetensors
[ "$(ls runs)" = "$runs" ]
result $? "none of which began a run"

rm "$pictures/3.png" "$pictures/5.png"
says "pictures that changed in between are refused" 2 'other|changed|checksum' resume 2 --steps 6 --quiet

# In the workbench: a preset changed before it starts, and a density drawn by hand.
cd "$root" || exit 1
cat >"$work/own.ddil" <<PLAY
n
quickstart<Right>
:expect A new run of quickstart
<Down><Down><Down>0,300<Enter>
:expect 300
<Backspace><Backspace>
<Down><Down>30<Enter>
:wait runs>=1
:draw
<Enter>
:expect nothing is drawn yet
<Space><Right><Right><Space>x
:expect Draw where data are
<Enter>
:wait runs>=2
:quit
PLAY
rm -rf "$DDIL_RUNS"
says "a form and a drawing start runs" 0 '' --script "$work/own.ddil" --size 90x28
grep -q '^keep = 0,3$' "$DDIL_RUNS"/0001-quickstart/run.ini && grep -q '^steps = 30$' "$DDIL_RUNS"/0001-quickstart/run.ini
result $? "the form's values are the run's"
grep -qE '^drawn = (0{16}/){4}0+2?0*[24]' "$DDIL_RUNS"/0002-drawn-pd-ddil/run.ini
result $? "what was drawn is the run's law"
says "whose run.ini is a preset" 0 'teacher   exact: [2-9] kernels' data "$DDIL_RUNS/0002-drawn-pd-ddil/run.ini"
says "a drawing that is none" 2 "data.drawn: 'x' in row 2, column 1" data drawn -s data.drawn=12/x
says "an empty drawing" 2 'nothing is drawn' data drawn -s data.drawn=00/00
finish
