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

# Starts the program on a runs folder, kills it with -9 once more checkpoints than that stand there, and waits for the
# children it had: they save and go.
killed_after() { # checkpoints folder arguments...
    local checkpoints=$1 folder=$2 victim
    shift 2
    "$DDIL" "$@" --runs "$folder" >"$out" 2>"$err" </dev/null &
    victim=$!
    for _ in $(seq 200); do
        [ "$(find "$folder" -name 'ckpt-*' 2>/dev/null | wc -l)" -gt "$checkpoints" ] && break
        kill -0 $victim 2>/dev/null || break
        sleep 0.05
    done
    kill -9 $victim 2>/dev/null
    wait $victim 2>/dev/null
    for _ in $(seq 200); do
        pgrep -f -- "--runs $folder" >/dev/null || break
        sleep 0.05
    done
}

finish() {
    echo "1..$number"
    exit $((bad > 0))
}
