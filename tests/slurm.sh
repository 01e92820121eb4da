#!/bin/bash
# Real Slurm on this machine (TAP): munge, slurmctld and slurmd of its own in a folder of its own, started and stopped here.
# A run that is preempted twice and requeued; a sweep as a job array of twelve, half of it cancelled and submitted again; one that
# is watched and steered from the workbench while it trains; a run of two ranks by srun, and one that loses a rank.
# Minutes of waiting: make test-slurm.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/until.sh"

skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
for tool in slurmctld slurmd sbatch scancel munged mungekey; do
    command -v $tool >/dev/null || skip "no $tool (Debian: slurmctld slurmd slurm-client munge)"
done
[ "$(id -u)" = 0 ] || skip "slurmd and munged of one's own need root"
plugins=$(dirname "$(find /usr/lib -name auth_munge.so -path '*slurm*' 2>/dev/null | head -1)")
[ -e "$plugins/auth_munge.so" ] || skip "Slurm here has no auth/munge"

lab=$work/lab
host=$(hostname -s)
port=$((20000 + RANDOM % 9000))
mkdir -p "$lab/state" "$lab/spool" && chmod 755 "$work" "$lab"
export SLURM_CONF=$lab/slurm.conf
end() {
    tm kill-server 2>/dev/null
    scancel --state=PENDING --user=root 2>/dev/null
    scancel --user=root 2>/dev/null
    for daemon in slurmctld slurmd munged; do
        [ -s "$lab/$daemon.pid" ] && kill "$(cat "$lab/$daemon.pid")" 2>/dev/null
    done
    sleep 1 # what they write last
    rm -rf "$work"
}
trap end EXIT
tm() { tmux -L "ddil-slurm-$$" "$@"; }
trap 'exit 1' TERM INT HUP

# Two processors; a job of the partition urgent sends those of the partition main back into the queue. Without GraceTime: with
# it Slurm signals the job's steps alone at first, and a batch script is no step.
cat >"$SLURM_CONF" <<CONF
ClusterName=lab
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$lab/munge.socket,cred_expire=1
CredType=cred/munge
PluginDir=$plugins
SlurmctldPort=$port
SlurmdPort=$((port + 1))
StateSaveLocation=$lab/state
SlurmdSpoolDir=$lab/spool
SlurmctldPidFile=$lab/slurmctld.pid
SlurmdPidFile=$lab/slurmd.pid
SlurmctldLogFile=$lab/slurmctld.log
SlurmdLogFile=$lab/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,sched_min_interval=1,batch_sched_delay=1,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=30
ReturnToService=2
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES State=UP PriorityTier=1 PreemptMode=REQUEUE
PartitionName=urgent Nodes=ALL State=UP PriorityTier=9 PreemptMode=OFF
CONF
mungekey --create --keyfile="$lab/munge.key" && munged --force --key-file="$lab/munge.key" --socket="$lab/munge.socket" --pid-file="$lab/munged.pid" \
    --log-file="$lab/munged.log" --seed-file="$lab/munge.seed" 2>"$err" || skip "munged does not start: $(head -1 "$err")"
slurmctld -i >"$out" 2>&1 || skip "slurmctld does not start: $(head -1 "$out")"
slurmd >"$out" 2>&1 || skip "slurmd does not start: $(head -1 "$out")"
is_idle() { sinfo -h -o %t 2>/dev/null | grep -qx idle; }
until_true 20 is_idle || skip "no node comes up: $(tail -1 "$lab/slurmd.log")"
echo "# $(sinfo -V)"

tiny=(-s student.pretrain_steps=16 -s run.batch=64 -s run.eval_samples=200 -s shift.samples=40 -s source.capacity=32 -s source.teacher_capacity=32)
same() { # folder folder
    local log
    for log in metrics shift eval; do
        cmp "$1/$log.csv" "$2/$log.csv" || return
    done
}
is_over() { # job...
    ! squeue -h -j "$1" 2>/dev/null | grep -q .
}
is_running() { squeue -h -t R -j "$1" 2>/dev/null | grep -q .; }

# ---- preempted twice ----

