#!/usr/bin/env python3
"""Measures the runner beside DVC and Snakemake on the same graph: N jobs that need nothing of each other.

Each job starts one small shell script that writes one small file from its seed. All three know that the jobs
depend on that script. They are measured in turns (A B C A B C ...); a figure is the median of the repeats,
with the least and the most behind it.

  start     the tool's --version: what it costs to start it at all
  plan      nothing is made, show what would run       runner --dry-run | dvc repro --dry | snakemake -n
  no-op     everything is made, run again              runner | dvc repro | snakemake --cores 1
  memory    the greatest resident set of the no-op, measured apart from the times
  make      the first run, one job at a time, once
  overhead  what a job costs on top of its own program, and jobs per second (only the runner)
  --paper   no-op and plan of the repository's tiny.yaml

`plan CPU` and `no-op CPU` are the processor's time in the same runs: less of it depends on the disk and on
who else uses the machine. Every figure is checked: a no-op that runs a job, or a plan that does not list all
jobs, is no figure but a failure, which is told below the table. Build the runner first:

  cargo build --release -p runner
  python3 benches/runner.py --sizes 10,100 --repeats 3
  python3 benches/runner.py --folder /dev/shm --json figures.json    without the disk

Exit code: 0, or 1 if a command of a tool failed.
"""

import argparse
import contextlib
import hashlib
import json
import math
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
NAMES = {"runner": "runner", "dvc": "DVC", "snakemake": "Snakemake"}
KINDS = ("start", "plan", "plan CPU", "no-op", "no-op CPU", "memory", "make")
DESCRIPTION = {
    "name": "write", "version": "1", "inputs": [],
    "outputs": [{"name": "out", "schema": "text", "schema_version": 1, "format": "txt"}],
    "params": {"type": "object", "properties": {"seed": {"type": "integer", "default": 0}},
               "additionalProperties": False},
}
PROGRAM = f"""#!/bin/sh
if [ "$1" = --describe ]; then
  echo '{json.dumps(DESCRIPTION)}'
  exit 0
fi
for word; do
  case $word in
    --out=*) out=${{word#--out=}} ;;
    --seed=*) seed=${{word#--seed=}} ;;
  esac
done
echo "$seed" > "$out"
"""


class Failed(Exception):
    """A command failed, or did not do what was to be measured; the text says which and why."""


class Slow(Exception):
    """A command took, or would take, longer than it may."""


# --- Starting commands ---------------------------------------------------------------------------------

class Ran:
    """A command that ended well: seconds, processor's seconds, peak memory in bytes, and what it wrote."""

    def __init__(self, seconds, usage, peak, text):
        self.seconds, self.peak, self.text = seconds, peak, text
        self.cpu = usage.ru_utime + usage.ru_stime


def execute(command, folder, environment, cap, watch=False):
    """Runs a command to its end; with `watch` its memory is followed, which disturbs its time a little."""
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        try:
            child = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                     stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as error:
            raise Failed(f"{command[0]} cannot be started: {error}") from error
        slow = threading.Event()

        def stop():
            slow.set()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)

        timer = threading.Timer(2 * cap, stop)
        timer.start()
        seen, ended = 0, 0
        try:
            while not ended:
                seen = max(seen, high_water(child.pid)) if watch else 0
                ended, status, usage = os.wait4(child.pid, os.WNOHANG if watch else 0)
                time.sleep(0.0005 if watch and not ended else 0)
        except BaseException:
            stop()
            raise
        finally:
            timer.cancel()
        seconds = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if slow.is_set():
        raise Slow(f"stopped after {2 * cap:g} s")
    if child.returncode != 0:
        last = " / ".join(line for line in text.splitlines()[-5:] if line.strip())
        raise Failed(f"`{shown(command)}` ended with {child.returncode}: {last}")
    # A child's ru_maxrss counts what its parent held when it started it, so a small child looks like us.
    greatest = usage.ru_maxrss * 1024
    return Ran(seconds, usage, greatest if greatest > high_water(os.getpid()) else seen, text)


