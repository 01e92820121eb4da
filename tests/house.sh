#!/bin/bash
# The house as a graph. X.c and X.h are one room; a header alone is a room of its own. A room leads to another when it
# includes its header or calls what it defines.
#   house.sh edges [OBJECTS]   lines "from to tie" between rooms: by include, with OBJECTS (a folder) by call too
#   house.sh draw              writes assets/doc/house.svg (folders) and assets/doc/house-files.svg (rooms within them)
#   house.sh check             says when the drawings are not those of this tree
set -u
export LC_ALL=C
doc=assets/doc

sources() { find app views engine -name '*.[ch]' | sort; }

by_include() {
    sources | xargs grep -nH '^ *# *include "' |
        sed -E 's/^([^:]+)\.[ch]:[0-9]+: *# *include "([^"]*)\.h".*/\1 \2 include/' | awk '$1 != $2'
}

# Objects whose source still exists: a folder of objects may be older than the tree.
live_objects() {
    (cd "$1" && find app views engine -name '*.o') | sort | while read -r object; do
        [ -e "${object%.o}.c" ] && echo "$object"
    done
}

by_call() { # folder of objects
    local list
    list=$(live_objects "$1")
    # shellcheck disable=SC2086 # a list of words
    (cd "$1" && nm -A -g $list) | awk '
        { room = $1; sub(/:.*/, "", room); sub(/\.o$/, "", room) }
        $(NF - 1) == "U" { wants[room " " $NF] }
        $(NF - 1) ~ /^[TDRBCVW]$/ { home[$NF] = room }
        END {
            for (want in wants) {
                split(want, part, " ")
                if (part[2] in home && home[part[2]] != part[1])
                    print part[1], home[part[2]], part[2]
            }
        }' | sort
}

edges() {
    by_include | sort -u
    [ $# = 0 ] || by_call "$1"
}

# "from to" between folders.
folders() { awk '{ sub(/\/[^\/]*$/, "", $1); sub(/\/[^\/]*$/, "", $2); if ($1 != $2) print $1, $2 }' | sort -u; }

# "from to" between rooms of one folder.
within() {
    awk '{
        a = $1; b = $2
        sub(/\/[^\/]*$/, "", a); sub(/\/[^\/]*$/, "", b)
        if (a == b) print $1, $2
    }' | sort -u
}

# What is drawn, as one number.
sum_of() { by_include | "$1" | cksum | cut -d' ' -f1; }

style='bgcolor=white; node [shape=box, style=filled, fillcolor="#eef3f8", color="#556677", fontname="sans-serif",
fontsize=11, height=0.25, margin="0.08,0.02"]; edge [color="#778899", arrowsize=0.6];'

dot_of_folders() {
    echo "digraph { rankdir=TB; $style"
    by_include | folders | awk '{ printf "\"%s\" -> \"%s\";\n", $1, $2 }'
    echo '}'
}

dot_of_rooms() {
    echo "digraph { rankdir=LR; ranksep=0.3; nodesep=0.1; $style"
    sources | sed 's/\.[ch]$//' | sort -u | awk '
        {
            folder = $1; sub(/\/[^\/]*$/, "", folder)
            name = $1; sub(/.*\//, "", name)
            if (!(folder in row)) order[++n] = folder
            row[folder] = row[folder] sprintf("\"%s\" [label=\"%s\"];\n", $1, name)
        }
        END {
            for (i = n; i; i--)
                printf "subgraph \"cluster_%s\" { label=\"%s\"; color=\"#ccccdd\"; fontname=\"sans-serif\";\n%s}\n",
                       order[i], order[i], row[order[i]]
        }' 
    by_include | within | awk '{ printf "\"%s\" -> \"%s\";\n", $1, $2 }'
    echo '}'
}

# A drawing that says what it was made from.
draw_one() { # name, which edges
    dot -Tsvg | sed -E '/^<!--.*-->$/d; /^<!--/,/-->/d; /^<title>/d; s/ (id|class)="[^"]*"//g; s/([0-9]\.[0-9])[0-9]+/\1/g' |
        sed "2i <!-- made by make house from includes $(sum_of "$2") -->" >"$doc/$1"
}

draw() {
    command -v dot >/dev/null || { echo "make house: dot is needed (Debian: graphviz)" >&2 && return 1; }
    dot_of_folders | tred | draw_one house.svg folders
    dot_of_rooms | tred 2>/dev/null | draw_one house-files.svg within
}

check() {
    grep -q "from includes $(sum_of folders) " "$doc/house.svg" || echo "$doc/house.svg is not of this tree: make house"
    grep -q "from includes $(sum_of within) " "$doc/house-files.svg" || echo "$doc/house-files.svg is not of this tree: make house"
}

case ${1:-} in
edges | draw | check) "$@" ;;
*) echo "usage: house.sh edges [OBJECTS]|draw|check" >&2 && exit 2 ;;
esac
