#!/bin/bash
# A real one-node Slurm on 127.0.0.1 for tests; everything it writes lies below FOLDER.
#   slurm.sh start FOLDER               starts munged, slurmctld, slurmd; prints `export SLURM_CONF=...`
#   slurm.sh stop FOLDER                cancels all jobs, stops all three; nothing is left running
#   slurm.sh stop-controller FOLDER     slurmctld alone (jobs run on); start-controller brings it back
#   slurm.sh restart-controller FOLDER  both in a row
#   slurm.sh kill-node FOLDER           kills slurmd and its jobs and sets the node DOWN: jobs get NODE_FAIL
#   slurm.sh revive-node FOLDER         starts slurmd again and waits until the node is idle
# Environment at start: SLURM_CPUS (nproc), SLURM_MEMORY (MB, 8000), MAX_ARRAY_SIZE (1001),
# MAX_JOB_COUNT (10000), MIN_JOB_AGE (seconds a finished job stays visible, 300), MESSAGE_TIMEOUT
# (10), REQUEUE_DELAY (seconds, 5), OOM (cgroup or poll; cgroup where the version-1 memory cgroup is
# writable), EXTRA_CONF (further lines of slurm.conf). FOLDER's absolute path: 70 characters at most.
set -eu

die() { echo "slurm.sh: $1" >&2; exit "${2:-1}"; }

