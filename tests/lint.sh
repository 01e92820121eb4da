#!/bin/bash
# Checks the house: who may include whom, circles, where state and clocks and curses may be, sizes, comments. One line for each violation; status 1 when there is any.
#   lint.sh OBJECTS    the folder of objects compiled from this tree (make lint passes build/lint)
set -u
objects=$1
bad=0

complain() {
    echo "lint: $*"
    bad=$((bad + 1))
}

# Reads complaints, one a line.
complain_each() {
    local line
    while IFS= read -r line; do
        [ -n "$line" ] && complain "$line"
    done
}

mapfile -t sources < <(find app views engine -name '*.[ch]' | sort)
mapfile -t tests < <(find tests -maxdepth 1 -name '*.[ch]' | sort)

# ---- the walls: what a folder may include beside itself, a folder or one header of it ----
# app/commands and app/study hold a run in their hands, without the bridge that the screen needs.

walls() {
    cat <<'TABLE'
engine/base       -
engine/tensor     engine/base
engine/ranks      engine/base engine/tensor
engine/nets       engine/base engine/tensor engine/ranks
engine/diffusion  engine/base engine/tensor engine/nets
engine/picture    engine/base
engine/data       engine/base engine/tensor engine/nets engine/diffusion engine/picture
engine/distill    engine/base engine/tensor engine/nets engine/diffusion engine/data
engine/measure    engine/base engine/tensor engine/nets engine/diffusion engine/data
engine/store      engine engine/base engine/diffusion engine/measure
engine/show       engine engine/base engine/nets engine/diffusion engine/data engine/distill engine/measure
engine/port       engine engine/base engine/store
engine/run        engine engine/base engine/ranks engine/nets engine/diffusion engine/data engine/distill engine/measure engine/store engine/show
engine/host       engine engine/base engine/distill engine/store engine/show engine/run engine/port
engine/bench      engine/base engine/tensor engine/nets engine/diffusion engine/data engine/distill
engine/study      engine engine/base engine/distill engine/measure engine/store engine/run
engine            engine/base
views/model       engine/engine.h engine/base/status.h engine/base/number.h engine/base/seeds.h engine/base/student.h
views/draw        engine/engine.h engine/base/status.h engine/base/number.h engine/base/seeds.h engine/base/student.h views/model
views/tour        engine/engine.h engine/base/status.h engine/base/number.h engine/base/seeds.h engine/base/student.h views/model views/draw
views             engine/engine.h engine/base/status.h engine/base/number.h engine/base/seeds.h engine/base/student.h views/model views/draw views/tour
app/base          engine/base
app/terminal      app/base views/model views/draw engine/engine.h engine/base
app/figure        views/draw views/model engine/engine.h engine/study engine/base
app/workbench     app/base app/figure app/terminal views views/model views/draw views/tour engine/engine.h engine/base
app/study         app/base engine/engine.h engine/base engine/nets engine/diffusion engine/distill engine/measure engine/store engine/port/inbox.h engine/run engine/study
app/commands      app/base app/study app/figure app/terminal app/workbench views/model engine/engine.h engine/base engine/ranks engine/nets engine/data engine/diffusion engine/distill engine/measure engine/store engine/show engine/run engine/bench engine/study
app               app/base app/commands app/workbench engine/engine.h engine/base
TABLE
}

# Lines of "file:line: header" for includes in quotes.
includes() {
    grep -nH '^ *# *include "' "$@" | sed -E 's/^([^:]+:[0-9]+): *# *include "([^"]*)".*/\1 \2/'
}

check_walls() {
    includes "${sources[@]}" | awk '
        function folder(path) {
            sub(/\/[^\/]*$/, "", path)
            return path
        }
        FILENAME != "-" { for (i = 2; i <= NF; i++) may[$1, $i] = 1; known[$1] = 1; next }
        {
            file = $1; sub(/:.*/, "", file)
            from = folder(file); to = folder($2)
            if (!(from in known))
                print file ": folder " from " is not in the table of walls (tests/lint.sh)"
            else if (from != to && !((from, to) in may) && !((from, $2) in may))
                print $1 ": " from " may not include " $2
        }' <(walls) -
}

# ---- circles: of files by include and by call, of folders, and in the table of walls itself ----

circles() { awk -f tests/circles.awk; }

check_circles() {
    local edges
    edges=$(bash tests/house.sh edges "$objects")
    echo "$edges" | circles
    echo "$edges" | awk '{
        from = $1; to = $2
        sub(/[^\/]*$/, "", from); sub(/[^\/]*$/, "", to)
        if (from != to) print from, to, $1 ":" $3
    }' | circles
    walls | awk '{
        for (i = 2; i <= NF; i++) {
            to = $i; sub(/\/[^\/]*\.h$/, "", to)
            if (to != "-") print $1 "/", to "/", "wall"
        }
    }' | circles
}

