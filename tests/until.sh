# Waiting for conditions. Sourced.

# Waits until a command succeeds; at most so many seconds times PATIENCE, for machines that are busy and programs under
# sanitizers (run.sh).
until_true() { # seconds command...
    local until=$((SECONDS + ${PATIENCE:-3} * $1))
    shift
    while ! "$@"; do
        [ $SECONDS -ge $until ] && return 1
        sleep 0.05
    done
}

# Does a run of the folder $runs stand like that?
state_is() { # run, word
    "${DDIL:-$ddil}" ls --runs "$runs" | grep -qE "^0*$1-[^ ]+ +$2 "
}
