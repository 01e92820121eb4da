#!/bin/bash
# The recipe of assets/doc/developing.md for a method of one's own (TAP): its code compiles without a warning, and as a row of the table it
# trains, mixes sources, measures its shift and resumes.
. "$(dirname "$0")/tap.sh"

flags="-std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -I. -Wall -Wextra -Wshadow -Werror -O1"
# The objects of the program under test: build/VARIANT/ddil, or ./ddil of build/release.
build=$(dirname "$DDIL")
[ -f "$build/libddil.a" ] || build=$root/build/release
case $(basename "$build") in
san-*) flags="$flags -fsanitize=$(basename "$build" | sed 's/^san-//; s/-/,/g')" ;;
esac
sed -n '/^```c$/,/^```$/p' assets/doc/developing.md | sed '/^```/d' >"$work/copy.c"
cc $flags -c -o "$work/copy.o" "$work/copy.c" >"$out" 2>&1
result $? "the recipe compiles"

{
    sed 's/#include "engine\/distill\/method.h"/&\nextern const Method method_copy;/; s/\(methods\[\] = {\)/\1\&method_copy, /' \
        engine/distill/methods.c
} >"$work/methods.c"
cc $flags -o "$work/ddil" "$work/methods.c" "$work/copy.o" "$build/app/main.o" "$build/libddil.a" \
    $(pkg-config --libs openblas ncursesw libsixel inih zlib libpng jansson) -lm -pthread >"$out" 2>&1
result $? "it is a row of the table"

{
    sed '/^\[pd\]/,$d; s/^method = pd/method = copy/' presets/ring-pd-ddil.ini
    printf '[copy]\nweight = 2\n'
} >"$work/ring-copy.ini"
"$work/ddil" run "$work/ring-copy.ini" --runs "$work/runs" -s run.steps=60 -s student.pretrain_steps=20 \
    -s shift.every=20 >"$out" 2>&1 && tail -n +2 "$work"/runs/*/shift.csv | grep -q '^60,' &&
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "loss_student") c = i } END { exit !($c > 0) }' \
        "$work"/runs/*/metrics.csv
result $? "it trains on the student's own states and its shift is measured"

finish