long=(run ring-pd-ddil "${tiny[@]}" --threads 2 --steps 4000 -s run.checkpoint_every=250 -s run.eval_every=0 --quiet)
"$DDIL" "${long[@]}" --name whole --runs "$work/whole" >"$out" 2>"$err"
wrap="exec '$DDIL' ${long[*]} --name mine --go-on --runs '$work/mine'"
job=$(sbatch --parsable --requeue -n 2 --open-mode=append -o "$work/job.log" --wrap "$wrap")
saved_past() { # checkpoints
    [ "$(find "$work"/mine/0*/ -name 'ckpt-*' 2>/dev/null | wc -l)" -ge "$1" ]
}
preempted=0
for round in 1 2; do
    until_true 60 saved_past $((3 * round + 1)) || break
    urgent=$(sbatch --parsable -p urgent -n 2 -o /dev/null --wrap 'sleep 1')
    until_true 40 is_over "$urgent" || break
    scontrol update JobId="$job" StartTime=now 2>/dev/null
    until_true 60 is_running "$job" && preempted=$round
done
[ $preempted = 2 ]
result $? "a job is preempted twice, and begins again"
until_true 120 is_over "$job"
result $? "it ends"
grep -c 'state: paused' "$work"/mine/0*/events.csv >"$out" 2>&1
[ "$(cat "$out")" = 2 ] && same "$work"/whole/0001-whole "$work"/mine/0001-mine >>"$out" 2>&1
result $? "it was saved twice, and left the logs of a run that nobody disturbed"
[ "$(ls -d "$work"/mine/0* | wc -l)" = 1 ]
result $? "in one folder"

# ---- a sweep ----

cat >"$work/twelve.ini" <<INI
[sweep]
preset = ring-pd-ddil
metrics = sw2, ratio.1
steps = 400
rungs = 100
keep = 3
[parameters]
optimizer.lr = 2e-4, 6e-4, 2e-3, 6e-3
source.beta_student = 0.1, 0.25, 0.5
run.checkpoint_every = 50
$(printf '%s\n' "${tiny[@]}" | grep -v '^-s' | sed 's/=/ = /')
INI
"$DDIL" sweep "$work/twelve.ini" --runs "$work/local" --threads 2 --quiet >"$out" 2>"$err"
result $? "the sweep, without Slurm"
"$DDIL" sweep "$work/twelve.ini" --runs "$work/jobs" --slurm >"$out" 2>"$err"
result $? "submitted"
first=$(sed -n 's/^job \([0-9]*\): 12 runs.*/\1/p' "$out")
mapfile -t later < <(sed -n 's/^job \([0-9]*\): .*/\1/p' "$out")
some_done() { [ "$(cat "$work"/jobs/0*/figures.csv 2>/dev/null | grep -c ',sw2,')" -ge "$1" ]; }
until_true 60 some_done 2
scancel "${first}_[6-11]" && scancel "${later[@]:1}"
until_true 120 is_over "$first"
result $? "half of the array is cancelled"
"$DDIL" ls --runs "$work/jobs" >"$out" 2>"$err"
[ "$(grep -c twelve- "$out")" -ge 6 ] && ! some_done 12
result $? "meanwhile its runs are listed"
done_before=$(grep -l ',sw2,' "$work"/jobs/0*/figures.csv | xargs -n 1 dirname)
stamps() { for run in $done_before; do stat -c '%n %Y' "$run"/ckpt-00000{000,050,100}.safetensors; done; }
before=$(stamps)
"$DDIL" sweep "$work/twelve.ini" --runs "$work/jobs" --slurm >"$out" 2>"$err"
asked=$(sed -n 's/^submit .* --array=\([0-9,-]*\) --wrap.*--task 0:.*/\1/p' "$out")
result $? "submitted again: only $asked"
mapfile -t later < <(sed -n 's/^job \([0-9]*\): .*/\1/p' "$out")
until_true 200 is_over "${later[-1]}"
result $? "it ends, by itself"
[ "$(stamps)" = "$before" ]
result $? "no run that had come to the rung was touched for it again"
cmp "$work/local/twelve.md" "$work/jobs/twelve.md" >"$out" 2>&1
result $? "its table is the one of a single process"
(cd "$work/local" && for run in 0*; do other=$(ls -d "$work"/jobs/0*-"${run#*-}"); same "$run" "$other" || echo "$run"; done) >"$out" 2>&1
[ ! -s "$out" ]
result $? "and so are the logs of all twelve"