def high_water(pid):
    """The peak memory of a running process in bytes; 0 where it is gone."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def shown(command):
    return " ".join([Path(command[0]).name, *map(str, command[1:])])


# --- The tools: how each describes the graph, runs it, and says what it did -----------------------------

class Tool:
    """A tool and a folder with its graph.

    PLAN, MAKE and NO_OP are each the arguments and a pattern of what the tool then says. The pattern's last
    number, or how often it is found if it has none, must be what `expected` gives.
    """

    def __init__(self, program, folder, jobs, cap):
        self.program, self.folder, self.jobs, self.cap = str(program), folder, jobs, cap
        home = folder / "home"
        self.environment = {
            **os.environ, "PATH": f"{folder / 'bin'}:{os.environ.get('PATH', os.defpath)}", "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"), "XDG_CONFIG_HOME": str(home / "config"),
            "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(home / "site"),
        }
        (folder / "bin").mkdir(parents=True)
        home.mkdir()
        script = folder / "bin" / "write"
        script.write_text(PROGRAM)
        script.chmod(0o755)
        # Older than all outputs, and than the moment in which a file counts as still changing.
        os.utime(script, (script.stat().st_mtime - 60,) * 2)
        self.describe()

    def run(self, *arguments, watch=False):
        return execute([self.program, *arguments], self.folder, self.environment, self.cap, watch)

    def checked(self, what, watch=False):
        arguments, pattern = what
        ran = self.run(*arguments, watch=watch)
        found = re.findall(pattern, ran.text)
        said = int(found[-1]) if found and found[-1].isdigit() else len(found)
        if said != self.expected(what):
            raise Failed(f"`{shown([self.program, *arguments])}` told of {said} jobs, not {self.expected(what)}")
        return ran

    def expected(self, _what):
        return self.jobs

    def version(self):
        return self.run("--version")

    def plan(self):
        return self.checked(self.PLAN)

    def make(self):
        return self.checked(self.MAKE)

    def no_op(self, watch=False):
        return self.checked(self.NO_OP, watch)

    def seeds(self):
        return range(1, self.jobs + 1)

    def write_outputs(self):
        """Writes what the jobs would write, by hand."""
        (self.folder / "out").mkdir(exist_ok=True)
        for seed in self.seeds():
            (self.folder / "out" / f"{seed}.txt").write_text(f"{seed}\n")


class Runner(Tool):
    PLAN = ["pipeline.yaml", "--dry-run"], r"# (\d+) to run"
    MAKE = ["pipeline.yaml", "--jobs", "1", "--threads", "1"], r"(?m)^(\d+) done"
    NO_OP = ["pipeline.yaml"], r"nothing to do: (\d+) job"

    def describe(self):
        seeds = ", ".join(map(str, self.seeds()))
        text = f"name: bench\nstages:\n  write: {{matrix: {{seed: [{seeds}]}}}}\n"
        (self.folder / "pipeline.yaml").write_text(text)

    def pretend(self):
        raise Slow("too long to make")


class Dvc(Tool):
    PLAN = ["repro", "--dry"], "Running stage "
    MAKE = ["repro"], "Running stage "
    NO_OP = ["repro"], "didn't change, skipping"

    def describe(self):
        self.run("init", "--no-scm", "--quiet")
        self.run("config", "core.analytics", "false")
        self.run("config", "core.check_update", "false")
        (self.folder / "out").mkdir()
        seeds = ", ".join(map(str, self.seeds()))
        (self.folder / "dvc.yaml").write_text(
            f"stages:\n  write:\n    foreach: [{seeds}]\n    do:\n"
            "      cmd: bin/write --seed=${item} --out=out/${item}.txt\n"
            "      deps:\n      - bin/write\n      outs:\n      - out/${item}.txt\n")

    def pretend(self):
        """Brings the folder into the made state without running the jobs. Gives how, in words."""
        self.write_outputs()
        program = PROGRAM.encode()
        lines = ["schema: '2.0'", "stages:"]
        for seed in self.seeds():
            content = f"{seed}\n".encode()
            digest = hashlib.md5(content).hexdigest()
            lines += [
                f"  write@{seed}:", f"    cmd: bin/write --seed={seed} --out=out/{seed}.txt",
                "    deps:", "    - path: bin/write", "      hash: md5",
                f"      md5: {hashlib.md5(program).hexdigest()}", f"      size: {len(program)}",
                "      isexec: true",
                "    outs:", f"    - path: out/{seed}.txt", "      hash: md5", f"      md5: {digest}",
                f"      size: {len(content)}"]
            kept = self.folder / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(content)
        (self.folder / "dvc.lock").write_text("\n".join(lines) + "\n")
        return "files, dvc.lock and cache by hand, as `dvc repro` writes them"


class Snakemake(Tool):
    PLAN = ["-n", "--cores", "1"], r"(?m)^write +(\d+)"
    MAKE = ["--cores", "1"], r"(\d+) of \d+ steps \(100%\) done"
    NO_OP = ["--cores", "1"], "Nothing to be done"

    def expected(self, what):
        # The rule that asks for all files counts as a step, and one sentence says that all is made.
        return self.jobs + 1 if what is self.MAKE else 1 if what is self.NO_OP else self.jobs

    def describe(self):
        (self.folder / "Snakefile").write_text(
            f'rule all:\n    input: expand("out/{{seed}}.txt", seed=range(1, {self.jobs + 1}))\n'
            'rule write:\n    input: "bin/write"\n    output: "out/{seed}.txt"\n'
            '    shell: "{input} --seed={wildcards.seed} --out={output}"\n')

    def pretend(self):
        """Brings the folder into the made state without running the jobs. Gives how, in words."""
        self.write_outputs()
        # A run that was stopped leaves its lock.
        self.run("--unlock")
        self.run("--touch", "--cores", "1")
        return "files by hand, then `snakemake --touch`"


TOOLS = {"runner": Runner, "dvc": Dvc, "snakemake": Snakemake}


# --- Measuring -----------------------------------------------------------------------------------------

def predicted(known, jobs):
    """The seconds that a command takes for so many jobs, from (jobs, seconds) of smaller sizes."""
    if not known:
        return 0.0
    size, seconds = known[-1]
    power = 1.0
    if len(known) > 1:
        power = math.log(seconds / known[-2][1]) / math.log(size / known[-2][0])
    return seconds * (jobs / size) ** min(max(power, 1.0), 2.5)


def figure(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "repeats": len(values)}


class Measurements:
    """All cells of the table, and what went wrong."""

    def __init__(self, arguments, programs, root):
        self.arguments, self.programs, self.root = arguments, programs, root
        self.cells, self.failures, self.notes, self.known = {}, [], [], {}

    def cell(self, what, jobs, name, value):
        self.cells.setdefault((what, jobs), {})[name] = value

    def guarded(self, what, jobs, name, work):
        """Does some work; what goes wrong fills the cell instead. Gives whether it went well."""
        try:
            work()
            return True
        except Slow as slow:
            self.cell(what, jobs, name, {"left_out": str(slow)})
        except (Failed, OSError) as failure:
            self.failures.append(f"{NAMES[name]}, {what}, {jobs} jobs: {failure}")
            self.cell(what, jobs, name, {"left_out": "failed"})
        return False

    def affordable(self, what, jobs, name):
        seconds = predicted(self.known.get((what, name), []), jobs)
        if seconds > self.arguments.cap:
            raise Slow(f"left out: about {seconds:.0f} s")

    def learn(self, what, jobs, name, seconds):
        self.known.setdefault((what, name), []).append((jobs, seconds))

    def in_turns(self, what, jobs, tools, call):
        """Measures a command of every tool, one after the other, as often as wished."""
        runs = {name: [] for name in tools}
        going = dict(tools)
        for _ in range(self.arguments.repeats):
            for name, tool in list(going.items()):
                def once(name=name, tool=tool):
                    self.affordable(what, jobs, name)
                    runs[name].append(call(tool))
                if not self.guarded(what, jobs, name, once):
                    del going[name]
        for name in going:
            value = figure([ran.seconds for ran in runs[name]])
            self.cell(what, jobs, name, value)
            self.learn(what, jobs, name, value["median"])
            if what != "start":
                self.cell(f"{what} CPU", jobs, name, figure([ran.cpu for ran in runs[name]]))
        return going

    def size(self, jobs):
        tools = {}
        for name, program in self.programs.items():
            def prepare(name=name, program=program):
                tools[name] = TOOLS[name](program, self.root / str(jobs) / name, jobs, self.arguments.cap)
            self.guarded("plan", jobs, name, prepare)
        if jobs == min(self.arguments.sizes):
            self.in_turns("start", 0, tools, Tool.version)
        self.in_turns("plan", jobs, tools, Tool.plan)
        made = {}
        for name, tool in tools.items():
            if self.guarded("no-op", jobs, name, lambda name=name, tool=tool: self.made(name, tool)):
                made[name] = tool
        for name, tool in self.in_turns("no-op", jobs, made, Tool.no_op).items():
            def weigh(name=name, tool=tool):
                first = tool.no_op(watch=True).peak
                # A small process is only looked at from time to time, so the greatest of a few looks counts.
                more = [tool.no_op(watch=True).peak for _ in range(9 if first < high_water(os.getpid()) else 0)]
                self.cell("memory", jobs, name, figure([max(first, *more, 0)]))
            self.guarded("memory", jobs, name, weigh)
        shutil.rmtree(self.root / str(jobs), ignore_errors=True)

    def made(self, name, tool):
        """Makes everything, truly where that is affordable, and runs once more unmeasured."""
        self.affordable("no-op", tool.jobs, name)
        try:
            self.affordable("make", tool.jobs, name)
            value = figure([tool.make().seconds])
            self.cell("make", tool.jobs, name, value)
            self.learn("make", tool.jobs, name, value["median"])
        except Slow as slow:
            self.cell("make", tool.jobs, name, {"left_out": str(slow)})
            how = tool.pretend()
            self.notes.append(f"{NAMES[name]} with {tool.jobs} jobs was brought into the made state without "
                              f"running them: {how}.")
        tool.no_op()

    def overhead(self, jobs):
        """What the runner adds to each job, against a plain loop that starts the same command lines."""
        ours, plain, together = [], [], []
        for _ in range(self.arguments.repeats):
            with tempfile.TemporaryDirectory(dir=self.root) as name:
                one, loop, two = (
                    Runner(self.programs["runner"], Path(name) / kind, jobs, self.arguments.cap)
                    for kind in ("one", "loop", "two"))
                lines = [line.split() for line in one.plan().text.splitlines() if " --out=" in line]
                each = lambda tool, n: tool.run("pipeline.yaml", "--quiet", "--jobs", n, "--threads", n).seconds
                ours.append(each(one, "1"))
                plain.append(start_all(loop, lines))
                together.append(each(two, "2"))
                one.no_op()
                two.no_op()
        return {"jobs": jobs, "overhead_per_job": figure([(a - b) / jobs for a, b in zip(ours, plain)]),
                "runner": figure(ours), "loop": figure(plain), "sync": figure(syncs(self.root)),
                "jobs_per_second_with_2": figure([jobs / seconds for seconds in together])}

    def paper(self):
        """No-op and plan of tiny.yaml, if it is made. Gives figures, or a text that says what is missing."""
        runner, build = str(self.programs["runner"]), "cargo build --release --workspace"
        often = lambda *words: [execute([runner, "tiny.yaml", *words], REPOSITORY, None, self.arguments.cap)
                                for _ in range(self.arguments.repeats)]
        try:
            plans = often("--dry-run")
        except Failed as failure:
            return f"not measured: {failure}. Programs that are missing are built by `{build}`"
        found = re.search(r"# (\d+) to run, (\d+) up to date", plans[-1].text)
        if not found or found[1] != "0":
            return f"not measured: it is not made; `{build}`, then `target/release/runner tiny.yaml`"
        return {"jobs": int(found[2]), "plan": figure([ran.seconds for ran in plans]),
                "no-op": figure([ran.seconds for ran in often()])}


def start_all(tool, lines):
    """The seconds that a plain loop takes for these command lines; the folders of the outputs are there."""
    program, log = str(tool.folder / "bin" / "write"), str(tool.folder / "log")
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    actions += [(os.POSIX_SPAWN_OPEN, number, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
                for number in (1, 2)]
    calls, outputs = [], []
    for words in lines:
        words = [word.replace("--out=", f"--out={tool.folder}/") for word in words]
        words = [re.sub(r"^--threads=\d+$", "--threads=1", word) for word in words]
        outputs += [Path(word.removeprefix("--out=")) for word in words if word.startswith("--out=")]
        calls.append([program, *words[1:], "--progress=events"])
    for output in outputs:
        output.parent.mkdir(parents=True)
    begin = time.perf_counter()
    for words in calls:
        pid = os.posix_spawn(program, words, tool.environment, file_actions=actions)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
            raise Failed(f"`{shown(words)}` failed in the plain loop")
    seconds = time.perf_counter() - begin
    written = sum(output.is_file() for output in outputs)
    if written != tool.jobs:
        raise Failed(f"the plain loop wrote {written} outputs, not {tool.jobs}")
    return seconds


def syncs(folder):
    """The seconds of bringing a small file to this disk, a few times: much of what a job costs."""
    taken = []
    for _ in range(50):
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"1\n")
            file.flush()
            begin = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - begin)
    return taken


# --- Showing -------------------------------------------------------------------------------------------

def rounded(value):
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def seconds(value):
    return f"{rounded(1000 * value)} ms" if value < 1 else f"{rounded(value)} s"


def mebibytes(value):
    return f"{rounded(value / 2**20)} MiB"


def spread(value, show=seconds):
    """A cell: the median, and the least and most where it was measured more than once."""
    if value is None:
        return ""
    if "left_out" in value:
        return value["left_out"]
    if value["repeats"] == 1:
        return show(value["median"])
    return f"{show(value['median'])} ({show(value['least'])} to {show(value['most'])})"


def table(cells, names):
    others = [name for name in names if name != "runner" and "runner" in names]
    head = ["what", "jobs", *(NAMES[n] for n in names), *(f"{NAMES[n]}/runner" for n in others)]
    rows = [head, ["---"] * len(head)]
    for (what, jobs), row in sorted(cells.items(), key=lambda item: (KINDS.index(item[0][0]), item[0][1])):
        ours = row.get("runner", {}).get("median")
        theirs = [row.get(name, {}).get("median") for name in others]
        show = mebibytes if what == "memory" else seconds
        rows.append([what, str(jobs or ""), *(spread(row.get(name), show) for name in names),
                     *(rounded(value / ours) if ours and value else "" for value in theirs)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def machine(folder, versions):
    """What the figures were taken on."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    fitting = [(len(place), kind) for place, kind in mounts if folder.resolve().is_relative_to(place)]
    parts = [f"{len(os.sched_getaffinity(0))} cores", model[1] if model else "unknown CPU", os.uname().sysname,
             f"files on {max(fitting)[1] if fitting else 'unknown'}", f"Python {sys.version.split()[0]}"]
    return ", ".join(parts + [f"{NAMES[name]} {version}" for name, version in versions.items()])


