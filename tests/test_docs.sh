#!/bin/bash
# What holds the papers and the house's checks to their word (TAP): the drawings are of this tree, installing brings the papers, and
# each finder finds what it is for.
. "$(dirname "$0")/tap.sh"

bash tests/house.sh check >"$out" 2>&1 && [ ! -s "$out" ]
result $? "the drawings of the include graph are of this tree"

bash tests/citations.sh >"$out" 2>&1 && [ ! -s "$out" ]
result $? "every citation resolves"

# A copy with one of each: a section, a heading, a file and a link that are not there.
mkdir -p "$work/bad/engine" "$work/bad/assets/doc"
cp -r assets/doc/*.md "$work/bad/assets/doc" && rm "$work/bad/assets/doc/developing.md"
printf '/* methods.md 99.1 and\n * methods.md 1.1, 98. See cli.md, "No such words"; nowhere.md */\n' >"$work/bad/engine/a.h"
lint=$PWD/tests/citations.sh
(cd "$work/bad" && bash "$lint") >"$out" 2>&1
grep -q 'methods.md 99.1' "$out" && grep -q 'methods.md 98' "$out" && grep -q 'No such words' "$out" && grep -q 'nowhere.md' "$out" &&
    grep -q 'links to developing.md' "$out" && ! grep -q '1\.1:' "$out"
result $? "a citation that leads nowhere is found"

printf 'a/x a/y include\na/y b/z call_it\nb/z a/x include\nb/z c/w include\n' | awk -f tests/circles.awk >"$out"
[ "$(wc -l <"$out")" = 1 ] && grep -q 'a/y -> b/z (call_it)' "$out" && ! grep -q c/w "$out"
result $? "a circle is named with what ties it"
printf 'a/x a/y include\na/x b/z include\na/y b/z call_it\n' | awk -f tests/circles.awk >"$out"
[ ! -s "$out" ]
result $? "what has no circle has none"

papers="methods.md architecture.md formats.md cli.md developing.md house.svg results/points.md"
make --no-print-directory -s install DESTDIR="$work/root" PREFIX=/usr >"$out" 2>&1 && (cd "$work/root/usr/share/doc/ddil" && ls $papers) >>"$out" 2>&1
result $? "make install brings the papers"

finish