# ---- things that live in one place only ----

only_in() { # pattern, files that may, what it is
    local pattern=$1 place=$2 what=$3
    grep -nHE "$pattern" "${sources[@]}" | grep -vE "^($place):" | cut -d: -f1,2 |
        sed "s|\$|: $what|"
}

check_places() {
    only_in '^ *# *include *<(n?curses[^>]*|term|panel)\.h>|^ *# *include *<ncursesw/' 'app/terminal/term(_check)?\.c' \
        'only app/terminal/term.c and app/terminal/term_check.c include curses'
    only_in '^ *# *include *<sixel' 'app/terminal/[^:]*' 'only app/terminal/ includes libsixel'
    only_in '^ *# *include *<cblas' 'engine/tensor/[^:]*' 'only engine/tensor/ calls cblas'
    only_in '^ *# *include *<ini\.h>' 'engine/base/param_read\.c|app/workbench/lesson_file\.c' 'only engine/base/param_read.c and app/workbench/lesson_file.c include inih'
    only_in '\b(clock_gettime|gettimeofday|localtime_r?|clock) *\(|\btime *\((NULL|0)\)' \
        'engine/base/clock\.c' 'only engine/base/clock.c reads a clock'
    only_in '\b(s?rand|s?random|[dlm]rand48|rand_r) *\(' 'engine/base/rng\.c' \
        'random numbers come from engine/base/rng.h'
    only_in '\b(ato[ifl]l?|strto[a-z]+|[fs]?scanf) *\(' 'engine/base/(number|pool|npy_read)\.c|engine/host/engine_snapshot\.c|app/(terminal/probe|workbench/lesson_file)\.c' \
        'numbers are read through engine/base/number.h'
    only_in '\((int|long|short|unsigned|size_t|u?int[0-9]+_t)\) *(csv_real|json_[a-z]+_value|number_[a-z_]+)\(' '-' \
        'a number from a file becomes an int through engine/base/number.h'
    only_in '\b(sprintf|strcat|gets|strtok|lgamma) *\(' '-' 'use the bounded or reentrant form of this function'
}

# ---- objects: no state of its own in the engine and the views ----

source_of() {
    local path=${1#"$objects"/}
    echo "${path%.o}.c"
}

# Objects whose source still exists: a folder of objects may be older than the tree.
live_objects() { # folder
    local object
    find "$objects/$1" -name '*.o' 2>/dev/null | sort | while read -r object; do
        [ -e "$(source_of "$object")" ] && echo "$object"
    done
}

# Exceptions: the terminal's restore function, as a dying thread has no context to find it through, and the
# trace's descriptor, as what may be called from anywhere has none either.
stateful='engine/base/status.o terminal_restore|engine/base/trace.o trace_file'

check_state() {
    { live_objects engine && live_objects views; } | while read -r object; do
        objdump -t "$object" | awk -v object="${object#"$objects"/}" -v allowed="$stateful" '
            / (\.t?data|\.t?bss|\*COM\*)(\.[^ \t]*)?\t/ && !/\.data\.rel\.ro/ && $0 !~ / d  / {
                if (!index("|" allowed "|", "|" object " " $NF "|"))
                    print object ": writable global " $NF
            }'
    done
}

# Views draw; they ask the engine for nothing but its constant tables.
check_views() {
    local mine
    mine=$(live_objects engine | xargs -r nm -g --defined-only 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
    live_objects views | while read -r object; do
        nm -u "$object" | awk '{ print $2 }' | sort -u | comm -12 - <(echo "$mine") |
            grep -vxE 'engine_params?|engine_param_check|run_params|run_trades|run_param_(row|find|check)|engine_presets|engine_preset_param|engine_class_name|engine_more_is_better|fail|must_fail|need|number_[a-z_]+|seeds_[a-z]+|student_[a-z]+' |
            sed "s|^|$(source_of "$object"): views may not call |"
    done
}

# ---- sizes and comments ----

check_files() {
    wc -l "${sources[@]}" "${tests[@]}" | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 " lines; at most 500" }'
}

check_folders() {
    printf '%s\n' "${sources[@]}" | awk '
        /\.c$/ { sub(/\/[^\/]*$/, ""); n[$0]++ }
        END { for (folder in n) if (n[folder] > 25) print folder ": " n[folder] " .c files; at most 25" }'
}

# Lines of "file start end name parameters".
functions() {
    ctags --language-force=C --kinds-C=f --fields=+neS --excmd=number -f - "$@" 2>/dev/null |
        awk -F'\t' '/^!/ { next } {
            start = end = 0
            list = ""
            for (i = 4; i <= NF; i++) {
                if ($i ~ /^line:/) start = substr($i, 6)
                if ($i ~ /^end:/) end = substr($i, 5)
                if ($i ~ /^signature:/) list = substr($i, 12, length($i) - 12)
            }
            while (gsub(/\([^()]*\)/, "", list)); # pointers to functions
            if (end) print $2, start, end, $1, list == "" || list == "void" ? 0 : gsub(/,/, "", list) + 1
        }'
}