def show_all(figures, names, cells):
    """Prints everything as Markdown."""
    before, after = figures["load"]
    print(f"Machine: {figures['machine']}. Load {before:.1f} before and {after:.1f} after.")
    print(f"\n{table(cells, names)}")
    if overhead := figures["overhead"]:
        print(f"\nOverhead of the runner over {overhead['jobs']} jobs: {spread(overhead['overhead_per_job'])} a job "
              f"(runner --jobs 1: {spread(overhead['runner'])}; plain loop: {spread(overhead['loop'])}; "
              f"one fsync of a small file here: {spread(overhead['sync'])}). "
              f"Two at once: {overhead['jobs_per_second_with_2']['median']:.0f} jobs/s.")
    if paper := figures["paper"]:
        told = f"tiny.yaml: {paper}." if isinstance(paper, str) else (
            f"tiny.yaml, {paper['jobs']} jobs: no-op {spread(paper['no-op'])}, plan {spread(paper['plan'])}.")
        print(f"\n{told}")
    for line in figures["notes"] + [f"FAILED: {failure}" for failure in figures["failures"]]:
        print(f"\n{line}")


# --- The command line ----------------------------------------------------------------------------------

def programs(arguments):
    """Where the tools are; DVC and Snakemake are installed if they are not there."""
    found = {}
    for name in arguments.tools:
        if name == "runner":
            found[name] = arguments.runner.resolve()
            if not found[name].is_file():
                sys.exit(f"there is no {arguments.runner}: cargo build --release -p runner")
            continue
        python = arguments.venv / "bin" / "python3"
        found[name] = arguments.venv.absolute() / "bin" / name
        if not found[name].exists():
            print(f"installing {name} into {arguments.venv}", file=sys.stderr)
            try:
                if not python.exists():
                    subprocess.run([sys.executable, "-m", "venv", arguments.venv], check=True)
                subprocess.run([python, "-m", "pip", "install", "--quiet", name], check=True)
            except subprocess.CalledProcessError as error:
                sys.exit(f"{name} cannot be installed: {error}; --tools leaves tools out")
    return found


