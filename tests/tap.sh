# The harness of shell tests (TAP): source it. Sets $DDIL, $work (removed at the end), $out, $err.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
DDIL=${DDIL:-$root/ddil}
work=$(mktemp -d "${TMPDIR:-/tmp}/ddil-tap.XXXXXX")
trap 'rm -rf "$work"' EXIT
export DDIL_RUNS=$work/runs
out=$work/out err=$work/err
number=0 bad=0

result() { # good? (yes, or the status 0) what
    number=$((number + 1))
    if [ "$1" = yes ] || [ "$1" = 0 ]; then
        echo "ok $number - $2"
        return
    fi
    echo "not ok $number - $2"
    bad=$((bad + 1))
    sed 's/^/#   out: /' "$out" | head -n 12
    sed 's/^/#   err: /' "$err" | head -n 12
}

# Does the program end with this code and say this (extended regular expression, either stream)?
says() { # what code regex arguments... (an empty regex: anything)
    local what=$1 code=$2 regex=$3 status
    shift 3
    "$DDIL" "$@" >"$out" 2>"$err" </dev/null
    status=$?
    if [ $status = "$code" ] && { [ -z "$regex" ] || cat "$out" "$err" | grep -qE -- "$regex"; }; then
        result yes "$what"
    else
        echo "# ddil $* ended with $status, not $code, or did not say: $regex"
        result no "$what"
    fi
}

finish() {
    echo "1..$number"
    exit $((bad > 0))
}
