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
# Whatever the folders are called: the sources', the place's, the prefix.
mkdir -p "$work/the sources/build"
cp -rs "$PWD"/{.ci,Makefile,LICENSE,app,views,engine,presets,assets,tests} "$work/the sources/"
[ -d build/release ] && cp -rs "$PWD/build/release" "$work/the sources/build/" && # but for what is made anew
    rm -f "$work/the sources/build/release/"{place.list,libddil.a,engine/distill/params.o}
there() { # target
    make --no-print-directory -s -C "$work/the sources" "$1" DESTDIR="$work/a root" PREFIX="/usr here" >"$out" 2>&1
}
share="$work/a root/usr here/share"
there install && (cd "$share/doc/ddil" && ls $papers) >>"$out" 2>&1
result $? "make install brings the papers"
grep -q '^\.TH DDIL' "$share/man/man1/ddil.1" && grep -q ddil "$share/bash-completion/completions/ddil" &&
    grep -q ddil "$share/zsh/site-functions/_ddil" && grep -q ddil "$share/fish/vendor_completions.d/ddil.fish"
result $? "the manual and completions"
(cd "$work" && env -u DDIL_DATA "$work/a root/usr here/bin/ddil" presets >"$out" 2>&1)
result $? "a program that runs from anywhere"
there uninstall && [ -z "$(find "$work/a root" -type f)" ]
result $? "make uninstall takes all of it away"

# What the builder says of tools and flags reaches every command.
flags() { # variable, value, words that must stand in what make would do
    make -n -B V=1 BUILD="$work/build" "$1=$2" all >"$out" 2>&1
    grep -qF -- "$3" "$out"
    result $? "$1 is honoured"
}
flags CPPFLAGS -DSOME_WORD=1 ' -DSOME_WORD=1 '
flags LDFLAGS -Wl,--some-flag '-Wl,--some-flag -o'
flags AR some-ar 'some-ar rcs'
flags CC some-cc 'some-cc -std=c11'
flags CFLAGS '-O2 -DOTHER' ' -O2 -DOTHER '
printf '#!/bin/sh\ncase $1 in --cflags) echo -DFROM_PKG_CONFIG ;; esac\n' >"$work/pkg" && chmod +x "$work/pkg"
make -n -B V=1 BUILD="$work/build" PKG_CONFIG="$work/pkg" all >"$out" 2>&1
! grep -q -- -lopenblas "$out"
result $? "PKG_CONFIG is honoured"

finish
