#!/bin/bash
# More of MPI than every test run has time for (TAP): pictures with 2 and 3 ranks, memory, ranks killed at random, MPICH's
# library, two hosts as two network namespaces are. make test-mpi; minutes.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/until.sh"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
DDIL=$work/ddil
unset DDIL_RUNS

skipped() {
    number=$((number + 1))
    echo "ok $number # SKIP $1"
}
same() { # folder folder name
    local one=("$1"/0*"$3") two=("$2"/0*"$3") file
    for file in "${one[0]}"/{metrics,shift,eval}.csv "${one[0]}"/ckpt-*.safetensors; do
        cmp "$file" "${two[0]}/${file##*/}" >>"$out" 2>&1 || return 1
    done
}
short=(-s run.steps=3 -s run.eval_every=0 -s run.log_every=1 -s shift.every=3 -s source.warmup=0 -s source.capacity=16 -s source.teacher_capacity=16
    -s run.batch=48 -s run.eval_samples=32 -s shift.samples=16 -s student.pretrain_steps=0)
rings=("$root"/presets/ring-{pd,lcm,dmd2}-ddil.ini)
pictures=("$root"/presets/fashion-{pd,lcm,dmd2}-ddil.ini)
compare() { # runs what
    local method
    for method in pd lcm dmd2; do
        same one "$1" "fashion-$method-ddil"
        result $? "$method on Fashion-MNIST: $2"
        same one "$1" "ring-$method-ddil"
        result $? "$method on the ring: $2"
    done
}
build() { # MPI_PKG...
    make -s MPI=1 PROGRAM="$DDIL" "$@" >"$out" 2>"$err"
}

command -v mpirun >/dev/null || { echo "1..0 # SKIP no mpirun (Debian: openmpi-bin)"; exit 0; }
build
result $? "make MPI=1 builds it"
cd "$work" || exit 1
"$DDIL" run "${rings[@]}" "${pictures[@]}" "${short[@]}" -s teacher.file="$root/assets/fashion-teacher.safetensors" --runs one --quiet >"$out" 2>"$err" ||
    "$DDIL" run "${rings[@]}" "${short[@]}" --runs one --quiet >"$out" 2>"$err"
for n in 2 3; do
    mpirun --oversubscribe --bind-to none -n $n "$DDIL" run "${rings[@]}" "${pictures[@]}" "${short[@]}" -s teacher.file="$root/assets/fashion-teacher.safetensors" \
        --threads 1 --runs "ranks.$n" --quiet >"$out" 2>"$err" </dev/null
    compare "ranks.$n" "$n ranks leave the bytes of one process"
done

# ---- memory ----

cat >peak.py <<'PY'
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
with open(sys.argv[1] + os.environ.get('OMPI_COMM_WORLD_RANK', ''), 'w') as file:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=file)
sys.exit(code)
PY
teacher=(run "$root/presets/fashion-teacher.ini" -s run.steps=2 -s run.batch=128 -s run.eval_samples=64 --threads 1 --quiet)
python3 peak.py alone "$DDIL" "${teacher[@]}" --runs alone.runs >"$out" 2>"$err" </dev/null &&
    mpirun --oversubscribe --bind-to none -n 2 python3 peak.py rank "$DDIL" "${teacher[@]}" --runs rank.runs >"$out" 2>"$err" </dev/null &&
    echo "# KiB at most: $(cat alone), $(cat rank0), $(cat rank1)" &&
    awk '{ kib[NR] = $1 } END { exit !(NR == 3 && kib[2] <= .6 * kib[1] && kib[3] <= .6 * kib[1]) }' alone rank0 rank1
result $? "two ranks: neither holds over .6 of what one process does"

# ---- killed at random ----

many=(-s run.steps=120 -s run.eval_every=40 -s run.checkpoint_every=20 -s run.log_every=1 -s shift.every=40 -s run.batch=384 -s student.pretrain_steps=2
    -s source.capacity=48 -s source.teacher_capacity=48 -s run.eval_samples=300 -s shift.samples=150 -s source.warmup=0)