def command_line():
    def numbers(text):
        return sorted({int(word) for word in text.split(",")})

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=lambda text: text.split(","), default=list(NAMES),
                        help="some of runner,dvc,snakemake [all]")
    parser.add_argument("--sizes", type=numbers, default=[10, 100, 1000, 10000],
                        help="numbers of jobs [10,100,1000,10000]")
    parser.add_argument("--repeats", type=int, default=5, help="how often each is measured [5]")
    parser.add_argument("--cap", type=float, default=120, metavar="SECONDS",
                        help="a measurement that is predicted to take longer is left out, and one that takes "
                        "twice as long is stopped [120]")
    parser.add_argument("--overhead-jobs", type=int, default=200, help="jobs for the overhead; 0 for none [200]")
    parser.add_argument("--paper", action="store_true", help="measure tiny.yaml too")
    parser.add_argument("--runner", type=Path, default=REPOSITORY / "target/release/runner",
                        help="the runner's program [target/release/runner]")
    parser.add_argument("--venv", type=Path, default=REPOSITORY / "target/bench-venv", metavar="FOLDER",
                        help="where DVC and Snakemake are; made with pip if missing [target/bench-venv]")
    parser.add_argument("--folder", type=Path, help="where the graphs are made, and removed [the system's choice]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures, in seconds and bytes")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.tools if name not in NAMES]
    if unknown:
        parser.error(f"there is no tool {unknown[0]!r}; there are {', '.join(NAMES)}")
    if min(arguments.sizes) < 1 or arguments.repeats < 1 or arguments.cap <= 0:
        parser.error("sizes, repeats and cap are greater than 0")
    if arguments.folder and not arguments.folder.is_dir():
        parser.error(f"there is no folder {arguments.folder}")
    return arguments


