#!/bin/bash
# Does every citation of a document of this project lead somewhere? One line for each that does not.
#   "methods.md 6.4", "methods.md 3.2, 3.3": that file of assets/doc has sections of these numbers
#   "cli.md, "What shift means"": it has a heading of these words
#   any other NAME.md outside Markdown: assets/doc/NAME.md is there
#   [text](FILE#heading) in Markdown: the file is there, and has the heading
#   `folder/file.c` in Markdown: the file is there (files of a recipe stand in blocks)
set -u
export LC_ALL=C.UTF-8
doc=assets/doc

# Comments may be broken anywhere: a file is one line here, without the stars that begin its lines.
flat() { sed -E 's#^ *(/?\*|//|\#|;)+ ?# #' "$1" | tr '\n' ' ' | tr -s ' '; }

cited_in_code() {
    find app views engine tests presets assets .ci Makefile -type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name '*.ini' \
        -o -name '*.awk' -o -name Makefile \) ! -name citations.sh ! -name test_docs.sh | sort | while read -r file; do
        grep -q '\.md\b' "$file" || continue
        flat "$file" | grep -oP '(?<![\w/.$*])[a-z][a-z_]*\.md(?![\w])(,? "[^"]+"| (section )?[0-9]+(\.[0-9]+)?( [a-z]\b)?(, [0-9]+(\.[0-9]+)?( [a-z]\b)?)*)?' |
            sed "s|^|$file\t|"
    done
}

check_code() {
    cited_in_code | while IFS=$'\t' read -r file citation; do
        name=${citation%%.md*}.md
        [ -e "$doc/$name" ] || { echo "$file: cites $citation: there is no $doc/$name" && continue; }
        case $citation in
        *\"*)
            words=$(echo "$citation" | sed -E 's/.*"(.*)"/\1/')
            grep -qxE "#+ ([0-9.]+ )?$words" "$doc/$name" || echo "$file: cites $citation: $doc/$name has no such heading"
            ;;
        *)
            for number in $(echo "${citation#*.md}" | grep -oE '[0-9]+(\.[0-9]+)?'); do
                grep -qE "^#+ $number(\.| )" "$doc/$name" || echo "$file: cites $name $number: there is no such section"
            done
            ;;
        esac
    done
}

# A heading as the part behind # in a link.
anchors() {
    grep -E '^#+ ' "$1" | sed -E 's/^#+ //' | tr 'A-Z' 'a-z' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

check_links() {
    find README.md CHANGELOG.md assets findings tests -name '*.md' 2>/dev/null | sort | while read -r file; do
        grep -oE '\]\([^)]+\)' "$file" | sed -E 's/^\]\((.*)\)$/\1/' | grep -vE '^(https?|mailto):' | while read -r link; do
            path=${link%%#*}
            target=$file
            [ -z "$path" ] || target=$(dirname "$file")/$path
            [ -e "$target" ] || { echo "$file: links to $link: there is no such file" && continue; }
            case $link in
            *\#*) anchors "$target" | grep -qxF -- "${link#*#}" || echo "$file: links to $link: no such heading" ;;
            esac
        done
    done
}

# Sources that these papers name with their folder.
check_sources() {
    grep -noE '`[a-z_]+/[a-z_/]+\.(c|h|sh|py|txt|ini)`' "$doc"/*.md "$doc"/results/*.md README.md | tr -d '`' | while IFS=: read -r file line path; do
        [ -e "$path" ] || echo "$file:$line: names $path, which is not there"
    done
}

check_code
check_links
check_sources