# ---- watched and steered from the workbench meanwhile ----

cat >"$work/two.ini" <<INI
[sweep]
preset = ring-pd-ddil
metrics = sw2
steps = 100000
[parameters]
optimizer.lr = 2e-4, 6e-4
$(printf '%s\n' "${tiny[@]}" | grep -v '^-s' | sed 's/=/ = /')
INI
runs=$work/watched
shows() { tm capture-pane -p 2>/dev/null | grep -qP -- "$1"; }
holds() { grep -q -- "$2" "$runs"/$1 2>/dev/null; }
trains() { # run...: each has come to its steps
    local run
    for run; do [ -s "$runs/$run/metrics.csv" ] && [ "$(wc -l <"$runs/$run/metrics.csv")" -gt 1 ] || return; done
}
"$DDIL" sweep "$work/two.ini" --runs "$runs" --slurm >"$out" 2>"$err"
mapfile -t later < <(sed -n 's/^job \([0-9]*\): .*/\1/p' "$out")
both() { ls "$runs" 2>/dev/null | grep '^0.*-two-'; }
both_train() { [ "$(both | wc -l)" = 2 ] && trains $(both); }
until_true 60 both_train
result $? "a sweep of two trains"
mapfile -t names < <(both | sed 's/^[0-9]*-//')
until_true 20 tm -f /dev/null new-session -d -x 132 -y 42 "env TERM=screen-256color '$DDIL' --runs '$runs'" && until_true 30 shows "01 .*● live" && shows "02 .*● live"
result $? "the workbench shows both live"
tm send-keys ":run ${names[0]}" Enter 1 Space
until_true 30 state_is 1 paused && state_is 2 live
result $? "Space pauses one; the other goes on"
tm send-keys ":set optimizer.lr=1e-4" Enter
until_true 30 holds '0001-*/events.csv' 'optimizer.lr .* -> 0.0001' && until_true 30 shows '01 .*: set'
result $? "a value is set"
tm send-keys Space
until_true 30 state_is 1 live
result $? "Space lets it go on"
tm send-keys q
scancel "${later[@]}"
until_true 60 is_over "${later[-1]}"
until_true 60 state_is 1 paused && until_true 60 state_is 2 paused
result $? "cancelled, both are saved"

# ---- two ranks ----

if command -v mpirun >/dev/null && pkg-config --exists ompi-c && [ -e "$plugins/mpi_pmix.so" ]; then
    make -s MPI=1 PROGRAM="$work/ddil-mpi" >"$out" 2>"$err"
    result $? "make MPI=1 builds it"
    ranks=(run ring-pd-ddil "${tiny[@]}" --steps 40 -s run.checkpoint_every=20 --threads 1 --quiet)
    "$DDIL" "${ranks[@]}" --runs "$work/one" >"$out" 2>"$err" &&
        srun --mpi=pmix -n 2 "$work/ddil-mpi" "${ranks[@]}" --runs "$work/two" >"$out" 2>"$err" </dev/null && same "$work"/one/0* "$work"/two/0*
    result $? "srun --mpi=pmix -n 2 leaves the logs of one process"
    srun --mpi=pmix -n 2 "$work/ddil-mpi" "${ranks[@]}" --steps 100000 --runs "$work/lost" >"$out" 2>"$err" </dev/null &
    job=$!
    until_true 60 test -e "$work/lost/0001-ring-pd-ddil/ckpt-00000040.safetensors"
    kill -9 "$(pgrep -f "^$work/ddil-mpi run .*--runs $work/lost" | tail -1)"
    wait $job
    [ $? = 1 ] && grep -q 'ddil: rank [01] .* was ended by signal 9' "$err"
    result $? "a rank that is killed under srun: code 1"
else
    result yes "srun --mpi=pmix # SKIP no Open MPI, or a Slurm without PMIx"
fi
finish