def main():
    arguments = command_line()
    found = programs(arguments)
    figures = {"machine": "", "load": [os.getloadavg()[0]], "overhead": None, "paper": None}
    with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.folder) as name:
        measurements = Measurements(arguments, found, Path(name))
        failures, versions = measurements.failures, {}
        for tool, program in found.items():
            try:
                said = execute([str(program), "--version"], name, None, arguments.cap).text.split()
                versions[tool] = said[-1] if said else "of no version"
            except (Failed, Slow) as failure:
                failures.append(f"{NAMES[tool]} --version: {failure}")
        figures["machine"] = machine(Path(name), versions)
        for jobs in arguments.sizes:
            print(f"measuring {jobs} jobs", file=sys.stderr)
            measurements.size(jobs)
        try:
            if "runner" in found and arguments.overhead_jobs > 0:
                figures["overhead"] = measurements.overhead(arguments.overhead_jobs)
            if "runner" in found and arguments.paper:
                figures["paper"] = measurements.paper()
        except (Failed, Slow) as failure:
            failures.append(f"overhead or tiny.yaml: {failure}")
    figures["load"].append(os.getloadavg()[0])
    figures |= {"notes": measurements.notes, "failures": failures}

    show_all(figures, list(found), measurements.cells)
    if arguments.json:
        cells = [{"what": what, "jobs": jobs, **row} for (what, jobs), row in measurements.cells.items()]
        arguments.json.write_text(json.dumps(figures | {"versions": versions, "cells": cells}, indent=2) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
