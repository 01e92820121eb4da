#!/bin/bash
# One run in several processes (TAP): the logs and checkpoints of one process, whatever the number of ranks; a rank that
# is lost, a job that is told to end, and a launcher that finds a program without MPI. Skipped where there is no MPI.
. "$(dirname "$0")/tap.sh"

skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
case $DDIL in *san-*) skip "the libraries of MPI are no subject of sanitizers" ;; esac
command -v mpirun >/dev/null || skip "no mpirun (Debian: openmpi-bin)"
pkg-config --exists mpi-c || pkg-config --exists ompi-c || pkg-config --exists mpich || skip "no MPI to build with (Debian: libopenmpi-dev)"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
unset DDIL_RUNS
mpirun=(mpirun)
mpirun --version 2>&1 | grep -q "Open MPI" && mpirun=(mpirun --oversubscribe --bind-to none)
plain=$DDIL DDIL=$work/ddil

make -s MPI=1 PROGRAM="$DDIL" >"$out" 2>"$err"
result $? "make MPI=1 builds it"
[ -x "$DDIL" ] || finish
"$DDIL" doctor >"$out" 2>"$err"
grep -qE '^ok +mpi +(Open MPI|MPICH)' "$out"
result $? "doctor names the library"

cp assets/fashion-teacher.safetensors "$work"
cd "$work" || exit 1 # without the features of pictures, which cost most of a short run
ranks() { # number arguments...
    local n=$1
    shift
    "${mpirun[@]}" -n "$n" "$DDIL" "$@" --threads 1 >"$out" 2>"$err" </dev/null
}

