# What the tests under tmux share: a server and a work folder of their own, TAP, keys and waiting. Sourced.
# DDIL names the program; TMPDIR must be ours.
. "$(dirname "${BASH_SOURCE[0]}")/until.sh"
ddil=${DDIL:-$PWD/ddil}
work=$(mktemp -d "${TMPDIR:-/tmp}/terminal.XXXXXX")
socket=ddil-test-$$
sessions=0
failed=0
n=0
export LC_ALL=C.UTF-8
unset NO_COLOR TMUX

finish() {
    tmux -L "$socket" kill-server 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT

ok() { # status name
    n=$((n + 1))
    if [ "$1" = 0 ]; then
        echo "ok $n - $2"
    else
        echo "not ok $n - $2"
        screen | sed 's/^/# /'
        failed=$((failed + 1))
        if [ $failed = 4 ]; then # waiting for each of the rest would take for ever
            echo "1..$n"
            exit 1
        fi
    fi
}

tm() {
    tmux -L "$socket" "$@"
}

screen() {
    tm capture-pane -p 2>/dev/null
}

keys() {
    tm send-keys "$@"
}

# Waits until the screen matches, at most so many seconds.
wait_for() { # pattern seconds
    local until=$((SECONDS + ${PATIENCE:-3} * ${2:-20})) # a busy machine is no failure
    while ! screen | grep -qP -- "$1"; do
        [ $SECONDS -ge $until ] && return 1
        sleep 0.1
    done
}

wait_gone() { # pattern seconds
    local until=$((SECONDS + ${PATIENCE:-3} * ${2:-20})) # a busy machine is no failure
    while screen | grep -qP -- "$1"; do
        [ $SECONDS -ge $until ] && return 1
        sleep 0.1
    done
}

# A shell in a terminal of that size; the program is typed into it, so that job control is real.
open_shell() { # WxH
    tm kill-server 2>/dev/null
    socket=ddil-test-$$-$((++sessions)) # the old server may still be dying
    tm -f /dev/null new-session -d -x "${1%x*}" -y "${1#*x}" "env PS1='ready> ' TERM=${term:-screen-256color} ${extra:-} bash --norc --noprofile"
    wait_for 'ready>' 10
}