"$DDIL" run "$root/presets/ring-dmd2-ddil.ini" "${many[@]}" --runs whole --quiet >"$out" 2>"$err"
is_past() { [ "$(cat "$1"/0*/metrics.csv 2>/dev/null | wc -l)" -gt "$2" ] || ! kill -0 "$job" 2>/dev/null; }
# Kills one of two ranks, whichever, at any step; then any number goes on. Which ones: RANDOM=... names a draw.
killed() { # runs launcher...
    local runs=$1 step=$((RANDOM % 110)) victim=$((1 + RANDOM % 2)) n=$((1 + RANDOM % 3)) began code
    shift
    rm -rf "$runs"
    "$@" -n 2 "$DDIL" run "$root/presets/ring-dmd2-ddil.ini" "${many[@]}" --threads 1 --runs "$runs" --quiet >"$out" 2>"$err" </dev/null &
    job=$!
    until_true 60 is_past "$runs" "$step"
    began=$SECONDS
    if ! kill -9 "$(pgrep -f "^$DDIL run .*--runs $runs " | sed -n ${victim}p)" 2>/dev/null; then # over before: drawn again
        wait "$job" && killed "$runs" "$@"
        return
    fi
    wait "$job"
    code=$?
    echo "# past step $step, process $victim of 2: code $code after $((SECONDS - began)) s; goes on with $n" >>counts
    [ $code = 1 ] && [ $((SECONDS - began)) -le 10 ] && grep -q '^ddil: rank [01] .* was ended by signal 9' "$err" &&
        "$@" -n $n "$DDIL" resume 1 --runs "$runs" --threads 1 --quiet >"$out" 2>"$err" </dev/null && same whole "$runs" ring-dmd2-ddil
}
all_killed() { # times runs launcher...
    local i times=$1
    shift
    : >counts
    for ((i = 0; i < times; i++)); do killed "$@" || break; done
    cat counts
    [ $i = "$times" ]
}
all_killed "${KILLS:-20}" killed mpirun --oversubscribe --bind-to none
result $? "${KILLS:-20} ranks killed at random: code 1 within 10 s each time, and it goes on to the bytes of one process"

# ---- two hosts ----

hosts() { # on two namespaces joined by a wire; ssh is a step into the other one
    ip netns add ddil-a && ip netns add ddil-b && ip link add ddil-wa netns ddil-a type veth peer name ddil-wb netns ddil-b || return
    ip -n ddil-a addr add 10.77.0.1/24 dev ddil-wa && ip -n ddil-b addr add 10.77.0.2/24 dev ddil-wb || return
    for space in a b; do ip -n ddil-$space link set ddil-w$space up && ip -n ddil-$space link set lo up; done
    printf '#!/bin/sh\n# ssh HOST COMMAND...\nwhile [ "${1#-}" != "$1" ]; do shift; done\nshift\nexec ip netns exec ddil-b unshare --uts sh -c "hostname ddil-b; $*"\n' >"$work/enter"
    chmod +x "$work/enter"
}
away() {
    ip netns delete ddil-a 2>/dev/null
    ip netns delete ddil-b 2>/dev/null
    rm -rf "$work"
}
trap away EXIT
if [ "$(id -u)" = 0 ] && command -v ip >/dev/null && hosts 2>"$err"; then
    ip netns exec ddil-a unshare --uts sh -c "hostname ddil-a; exec mpirun --mca plm_rsh_agent '$work/enter' --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 \
        --mca oob_tcp_if_include 10.77.0.0/24 --bind-to none -H 10.77.0.1:1,10.77.0.2:1 -n 2 '$DDIL' run ${rings[*]} ${pictures[*]} ${short[*]} \
        -s teacher.file=$root/assets/fashion-teacher.safetensors --threads 1 --runs hosts --quiet" >"$out" 2>"$err" </dev/null
    compare hosts "two hosts leave the bytes of one process"
else
    skipped "two hosts: needs root and ip netns ($(head -1 "$err"))"
fi

# ---- the other library ----

if command -v mpirun.mpich >/dev/null && pkg-config --exists mpich; then
    (cd "$root" && build MPI_PKG=mpich) && "$DDIL" doctor 2>&1 | grep -qE '^ok +mpi +MPICH'
    result $? "make MPI=1 MPI_PKG=mpich builds it, and doctor names it"
    mpirun.mpich -n 3 "$DDIL" run "${rings[@]}" "${pictures[@]}" "${short[@]}" -s teacher.file="$root/assets/fashion-teacher.safetensors" --threads 1 --runs mpich --quiet >"$out" 2>"$err" </dev/null
    compare mpich "3 ranks of MPICH leave the bytes of one process"
    all_killed 4 killed.mpich mpirun.mpich
    result $? "4 ranks of MPICH killed at random: code 1 within 10 s each time, and it goes on to the bytes of one process"
else
    skipped "no MPICH (Debian: mpich libmpich-dev)"
fi
finish