same() { # folder folder [name]: logs and checkpoints of a run
    local one=("$1"/0*"${3-}") two=("$2"/0*"${3-}") file name
    for file in "${one[0]}"/{metrics,shift,eval,threshold}.csv "${one[0]}"/ckpt-*.safetensors; do
        name=${file##*/}
        cmp "$file" "${two[0]}/$name" >>"$out" 2>&1 || return 1
    done
}

short=(-s run.steps=8 -s run.eval_every=4 -s run.checkpoint_every=4 -s run.log_every=1 -s shift.every=4 -s source.warmup=0
    -s source.capacity=48 -s source.teacher_capacity=48)
points=("${short[@]}" -s run.batch=384 -s student.pretrain_steps=2 -s run.eval_samples=300 -s shift.samples=150)
pictures=("${short[@]}" -s run.steps=4 -s run.batch=48 -s run.eval_samples=32 -s shift.samples=16 -s teacher.file=fashion-teacher.safetensors)

# One start for all three: mpirun takes longer than they do.
methods=("$root"/presets/ring-{pd,lcm,dmd2}-ddil.ini)
"$DDIL" run "${methods[@]}" "${points[@]}" --runs ring.1 --quiet >"$out" 2>"$err"
for n in 2 3; do
    ranks $n run "${methods[@]}" "${points[@]}" --runs ring.$n --quiet
    for method in pd lcm dmd2; do
        same ring.1 ring.$n "ring-$method-ddil"
        result $? "$method on the ring: $n ranks leave the bytes of one process"
    done
done
"$DDIL" run "$root/presets/fashion-lcm-ddil.ini" "${pictures[@]}" --runs pictures.1 --quiet >"$out" 2>"$err"
ranks 2 run "$root/presets/fashion-lcm-ddil.ini" "${pictures[@]}" --runs pictures.2 --quiet && same pictures.1 pictures.2
result $? "lcm on pictures: 2 ranks leave the bytes of one process"

ranks 3 run "$root/presets/ring-pd-ddil.ini" "${points[@]}" -s run.reduce=fast --runs fast --quiet &&
    paste -d, ring.1/0001*/metrics.csv fast/0001*/metrics.csv | awk -F, 'NR == 1 { half = NF / 2; next }
        { d = $2 - $(2 + half); if (d < 0) d = -d; if (!(d <= 1e-5 * $2)) bad = 1 } END { exit bad || NR != 9 }'
result $? "reduce = fast: losses differ by no more than a part in 100,000 after 8 steps"

# What a launcher pins together, and how to part it: two threads of a rank on one core.
if [ "${#mpirun[@]}" -gt 1 ] && [ "$(mpirun --oversubscribe --bind-to core -n 2 nproc 2>/dev/null </dev/null | sort -u)" = 1 ]; then
    mpirun --oversubscribe --bind-to core -n 2 "$DDIL" run "$root/presets/ring-pd-ddil.ini" "${points[@]}" -s run.steps=1 --threads 2 --runs pinned >"$out" 2>"$err" </dev/null
    [ "$(grep -c 'warning: 2 threads on 1 core: mpirun pinned them there; mpirun --bind-to none' "$err")" = 1 ]
    result $? "two threads pinned to one core: it says so, once, and what mends it"
fi

# ---- a lost rank, and going on with another number ----

long=(run "$root/presets/ring-pd-ddil.ini" "${points[@]}" -s run.steps=200 -s run.checkpoint_every=10 -s run.eval_every=0 -s shift.every=40)
"$DDIL" "${long[@]}" --runs whole --quiet >"$out" 2>"$err"

process_of() { # rank folder
    local file
    for file in /proc/[0-9]*/environ; do
        cat "$file" 2>/dev/null | tr '\0' '\n' | grep -qxE "(OMPI_COMM_WORLD_RANK|PMI_RANK)=$1" &&
            tr '\0' ' ' <"${file%environ}cmdline" | grep -qE "^$DDIL .*--runs $2( |$)" && echo "${file//[^0-9]/}" && return
    done
}
until_there() { # file
    for ((i = 0; i < 3000; i++)); do
        [ -e "$1" ] && return
        sleep 0.02
    done
    return 1
}

"${mpirun[@]}" -n 2 "$DDIL" "${long[@]}" --threads 1 --runs lost --quiet >"$out" 2>"$err" </dev/null &
job=$!
until_there "lost/0001-ring-pd-ddil/ckpt-00000000.safetensors"
victim=$(process_of 1 lost)
until_there "lost/0001-ring-pd-ddil/ckpt-00000020.safetensors"
began=$SECONDS
kill -9 $victim
wait $job
[ $? = 1 ] && [ $((SECONDS - began)) -le 10 ] && grep -qE '^ddil: rank 1 \(process [0-9]+\) was ended by signal 9' "$err"
result $? "a rank that is killed ends the job within 10 seconds, code 1"
grep -qE '^ddil: rank 1 \(.*\) is gone; .* ddil resume lost/0001-ring-pd-ddil' "$err"
result $? "rank 0 says which, and how to go on"
ranks 3 resume 1 --runs lost --quiet && cmp "$out" <(echo lost/0001-ring-pd-ddil) && same whole lost
result $? "3 ranks go on to what one process makes"

# ---- told to end ----

"${mpirun[@]}" -n 2 "$DDIL" "${long[@]}" --threads 1 --runs told --quiet >"$out" 2>"$err" </dev/null &
job=$!
until_there "told/0001-ring-pd-ddil/ckpt-00000000.safetensors"
victim=$(process_of 0 told)
until_there "told/0001-ring-pd-ddil/ckpt-00000010.safetensors"
kill -TERM $victim
wait $job
status=$?
[ $status = 3 ] && grep -q 'saved at step' "$err"
result $? "SIGTERM: saved, code 3"
"$DDIL" resume 1 --runs told --quiet >"$out" 2>"$err" && same whole told
result $? "one process goes on from there"

# ---- mpirun in a wrapping: exit codes are this program's own ----

"$DDIL" "${long[@]}" --threads 1 --runs killed --quiet --ranks 2 >"$out" 2>"$err" </dev/null &
job=$!
until_there "killed/0001-ring-pd-ddil/ckpt-00000000.safetensors"
victim=$(process_of 0 killed)
until_there "killed/0001-ring-pd-ddil/ckpt-00000010.safetensors"
began=$SECONDS
kill -9 $victim
wait $job
status=$?
[ $status = 1 ] && [ $((SECONDS - began)) -le 10 ] && grep -q 'ddil: rank 0 .* was ended by signal 9' "$err" &&
    grep -qE '^ddil: rank 0 \(.*\) is gone; .* ddil resume killed/0001-ring-pd-ddil' "$err"
result $? "--ranks 2: the first rank that is killed is code 1 within 10 seconds, and the other says how to go on"
"$DDIL" "${long[@]}" --threads 1 --runs asked --quiet --ranks 2 >"$out" 2>"$err" </dev/null &
job=$!
until_there "asked/0001-ring-pd-ddil/ckpt-00000010.safetensors"
kill -TERM $job
wait $job
status=$?
[ $status = 3 ] && grep -q 'saved at step' "$err" && ! grep -q 'was lost' "$err"
result $? "SIGTERM to the wrapping: saved, code 3"
"$DDIL" resume 1 --threads 1 --runs asked --quiet --ranks 3 >"$out" 2>"$err" && same whole asked
result $? "resume --ranks 3 goes on to what one process makes"
SLURM_STEP_NUM_TASKS= "$plain" run "$root/presets/ring-pd-ddil.ini" --ranks 2 --runs twice >"$out" 2>"$err"
[ $? = 2 ] && grep -q 'built without MPI' "$err" && [ ! -e twice ]
result $? "--ranks of a program without MPI"

# ---- what does not fit ----

"${mpirun[@]}" -n 2 "$plain" run "$root/presets/ring-pd-ddil.ini" "${points[@]}" --runs twice >"$out" 2>"$err" </dev/null
[ $? = 2 ] && grep -q 'built without MPI' "$err" && [ ! -e twice ]
result $? "a program without MPI is refused where it would train the same run twice"
SLURM_STEP_NUM_TASKS=2 "$plain" run "$root/presets/ring-pd-ddil.ini" "${points[@]}" --runs twice >"$out" 2>"$err" </dev/null
[ $? = 2 ] && grep -q 'srun started 2' "$err" && [ ! -e twice ]
result $? "so it is by srun"
SLURM_STEP_NUM_TASKS=2 "$DDIL" table priors --runs twice >"$out" 2>"$err"
[ $? = 2 ] && grep -q 'table is no work for 2 ranks' "$err"
result $? "a study is no work for several ranks"
ranks 2 run "$root/presets/ring-pd-ddil.ini" -s run.stepz=3 --runs wrong
[ $? = 2 ] && [ "$(grep -c 'stepz' "$err")" = 1 ] && [ ! -e wrong ]
result $? "bad input is said once"
finish
