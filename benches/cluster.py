#!/usr/bin/env python3
"""Measures the runner on a Slurm cluster of this machine and with shared caches: what a job costs beside plain sbatch, how fast jobs
are submitted, how fast a runner that was killed finds them again, and how fast results come from a cache.

  overhead   N jobs of 0.2 s each: runner --on slurm beside one `sbatch --array` of the same commands, in turns; the median
  submit     1,000 jobs that cannot run yet: from the start until Slurm has them all, beside one `sbatch --array`
  find       the runner is killed, and started again: from its start until it follows all 1,000
  cancel     Ctrl-C: until none of them is left
  cache      1,000 results of a second, empty folder, from a folder and from an S3 server of this machine

Slurm (slurm-wlm, munge) must be installed, for S3 moto_server (tests/s3/requirements.txt). Build first:

  cargo build --release
  python3 benches/cluster.py
  python3 benches/cluster.py --jobs 50 --repeats 1 --many 200     quick

Exit code: 0, or 1 if a command failed.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
RUNNER = REPOSITORY / "target/release/runner"
SLURM = REPOSITORY / "tests/slurm/slurm.sh"
S3 = REPOSITORY / "tests/s3/server.sh"
DESCRIPTION = {
    "name": "write", "version": "1", "inputs": [],
    "outputs": [{"name": "out", "schema": "text", "schema_version": 1, "format": "txt"}],
    "params": {"type": "object", "properties": {"seed": {"type": "integer", "default": 0},
                                                "sleep": {"type": "number", "default": 0}}},
}
PROGRAM = f"""#!/bin/sh
if [ "$1" = --describe ]; then echo '{json.dumps(DESCRIPTION)}'; exit 0; fi
for word; do
  case $word in
    --out=*) out=${{word#--out=}} ;;
    --seed=*) seed=${{word#--seed=}} ;;
    --sleep=*) sleep=${{word#--sleep=}} ;;
  esac
done
sleep "$sleep"
echo "$seed" > "$out"
"""


def sh(command, environment, folder, check=True):
    """Runs a command, and returns what it printed."""
    ran = subprocess.run([str(word) for word in command], env=environment, cwd=folder, capture_output=True, text=True)
    if check and ran.returncode != 0:
        sys.exit(f"{command} failed: {ran.stdout}{ran.stderr}")
    return ran.stdout


def project(folder, jobs, sleep):
    """A folder with a pipeline of so many jobs, and the program that they call."""
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    program = folder / "bin/write"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    seeds = ", ".join(map(str, range(jobs)))
    (folder / "p.yaml").write_text(
        f"name: p\nstages:\n  write: {{matrix: {{seed: [{seeds}]}}, params: {{sleep: {sleep}}}, memory: 50M}}\n")
    return folder


def timed(work):
    """Seconds of some work."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def queued(environment, folder):
    """How many jobs Slurm has that wait or run."""
    return len(sh(["squeue", "-h", "-r", "-o", "%i"], environment, folder).split())


def until(holds):
    """Waits until something holds."""
    while not holds():
        time.sleep(0.02)


def overhead(environment, folder, jobs, repeats):
    """Seconds of the same jobs by sbatch and by the runner, in turns."""
    plain, ours = [], []
    for turn in range(repeats):
        at = project(folder / f"turn{turn}", jobs, 0.2)
        script = at / "script"
        script.write_text(f"#!/bin/sh\n{at}/bin/write --sleep=0.2 --seed=$SLURM_ARRAY_TASK_ID --out={at}/$SLURM_ARRAY_TASK_ID.txt\n")
        # `sbatch --wait` would look for the end every few seconds only.
        begin = time.perf_counter()
        sh(["sbatch", f"--array=0-{jobs - 1}", "--mem=50M", "-o", "/dev/null", script], environment, at)
        until(lambda: len(list(at.glob("*.txt"))) == jobs)
        plain.append(time.perf_counter() - begin)
        ours.append(timed(lambda: sh([RUNNER, "p.yaml", "--on", "slurm", "--quiet"], environment, at)))
    return plain, ours


def many(environment, folder, jobs):
    """Seconds until so many jobs are submitted (by sbatch, by the runner), found again, and cancelled."""
    at = project(folder / "many", jobs, 0)
    sh(["scontrol", "update", "PartitionName=main", "State=DOWN"], environment, at)
    script = at / "script"
    script.write_text("#!/bin/sh\ntrue\n")
    plain = timed(lambda: sh(["sbatch", f"--array=0-{jobs - 1}", "-o", "/dev/null", script], environment, at))
    sh(["scancel", "-u", str(os.getuid())], environment, at)
    until(lambda: queued(environment, at) == 0)
    command = [str(RUNNER), "p.yaml", "--on", "slurm", "--json", "--jobs", str(min(jobs, 1024))]

    def start(stdout):
        return subprocess.Popen(command, env=environment, cwd=at, stdout=stdout, stderr=subprocess.DEVNULL, text=True)

    begin = time.perf_counter()
    runner = start(subprocess.DEVNULL)
    until(lambda: queued(environment, at) == jobs)
    submitted = time.perf_counter() - begin
    runner.kill()
    runner.wait()
    begin = time.perf_counter()
    runner = start(subprocess.PIPE)
    followed = 0
    for line in runner.stdout:
        followed += json.loads(line)["event"] == "started"
        if followed == jobs:
            break
    found = time.perf_counter() - begin
    time.sleep(1)
    begin = time.perf_counter()
    runner.send_signal(signal.SIGINT)
    until(lambda: queued(environment, at) == 0)
    cancelled = time.perf_counter() - begin
    runner.stdout.read()
    runner.wait()
    sh(["scontrol", "update", "PartitionName=main", "State=UP"], environment, at)
    return plain, submitted, found, cancelled


def cache(environment, folder, jobs, url, name):
    """Seconds in which a second folder has all results, and their bytes."""
    first, second = (project(folder / f"{name}-{which}", jobs, 0) for which in ("first", "second"))
    sh([RUNNER, "p.yaml", "--remote", url, "--quiet"], environment, first)
    begin = time.perf_counter()
    told = sh([RUNNER, "p.yaml", "--remote", url, "--remote-read-only"], environment, second)
    seconds = time.perf_counter() - begin
    if f"{jobs} of them from the shared cache" not in told:
        sys.exit(f"not all came from the cache: {told}")
    moved = sum(file.stat().st_size for file in (second / "results").rglob("*.txt"))
    return seconds, moved


def served(script, folder, environment):
    """The environment with what a server says of where it is."""
    told = sh(["bash", script, "start", folder], environment, folder)
    words = (word for line in told.splitlines() for word in line.removeprefix("export ").split())
    return {**environment, **dict(word.split("=", 1) for word in words)}


class Table:
    """Rows that are printed as they come."""

    def __init__(self):
        print("| what | measured |\n|---|---|", flush=True)

    def append(self, row):
        print(f"| {row[0]} | {row[1]} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--many", type=int, default=1000)
    arguments = parser.parse_args()
    jobs, count = arguments.jobs, arguments.many
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "SLURM_CPUS": "8", "MAX_ARRAY_SIZE": "2001"}
        for part in ("slurm", "s3", "share"):
            (folder / part).mkdir()
        cluster = served(SLURM, folder / "slurm", environment)
        for turn in range(arguments.repeats):
            (folder / f"turn{turn}").mkdir()
        paths = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
        project(folder, 1, 0)
        cluster = {**cluster, "PATH": paths}
        rows = Table()
        try:
            plain, ours = overhead(cluster, folder, jobs, arguments.repeats)
            ratio = statistics.median(b / a for a, b in zip(plain, ours))
            rows.append((f"{jobs} jobs of 0.2 s", f"sbatch {statistics.median(plain):.1f} s, runner {statistics.median(ours):.1f} s, ratio {ratio:.2f}"))
            plain, submitted, found, cancelled = many(cluster, folder, count)
            rows.append((f"{count} jobs submitted", f"sbatch {plain:.2f} s, runner {submitted:.2f} s: {count / submitted:.0f} jobs a second"))
            rows.append(("found again after a kill", f"{found:.2f} s"))
            rows.append(("cancelled by Ctrl-C", f"{cancelled:.2f} s"))
        finally:
            sh(["bash", SLURM, "stop", folder / "slurm"], environment, folder, check=False)
        local = {**os.environ, "PATH": paths}
        seconds, moved = cache(local, folder, count, f"file://{folder}/share", "file")
        rows.append((f"{count} results from a folder", f"{seconds:.2f} s: {count / seconds:.0f} hits a second, {moved} bytes"))
        server = served(S3, folder / "s3", local)
        try:
            seconds, moved = cache(server, folder, count, "s3://cache/bench", "s3")
            rows.append((f"{count} results from S3 (moto)", f"{seconds:.2f} s: {count / seconds:.0f} hits a second, {moved} bytes"))
        finally:
            sh(["sh", S3, "stop", folder / "s3"], local, folder, check=False)


if __name__ == "__main__":
    main()
