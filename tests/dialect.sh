#!/bin/bash
# The dialect of the C in this tree, as .clang-format has it, and what a formatter does not see.
#   dialect.sh check   one line for each place that differs; status 1 when there is any
#   dialect.sh write   formats the tree
# Versions of clang-format differ in what they write: 14 (Debian 12's) is the one that counts.
set -u
export LC_ALL=C.UTF-8
formatter=$(command -v clang-format-14 || command -v clang-format)
mapfile -t files < <(find app views engine tests -name '*.[ch]' | sort)

version_14() {
    [ -n "$formatter" ] && "$formatter" --version | grep -q 'version 14\.'
}

check_format() {
    version_14 || { echo "dialect: no clang-format 14 here, the format is not checked" >&2 && return; }
    "$formatter" --dry-run "${files[@]}" 2>&1 | sed -nE 's/^([^:]+:[0-9]+):.*clang-format-violations.*/\1: not as make format writes it/p' |
        sort -t: -k1,1 -u
}

# Lines over 100 columns outside tables of data.
check_columns() {
    awk 'FNR == 1 { off = 0 }
         /clang-format off/ { off = 1 }
         /clang-format on/ { off = 0 }
         !off { print FILENAME ":" FNR "\t" $0 }' "${files[@]}" | grep -P '\t.{101,}' | cut -f1 |
        sed 's/$/: over 100 columns/'
}

# A pointer is a truth value: "if (p)", "if (!p)".
check_null() {
    grep -nE '[!=]= NULL\b' "${files[@]}" | grep -vE '^[^:]+:[0-9]+: *(/?\*|//)|/\*.*[!=]= NULL' | cut -d: -f1,2 |
        sed 's/$/: compares with NULL: write p or !p/'
}

# At most one ?: in a statement: more of them are a helper, a table or an if.
check_choices() {
    perl -0777 -ne '
        s{/\*.*?\*/}{$& =~ s/[^\n]//gr}gse;
        s{"(?:\\.|[^"\\\n])*"|\x27(?:\\.|[^\x27\\\n])*\x27}{""}g;
        my $line = 1;
        for my $part (split /([;{}]|\bcase\b)/) {
            my $lead = ($part =~ /^(\s*)/)[0] =~ tr/\n//;
            print "$ARGV:", $line + $lead, ": more than one ?: in a statement\n" if ($part =~ tr/?//) > 1;
            $line += $part =~ tr/\n//;
        }' $(printf '%s\n' "${files[@]}" | grep '^views/')
}

case ${1:-} in
check) complaints=$(check_format && check_columns && check_null && check_choices) ;;
write)
    version_14 || { echo "make format: clang-format 14 is needed (Debian: clang-format-14)" >&2 && exit 1; }
    exec "$formatter" -i "${files[@]}"
    ;;
*) echo "usage: dialect.sh check|write" >&2 && exit 2 ;;
esac
[ -z "$complaints" ] || echo "$complaints"
[ -z "$complaints" ]