[ $# -eq 2 ] || die "usage: slurm.sh start|stop|stop-controller|start-controller|restart-controller|kill-node|revive-node FOLDER" 2
PATH=$PATH:/usr/sbin:/sbin
missing=
for p in munged:munge slurmctld:slurm-wlm slurmd:slurm-wlm sbatch:slurm-wlm; do
    command -v "${p%:*}" >/dev/null || missing="$missing ${p%:*} (${p#*:})"
done
[ -z "$missing" ] || die "missing, with the Debian package:$missing" 3
if [ "$1" = start ]; then mkdir -p "$2"; fi
D=$(cd "$2" && pwd)
# The paths of Unix sockets are at most 107 characters long.
[ ${#D} -le 70 ] || die "the path of $D is too long for sockets (70 characters)" 2
export SLURM_CONF=$D/slurm.conf
HOST=$(hostname -s)
NODE=$(sed -n 's/^NodeName=\([^ ]*\).*/\1/p' "$SLURM_CONF" 2>/dev/null || :)
MEMCG=/sys/fs/cgroup/memory

is() { # PID NAME: this process runs under this name, and is no zombie
    [ -n "$1" ] && [ "$(sed -n 's/^[0-9]* (\(.*\)) [^Z].*/\1/p' "/proc/$1/stat" 2>/dev/null)" = "$2" ]
}

alive() { # NAME: the daemon's pid, if it runs
    local pid
    pid=$(cat "$D/$1.pid" 2>/dev/null) && is "$pid" "$1" && echo "$pid"
}

end() { # NAME SIGNAL: ends a daemon and waits until it is gone
    local pid i
    pid=$(alive "$1") || return 0
    kill "-$2" "$pid" 2>/dev/null || :
    for i in $(seq 100); do
        is "$pid" "$1" || { rm -f "$D/$1.pid"; return 0; }
        [ "$i" -lt 80 ] || kill -KILL "$pid" 2>/dev/null || :
        sleep 0.1
    done
    die "$1 ($pid) does not end"
}

job_processes() { # all pids of this cluster's jobs: by their environment, and their descendants
    local f all next
    all=$(for f in $(grep -lzxF "SLURM_CONF=$D/slurm.conf" /proc/[0-9]*/environ 2>/dev/null || :); do
        f=${f%/environ}
        if grep -qz '^SLURM_JOB_ID=' "$f/environ" 2>/dev/null || is "${f#/proc/}" slurmstepd; then echo "${f#/proc/}"; fi
    done)
    next=$all
    while [ -n "$next" ]; do
        next=$(pgrep -P "$(echo $next | tr ' ' ,)" || :)
        all="$all $next"
    done
    echo $all
}

kill_jobs() {
    local left
    left=$(job_processes)
    [ -z "$left" ] || kill -KILL $left 2>/dev/null || :
}

ports() { # two free ports below the ephemeral range; RANDOM may give the same in two shells that start together
    local p
    for p in $(shuf -i 20000-31999 -n 50); do
        (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || echo "$p"
    done | head -n 2
}

wait_for() { # WHAT COMMAND...: until it succeeds, 30 s at most
    local what=$1 until=$((SECONDS + 30))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || die "no $what after 30 s"
        sleep 0.1
        [ $((until - SECONDS)) -gt 25 ] || alive slurmctld >/dev/null || die "slurmctld has ended"
    done
}

# With the controller down, sinfo would retry for 9 seconds; scontrol ping answers at once.
up() { scontrol ping | grep -q 'is UP'; }
idle() { up && [ "$(timeout 5 sinfo -h -N -n "$NODE" -o %T | sort -u)" = idle ]; }
answers() { up && timeout 5 sinfo -h -N -n "$NODE" -o %T | grep -qxE 'idle|mixed|allocated'; }

start_controller() { slurmctld -f "$SLURM_CONF"; wait_for slurmctld up; }
start_node() { slurmd -f "$SLURM_CONF" -N "$NODE"; }

stop() {
    local i
    if alive slurmctld >/dev/null && up; then
        timeout 5 scancel -f -u "$(id -un)" 2>/dev/null || :
        sleep 0.5
    fi
    end slurmctld TERM
    kill_jobs
    # By TERM it would wait for the controller to hear of the killed jobs, for up to ten seconds.
    end slurmd KILL
    end munged TERM
    # A cgroup can be removed once its last process is gone.
    [ ! -d "$MEMCG/slurm_$NODE" ] || for i in 1 2 3 4 5; do
        find "$MEMCG/slurm_$NODE" -depth -type d -exec rmdir {} + 2>/dev/null && break || sleep 0.2
    done
}

conf() {
    local controller_port node_port user oom
    { read -r controller_port && read -r node_port; } < <(ports)
    user=$(id -un)
    oom=${OOM:-$([ -w "$MEMCG/cgroup.procs" ] && echo cgroup || echo poll)}
    cat <<CONF
ClusterName=test
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
# cred_expire is also how long a requeued job waits before it may start again (120 s by default).
AuthInfo=socket=$D/munge.socket,cred_expire=${REQUEUE_DELAY:-5}
StateSaveLocation=$D/state
SlurmdSpoolDir=$D/spool
SlurmctldPidFile=$D/slurmctld.pid
SlurmdPidFile=$D/slurmd.pid
SlurmctldLogFile=$D/slurmctld.log
SlurmdLogFile=$D/slurmd.log
ProctrackType=proctrack/linuxproc
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=400
# Two priorities: a job in high preempts those in main (requeued) and cancelme (cancelled).
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
OverTimeLimit=0
KillWait=2
ReturnToService=2
MaxArraySize=${MAX_ARRAY_SIZE:-1001}
MaxJobCount=${MAX_JOB_COUNT:-10000}
MinJobAge=${MIN_JOB_AGE:-300}
MessageTimeout=${MESSAGE_TIMEOUT:-10}
SlurmdTimeout=20
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=2
# More CPUs than the machine has are allowed, so that many small jobs run at once.
SlurmdParameters=config_overrides
# The name is this cluster's own: the cgroup of its jobs is named after it.
NodeName=t$node_port NodeHostname=$HOST NodeAddr=127.0.0.1 CPUs=${SLURM_CPUS:-$(nproc)} RealMemory=${SLURM_MEMORY:-8000} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=cancelme Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=CANCEL
PartitionName=high Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
CONF
    if [ "$oom" = cgroup ]; then # the kernel kills: state OUT_OF_MEMORY
        echo TaskPlugin=task/cgroup
        printf '%s\n' CgroupPlugin=cgroup/v1 CgroupAutomount=no CgroupMountpoint=/sys/fs/cgroup \
            ConstrainRAMSpace=yes >"$D/cgroup.conf"
    else # slurmstepd looks every second and kills: state FAILED, signal 9
        echo TaskPlugin=task/none
        echo JobAcctGatherParams=OverMemoryKill
        echo CgroupPlugin=cgroup/v1 >"$D/cgroup.conf"
    fi
    echo "${EXTRA_CONF:-}"
}

case $1 in
start)
    alive slurmctld >/dev/null && die "already running in $D"
    rm -rf "$D/state" "$D/spool"
    mkdir "$D/state" "$D/spool"
    conf >"$SLURM_CONF"
    NODE=$(sed -n 's/^NodeName=\([^ ]*\).*/\1/p' "$SLURM_CONF")
    trap 'r=$?; [ $r = 0 ] || { tail -n 3 "$D"/*.log >&2 || :; stop; }; exit $r' EXIT
    # A munged of its own, so that nothing is shared with another cluster.
    [ -f "$D/munge.key" ] || (umask 077; head -c 128 /dev/urandom >"$D/munge.key")
    munged --force --socket="$D/munge.socket" --key-file="$D/munge.key" --pid-file="$D/munged.pid" \
        --log-file="$D/munged.log" --seed-file="$D/munged.seed" 2>>"$D/munged.err"
    slurmctld -f "$SLURM_CONF"
    start_node
    wait_for "idle node" idle
    echo "export SLURM_CONF=$SLURM_CONF"
    ;;
stop) stop ;;
stop-controller) end slurmctld TERM ;;
start-controller) start_controller ;;
restart-controller)
    end slurmctld TERM
    start_controller
    ;;
kill-node)
    end slurmd KILL
    kill_jobs
    scontrol update NodeName="$NODE" State=DOWN Reason=killed
    ;;
revive-node)
    alive slurmd >/dev/null || start_node
    scontrol update NodeName="$NODE" State=RESUME 2>/dev/null || :
    wait_for "answering node" answers
    ;;
*) die "unknown: $1" 2 ;;
esac