# A function may be long when the comment just above it says "long:" and why.
check_functions() {
    functions "${sources[@]}" "${tests[@]}" | while read -r file start end name _; do
        local lines=$((end - start + 1)) above=$((start > 6 ? start - 6 : 1))
        [ $lines -le 80 ] && continue
        sed -n "${above},${start}p" "$file" | grep -q 'long:' ||
            echo "$file:$start: $name has $lines lines; at most 80, or say why in a comment above: \"long: ...\""
    done
}

# What the tree's functions are like on the whole. Kernels take shapes beside their arguments; elsewhere many
# parameters are a struct that nobody named.
check_figures() {
    functions "${sources[@]}" | awk '
        $1 !~ /^engine\/tensor\// { n++; wide += $5 >= 6 }
        END {
            if (n && 100 * wide / n > 5)
                printf "%.1f %% of the functions outside engine/tensor have six or more parameters; at most 5 %%\n",
                       100 * wide / n
        }'
    functions "${sources[@]}" | awk '{ print $3 - $2 + 1 }' | sort -n | awk '
        { line[NR] = $1; over += $1 > 40 }
        END {
            if (line[int((NR + 1) / 2)] > 10) print "half of the functions have over 10 lines"
            if (line[int(.9 * NR)] > 21) print "over a tenth of the functions have over 21 lines"
            if (over > .002 * NR) print over " functions have over 40 lines; at most .2 %"
        }'
}

report_sizes() {
    functions "${sources[@]}" | awk '{ print $3 - $2 + 1 }' | sort -n | awk '
        { line[NR] = $1; over += $1 > 40 }
        END {
            if (NR) printf "lint: %d functions, median %d lines, 90 %% within %d, %.1f %% over 40, longest %d\n",
                           NR, line[int((NR + 1) / 2)], line[int(.9 * NR)], 100 * over / NR, line[NR]
        }'
}

# Every function of a header stands in a block of lines with a comment: one comment may serve a few neighbours.
check_comments() {
    local headers=() prototype
    mapfile -t headers < <(printf '%s\n' "${sources[@]}" | grep '\.h$')
    prototype=$(ctags --language-force=C --kinds-C=p --fields=+n --excmd=number -f - "${headers[@]}" 2>/dev/null |
        awk -F'\t' '!/^!/ { sub(/;"$/, "", $3); print $2 ":" $3 ":" $1 }')
    awk -v list="$prototype" '
        BEGIN {
            n = split(list, row, "\n")
            for (i = 1; i <= n; i++) { split(row[i], part, ":"); name[part[1], part[2]] = part[3] }
        }
        function finish() {
            if (pending != "" && !comment) printf "%s", pending
            pending = ""; comment = 0
        }
        FNR == 1 { finish() }
        /^[ \t]*$/ { finish(); next }
        /\/\*|\/\// { comment = 1 }
        (FILENAME, FNR) in name {
            pending = pending FILENAME ":" FNR ": " name[FILENAME, FNR] " has no comment\n"
        }
        END { finish() }' "${headers[@]}"
}

# Two headers with one guard: whoever includes both has one of them.
check_guards() {
    grep -hE '^#ifndef DDIL_[A-Z0-9_]+_H$' $(find app views engine tests -name '*.h') | sort | uniq -d |
        sed 's/^#ifndef \(.*\)/\1 guards two headers/'
}

check_dialect() { bash tests/dialect.sh check; }

# A newcomer reads it to the end.
check_readme() {
    awk 'length($0) > 120 { print "README.md:" FNR ": over 120 columns" }
         END { if (NR > 150) print "README.md: " NR " lines; at most 150" }' README.md
}

check_citations() { bash tests/citations.sh; }

for check in check_dialect check_guards check_walls check_circles check_places check_state check_views check_files check_folders check_functions check_figures check_comments check_citations check_readme; do
    complain_each < <($check)
done
report_sizes
[ $bad = 0 ] && echo "lint: clean"
[ $bad = 0 ]
