#!/usr/bin/env python3
"""Measures training and the whole study beside PyTorch, and how near they are to what the machine can do.

  epochs   seconds of training per epoch (10,000 images) for each network, batch size and engine, in turns
           (A B C A B C ...), each turn with a warm-up epoch that does not count; the ratio of each pair; and the
           share of the measured limit of multiply-adds that the necessary ones are
  study    the whole pipeline (one seed, all epochs, all test images, no report, fresh cache) beside
           benches/study.py; the peak memory of the largest process of each, and the bytes that they leave
  growth   how the program train grows with images, epochs, channels and threads
  dataset  seconds in which generate-dataset makes the paper's 20,000 images, to where they are synced in --folder

A figure is the median, with the least and the most behind it. Ratios are taken in each turn, then their median.
Every figure is checked: losses are finite, both sides learn the same, one dataset has one divergence of pixels.
What fails is told below the tables. Build first, with train/burn-ndarray for that engine; PyTorch is installed by this
script, see --venv:

  cargo build --release --workspace --bins --examples --features train/burn-flex
  python3 benches/training.py --json figures.json
  python3 benches/training.py --quick --only epochs,dataset --batches 64 --engines fused,burn-flex --guard 1.5      as in CI

Exit code: 0; 1 if something failed, or if the first engine is not --guard times as fast as the second.
"""

import argparse
import itertools
import json
import math
import multiprocessing
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CHANNELS = {"cnn1": 4, "cnn2": 12, "cnn3": 20}
OURS = ("fused", "burn-flex", "burn-ndarray")
PYTORCH = re.compile(r"pytorch-(\d+)(-channels-last)?")
PARTS = ("epochs", "study", "growth", "dataset")
# They make NumPy's OpenBLAS take other kernels than a user's would.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)


class Failed(Exception):
    """A part could not be measured, or what was measured is wrong; the text says which and why."""


def multiply_adds(network):
    """The multiply-adds that a training step needs for one image where each product is computed.

    `fused` computes fewer: filters of side 5 with at least 8 channels take 36 of 100 products forward. So its share
    of the limit says how long a machine at its limit would take for the sums as they stand, not how busy it is.

    Forward, f1 has 30x30 positions with 3x3 inputs, all of them pooled. f3 has 11x11 positions with 5x5 inputs in
    each channel, of which 10x10 are pooled; the others are never used. Backward, pooling sends a gradient to one
    position in four: 5x5 of f3, which serves the filters and f2, and 15x15 of f1, which serves only the filters,
    for nobody needs the gradient of the pixels. A linear layer takes its weights once forward and twice backward.
    ReLU stops some gradients more, which is not counted off; biases, pooling, softmax and Adam are not counted.
    """
    channels, kernels = CHANNELS[network], 20
    linear = 500 * 20 + 20 * 10
    forward = 30 * 30 * 3 * 3 * channels + 10 * 10 * 5 * 5 * channels * kernels + linear
    backward = 2 * 5 * 5 * 5 * 5 * channels * kernels + 15 * 15 * 3 * 3 * channels + 2 * linear
    return forward + backward


# --- Starting programs ---------------------------------------------------------------------------------

class Ran:
    """A program that ended well: its seconds, the peak memory of it or its largest child in bytes, its output."""

    def __init__(self, command, folder=REPOSITORY):
        command = [str(word) for word in command]
        with tempfile.TemporaryFile() as output:
            begin = time.perf_counter()
            try:
                child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                                         stderr=subprocess.STDOUT)
            except OSError as error:
                raise Failed(f"{command[0]} cannot be started: {error.strerror}") from error
            try:
                _, status, usage = os.wait4(child.pid, 0)
            except BaseException:
                child.kill()
                raise
            self.seconds = time.perf_counter() - begin
            child.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            self.text = output.read().decode(errors="replace")
        if child.returncode != 0:
            last = " / ".join(line for line in self.text.splitlines()[-5:] if line.strip())
            raise Failed(f"`{Path(command[0]).name} {' '.join(command[1:])}` ended with {child.returncode}: {last}")
        # The system counts what this process held when it started the program, so it must stay small.
        self.peak = usage.ru_maxrss * 1024


def rows(path):
    """A Parquet table as a list of dicts. A process of its own reads it, for this one must stay small: see Ran."""
    read = ("import json, sys, pyarrow.parquet as pq; "
            "json.dump(pq.read_table(sys.argv[1]).to_pylist(), sys.stdout, default=str)")
    return json.loads(Ran([sys.executable, "-c", read, path]).text)


class Programs:
    """The programs of the repository."""

    def __init__(self, arguments, scratch):
        self.folder, self.scratch = arguments.programs.resolve(), scratch
        self.threads = arguments.threads

    def __getitem__(self, name):
        path = self.folder / name
        if not path.is_file():
            how = "--workspace --examples" if name == "examples/limit" else "--workspace"
            raise Failed(f"there is no program {name}: cargo build --release {how}")
        return path

    def engines(self):
        """The engines that `train` knows."""
        described = Ran([self["train"], "--describe"]).text
        return [name for name in OURS if f'"{name}"' in described]

    def dataset(self, train_per_class, test_per_class):
        path = self.scratch / f"dataset-{train_per_class}-{test_per_class}.parquet"
        if not path.exists():
            self.generate(path, train_per_class, test_per_class)
        return path

    def generate(self, path, train_per_class, test_per_class):
        return Ran([self["generate-dataset"], "--digits", REPOSITORY / "data/digits.parquet", "--dataset", path,
                    "--train-per-class", train_per_class, "--test-per-class", test_per_class])

    def train(self, dataset, network, engine, batch_size, epochs, seed, threads):
        """One training. Gives what ran, with the training seconds of every epoch but the first, and its end."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            out = {port: Path(name) / f"{port}.parquet" for port in ("checkpoints", "history", "timings")}
            ran = Ran([self["train"], "--dataset", dataset, "--network", network, "--engine", engine,
                       "--batch-size", batch_size, "--epochs", epochs, "--seed", seed, "--threads", threads,
                       "--checkpoints-at", "last",
                       *itertools.chain(*((f"--{port}", path) for port, path in out.items()))])
            ran.epochs = [row["training_seconds"] for row in rows(out["timings"]) if row["epoch"] >= 2]
            last = max(rows(out["history"]), key=lambda row: row["epoch"])
            ran.loss, ran.error = last["training_loss"], last["training_error"]
        return ran


# --- PyTorch, in processes of its own that keep the images in memory -------------------------------------

ADAMS = {"one by one": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}


def pytorch(connection, dataset, threads, channels_last):
    """Trains as it is asked to, with the network and the loop of study.py. Gives (seconds, loss, error)."""
    import torch

    import study

    torch.set_num_threads(threads)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    images = study.read(dataset)[0]
    pixels, labels = images.pixels.to(memory_format=layout), images.labels["real"]
    connection.send(str(torch.__version__))  # its own type would bring torch into the parent
    while call := connection.recv():
        torch.manual_seed(call["seed"])
        network = study.Network(CHANNELS[call["network"]]).to(memory_format=layout)
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, **ADAMS[call["adam"]])
        seconds = []
        for _ in range(call["epochs"]):
            begin = time.perf_counter()
            study.train_epoch(network, optimiser, pixels, labels, call["batch_size"])
            seconds.append(time.perf_counter() - begin)
        connection.send((seconds[1:], *study.evaluate(network, pixels, labels)))


class PyTorch:
    """A process with PyTorch, and the way to it."""

    def __init__(self, dataset, threads, channels_last):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=pytorch, args=(theirs, dataset, threads, channels_last), daemon=True)
        self.process.start()
        theirs.close()
        self.version = self.answer()

    def answer(self):
        try:
            return self.connection.recv()
        except EOFError:
            raise Failed("the process with PyTorch ended; what it said is above") from None

    def train(self, network, batch_size, epochs, seed, adam):
        self.connection.send({"network": network, "batch_size": batch_size, "epochs": epochs, "seed": seed,
                              "adam": adam})
        return self.answer()

    def close(self):
        self.process.terminate()
        self.process.join()


# --- Epochs ----------------------------------------------------------------------------------------------

def figure(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "count": len(values)}


def limits(program):
    """GFLOP/s of fused multiply-adds that the machine sustains, by threads."""
    lines = Ran([program]).text.splitlines()
    found = {line["threads"]: line["gflops"] for line in map(json.loads, lines)}
    if not found or not all(value > 0 for value in found.values()):
        raise Failed(f"the example limit gave no limit: {lines}")
    return found


class Epochs:
    """Training alone, all contenders in turns."""

    def __init__(self, arguments, programs, notes, failures):
        self.arguments, self.programs, self.notes, self.failures = arguments, programs, notes, failures
        self.dataset = programs.dataset(*arguments.per_class)
        self.images = 10 * arguments.per_class[0]
        known = programs.engines() if set(arguments.engines) & set(OURS) else []
        for name in arguments.engines:
            if name in OURS and name not in known:
                notes.append(f"{name} is left out: this `train` was built without it; "
                             f"cargo build --release --workspace --bins --examples --features train/{name}")
        self.contenders = [name for name in arguments.engines if name not in OURS or name in known]
        if not self.contenders:
            raise Failed("none of the engines is there")
        self.processes, self.adam = {}, None

    def measure(self):
        try:
            for name in self.contenders:
                if found := PYTORCH.fullmatch(name):
                    self.processes[name] = PyTorch(self.dataset, int(found[1]), bool(found[2]))
            adams = self.choose_adam() if self.processes else {}
            cells, limit = self.turns()
        finally:
            for process in self.processes.values():
                process.close()
        versions = {process.version for process in self.processes.values()}
        return {"images": self.images, "contenders": self.contenders, "threads": self.arguments.threads,
                "pytorch": ", ".join(versions), "adams": adams, "adam": self.adam, "cells": cells,
                "limit_gflops": limit}

    def choose_adam(self):
        """PyTorch has three Adams; the fastest one is used. Gives the seconds of each."""
        process, seconds = next(iter(self.processes.values())), {name: [] for name in ADAMS}
        for _ in range(self.arguments.repeats):
            for name, network in itertools.product(ADAMS, self.arguments.networks[:1]):
                seconds[name] += process.train(network, 64, 2, 1, name)[0]
        self.adam = min(ADAMS, key=lambda name: statistics.median(seconds[name]))
        return {name: figure(values) for name, values in seconds.items()}

    def train(self, contender, network, batch_size, seed):
        """(seconds of each epoch but the first, loss, error)"""
        epochs = 1 + self.arguments.timed_epochs
        if contender in self.processes:
            return self.processes[contender].train(network, batch_size, epochs, seed, self.adam)
        ran = self.programs.train(self.dataset, network, contender, batch_size, epochs, seed, self.arguments.threads)
        return ran.epochs, ran.loss, ran.error

    def turns(self):
        """Gives the cells, a list of dicts, and the limit by threads."""
        settings = list(itertools.product(self.arguments.networks, self.arguments.batches))
        seconds, errors, limit = {}, {}, {}
        limit_is_there = True
        for turn in range(1, self.arguments.repeats + 1):
            print(f"epochs, turn {turn} of {self.arguments.repeats}", file=sys.stderr)
            if limit_is_there:
                try:
                    for threads, gflops in limits(self.programs["examples/limit"]).items():
                        limit.setdefault(threads, []).append(gflops)
                except (Failed, ValueError, KeyError) as failure:
                    told = self.notes if self.arguments.quick else self.failures
                    told.append(f"The share of the limit is left out: {failure}")
                    limit_is_there = False
            for (network, batch_size), contender in itertools.product(settings, self.contenders):
                taken, loss, error = self.train(contender, network, batch_size, turn)
                if not math.isfinite(loss):
                    raise Failed(f"{contender} on {network}, batches of {batch_size}: its loss is {loss}")
                seconds.setdefault((network, batch_size), {}).setdefault(contender, []).append(taken)
                errors.setdefault((network, batch_size), {}).setdefault(contender, []).append(error)
        cells = []
        for (network, batch_size), of in seconds.items():
            self.compare(network, batch_size, errors[network, batch_size])
            first = self.contenders[0]
            ratios = {name: figure([statistics.median(theirs) / statistics.median(ours)
                                    for theirs, ours in zip(of[name], of[first])])
                      for name in self.contenders[1:]}
            cells.append({"network": network, "batch_size": batch_size,
                          "seconds": {name: figure(sum(turns, [])) for name, turns in of.items()},
                          "training_error": {name: statistics.mean(values) for name, values
                                             in errors[network, batch_size].items()},
                          f"times_{first}": ratios})
        return cells, {threads: figure(values) for threads, values in limit.items()}

    def compare(self, network, batch_size, errors):
        """After few epochs the seeds differ much, so this only finds one who does not learn what others learn."""
        means = {name: statistics.mean(values) for name, values in errors.items()}
        if max(means.values()) - min(means.values()) > self.arguments.error_tolerance:
            self.failures.append(f"epochs, {network}, batches of {batch_size}: the training errors after "
                                 f"{1 + self.arguments.timed_epochs} epochs differ: {means}")


# --- The study -------------------------------------------------------------------------------------------

def pipeline(arguments):
    """The paper's graph without the report, for the params of study.py."""
    train, test = arguments.per_class
    return f"""name: bench
stages:
  dataset:
    program: generate-dataset
    inputs: {{digits: digits.parquet}}
    params: {{seed: 1, train_per_class: {train}, test_per_class: {test}}}
  train:
    matrix:
      - {{network: [cnn1, cnn2, cnn3], labels: [real], epochs: [{arguments.epochs}], seed: [1]}}
      - {{network: [cnn3], labels: [random], epochs: [{arguments.random_epochs}], seed: [1]}}
    threads: {arguments.threads}
    inputs: {{dataset: dataset.dataset}}
  activations:
    program: dump-activations
    each: train
    inputs: {{dataset: dataset.dataset, checkpoints: train.checkpoints}}
  distributions:
    program: estimate-distributions
    each: train
    inputs: {{energies: activations.energies, dataset: dataset.dataset}}
  layers:
    program: estimate-distributions
    each: train
    inputs: {{activations: activations.activations}}
  divergences:
    program: compute-kl
    each: train
    inputs: {{distributions: distributions.distributions}}
  aggregate:
    inputs: {{divergences: divergences.divergences, histories: train.history}}
"""


def bytes_on_disk(*folders):
    """What the files in these folders occupy, links counted once."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            status = path.lstat()
            found[status.st_dev, status.st_ino] = 512 * status.st_blocks
    return sum(found.values())


class Study:
    """The whole pipeline beside study.py, in turns."""

    def __init__(self, arguments, programs, failures):
        self.arguments, self.programs, self.failures = arguments, programs, failures
        self.folder, self.out = programs.scratch / "pipeline", programs.scratch / "study"
        self.folder.mkdir()
        shutil.copy(REPOSITORY / "data/digits.parquet", self.folder)
        (self.folder / "pipeline.yaml").write_text(pipeline(arguments))

    def measure(self):
        ours, theirs = [], []
        for turn in range(1, self.arguments.study_repeats + 1):
            print(f"study, turn {turn} of {self.arguments.study_repeats}", file=sys.stderr)
            ours.append(self.pipeline())
            theirs.append(self.script())
            self.compare()
        jobs = [row for path in (self.folder / ".priorscope/history/jobs").glob("*.parquet") for row in rows(path)]
        stages = {}
        for job in jobs:
            stage = stages.setdefault(job["stage"], {"jobs": 0, "seconds": 0.0, "peak_bytes": 0})
            stage["jobs"] += 1
            stage["seconds"] += job["seconds"] or 0.0
            stage["peak_bytes"] = max(stage["peak_bytes"], job["peak_memory"] or 0)
        return {
            "epochs": self.arguments.epochs, "random_epochs": self.arguments.random_epochs,
            "threads": self.arguments.threads, "channels_last": self.arguments.channels_last,
            "pipeline": {"seconds": figure([ran.seconds for ran in ours]), "stages": stages,
                         "peak_bytes": max(ran.peak for ran in ours),
                         "disk_bytes": bytes_on_disk(self.folder / "results", self.folder / ".priorscope")},
            "script": {"seconds": figure([ran.seconds for ran in theirs]),
                       "parts": json.loads((self.out / "seconds.json").read_text()),
                       "peak_bytes": max(ran.peak for ran in theirs), "disk_bytes": bytes_on_disk(self.out)},
            "times_pipeline": figure([script.seconds / pipeline.seconds for script, pipeline in zip(theirs, ours)]),
        }

    def pipeline(self):
        for name in ("results", ".priorscope"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        os.sync()
        return Ran([self.programs["runner"], "pipeline.yaml", "--quiet", "--threads", self.arguments.threads],
                   self.folder)

    def script(self):
        shutil.rmtree(self.out, ignore_errors=True)
        os.sync()
        return Ran([sys.executable, REPOSITORY / "benches/study.py", "--dataset",
                    self.folder / "results/bench/dataset/dataset.parquet", "--out", self.out,
                    "--epochs", self.arguments.epochs, "--random-epochs", self.arguments.random_epochs,
                    "--threads", self.arguments.threads,
                    *(["--channels-last"] if self.arguments.channels_last else [])])

    def compare(self):
        """Both must have done the same work; their weights are drawn differently, so they only learn alike."""
        key = lambda row: (row["network"], row["labels"], row["epoch"])
        ours, theirs = ({key(row): row for row in rows(path)} for path in (
            self.folder / "results/bench/aggregate/summary.parquet", self.out / "summary.parquet"))
        if ours.keys() != theirs.keys():
            raise Failed(f"study: the pipeline has {len(ours)} epochs, the script {len(theirs)}")
        columns = {"images": 0.0, "kl_x_mean": 1e-4, "null_x_mean": 0.04, "null_f1_mean": 0.04}
        for at, row in ours.items():
            for column, tolerance in columns.items():
                if not math.isclose(row[column], theirs[at][column], rel_tol=tolerance):
                    raise Failed(f"study, {at}: {column} is {row[column]} here and {theirs[at][column]} there")
            if not all(math.isfinite(of[at][column]) for of in (ours, theirs)
                       for column in ("training_loss", "kl_f1_mean", "kl_f1_standardised_mean")):
                raise Failed(f"study, {at}: a figure is not finite")
        for network in CHANNELS:
            pair = [of[network, "real", self.arguments.epochs]["training_error"] for of in (ours, theirs)]
            if abs(pair[0] - pair[1]) > self.arguments.study_tolerance:
                self.failures.append(f"study: the final training errors of {network} differ: {pair}")


# --- Growth ----------------------------------------------------------------------------------------------

def growth(arguments, programs, notes):
    """One thing at a time is changed from the middle; gives a list of dicts."""
    known = programs.engines()
    engine = next((name for name in arguments.engines if name in known), known[0])
    per_class = [arguments.per_class[0] // 4, arguments.per_class[0] // 2, arguments.per_class[0]]
    middle = {"images": 10 * per_class[-1], "epochs": arguments.growth_epochs, "network": "cnn2",
              "threads": arguments.threads}
    varied = {"images": [10 * value for value in per_class],
              "epochs": [middle["epochs"] * factor for factor in (1, 2, 4)],
              "network": list(CHANNELS), "threads": sorted({1, arguments.threads})}
    settings = []
    for what, values in varied.items():
        settings += [setting for value in values if (setting := middle | {what: value}) not in settings]
    taken = [[] for _ in settings]
    for turn in range(1, arguments.repeats + 1):
        print(f"growth, turn {turn} of {arguments.repeats}", file=sys.stderr)
        for setting, runs in zip(settings, taken):
            dataset = programs.dataset(setting["images"] // 10, 10)
            runs.append(programs.train(dataset, setting["network"], engine, 64, setting["epochs"], turn,
                                       setting["threads"]))
    notes.append(f"Growth is measured with {engine}, batches of 64, {middle}, and 100 test images.")
    found = []
    for what, values in varied.items():
        for value in values:
            runs = taken[settings.index(middle | {what: value})]
            found.append({"what": what, "value": value, "engine": engine,
                          "epoch_seconds": figure(sum((ran.epochs for ran in runs), [])),
                          "program_seconds": figure([ran.seconds for ran in runs]),
                          "peak_bytes": max(ran.peak for ran in runs)})
    return found


# --- The dataset -----------------------------------------------------------------------------------------

def dataset(arguments, programs):
    """Makes the dataset again and again, each time as a new file."""
    path, runs = programs.scratch / "measured.parquet", []
    for turn in range(1, arguments.dataset_repeats + 1):
        print(f"dataset, turn {turn} of {arguments.dataset_repeats}", file=sys.stderr)
        runs.append(programs.generate(path, *arguments.per_class))
        size = path.stat().st_size
        path.unlink()
    return {"images": 10 * sum(arguments.per_class), "seconds": figure([ran.seconds for ran in runs]),
            "peak_bytes": max(ran.peak for ran in runs), "disk_bytes": size}


# --- Showing ---------------------------------------------------------------------------------------------

def rounded(value):
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def spread(value, unit=""):
    """A cell: the median, and the least and the most where it was measured more than once."""
    if value["count"] == 1:
        return f"{rounded(value['median'])}{unit}"
    return f"{rounded(value['median'])}{unit} ({rounded(value['least'])} to {rounded(value['most'])})"


def mebibytes(value):
    return f"{rounded(value / 2**20)} MiB"


def table(head, lines):
    print()
    for line in [head, ["---"] * len(head), *lines]:
        print(f"| {' | '.join(map(str, line))} |")


def shown(name):
    found = PYTORCH.fullmatch(name)
    if not found:
        return name
    threads = "1 thread" if found[1] == "1" else f"{found[1]} threads"
    return f"PyTorch, {threads}{', channels last' if found[2] else ''}"


def show_epochs(found):
    names, first = found["contenders"], found["contenders"][0]
    print(f"\n## Seconds of training per epoch of {found['images']:,} images\n\n"
          f"Threads of all engines but PyTorch: {found['threads']}.")
    if found["adam"]:
        adams = ", ".join(f"{name} {spread(value, ' s')}" for name, value in found["adams"].items())
        print(f"\nPyTorch {found['pytorch']} uses its fastest Adam, \"{found['adam']}\" (an epoch of the first network: "
              f"{adams}).")
    table(["network", "batch", *map(shown, names), *(f"{shown(name)} / {shown(first)}" for name in names[1:])],
          [[cell["network"], cell["batch_size"], *(spread(cell["seconds"][name]) for name in names),
            *(spread(cell[f"times_{first}"][name]) for name in names[1:])] for cell in found["cells"]])
    if not found["limit_gflops"]:
        return
    limit = ", ".join(f"{spread(value)} on {threads}" for threads, value in found["limit_gflops"].items())
    print(f"\n## Share of the limit\n\nThe measured limit of fused multiply-adds, GFLOP/s by threads: {limit}. "
          "Multiply-adds as the sums stand; fused computes fewer of them.")
    table(["network", "necessary multiply-adds an image", "batch", *map(shown, names)],
          [[cell["network"], f"{cell['multiply_adds'] / 1e6:.3f} M", cell["batch_size"],
            *(f"{100 * cell['share'][name]:.1f} %" if name in cell["share"] else "" for name in names)]
           for cell in found["cells"]])


def add_shares(found):
    """Adds to each cell the share of the limit of so many threads as the contender has."""
    for cell in found["cells"]:
        cell["multiply_adds"], cell["share"] = multiply_adds(cell["network"]), {}
        for name, seconds in cell["seconds"].items():
            its = PYTORCH.fullmatch(name)
            # Of a number of threads whose limit is not known there is no share.
            if limit := found["limit_gflops"].get(int(its[1]) if its else found["threads"]):
                gflops = 2e-9 * cell["multiply_adds"] * found["images"] / seconds["median"]
                cell["share"][name] = gflops / limit["median"]


def show_study(found):
    ours, theirs = found["pipeline"], found["script"]
    print(f"\n## The whole study\n\nOne seed, {found['epochs']} epochs on real labels and {found['random_epochs']} on "
          f"random ones, all test images; threads: {found['threads']}. Only the pipeline also makes the images, keeps "
          f"all checkpoints and histograms, and judges the claims."
          f"{' PyTorch has its channels last.' if found['channels_last'] else ''}")
    table(["", "pipeline", "benches/study.py", "ratio"],
          [["seconds", spread(ours["seconds"]), spread(theirs["seconds"]), spread(found["times_pipeline"])],
           ["memory of the largest process", *(mebibytes(of["peak_bytes"]) for of in (ours, theirs)),
            rounded(theirs["peak_bytes"] / ours["peak_bytes"])],
           ["on disk, links counted once", *(mebibytes(of["disk_bytes"]) for of in (ours, theirs)), ""]])
    table(["stage of the pipeline, in its last run", "jobs", "their seconds added up", "peak memory of a job"],
          [[name, of["jobs"], rounded(of["seconds"]), mebibytes(of["peak_bytes"])]
           for name, of in ours["stages"].items()])
    table(["part of study.py, in its last run", "seconds"],
          [[name, rounded(seconds)] for name, seconds in theirs["parts"].items()])


def show_growth(found):
    print("\n## Growth of `train`")
    table(["", "value", "s an epoch of training", "s for the program", "peak memory"],
          [[row["what"], row["value"], spread(row["epoch_seconds"]), spread(row["program_seconds"]),
            mebibytes(row["peak_bytes"])] for row in found])


def show_dataset(found):
    print("\n## The dataset")
    table(["images", "seconds", "peak memory", "size"],
          [[f"{found['images']:,}", spread(found["seconds"]), mebibytes(found["peak_bytes"]),
            mebibytes(found["disk_bytes"])]])


def machine():
    cpu = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", cpu)
    features = [name for name in ("avx512f", "avx2") if re.search(rf"\b{name}\b", cpu)]
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [f"{len(os.sched_getaffinity(0))} cores", model[1] if model else os.uname().machine, *features[:1],
             f"{gibibytes:.0f} GiB", os.uname().sysname]
    return ", ".join(parts)


# --- The command line ------------------------------------------------------------------------------------

def enter(venv):
    """Goes on in an environment with the requirements, which is made if it is not there."""
    requirements = (REPOSITORY / "benches/requirements.txt").read_text()
    python, installed = venv.absolute() / "bin" / "python3", venv / "installed.txt"
    if not installed.exists() or installed.read_text() != requirements:
        print(f"installing PyTorch and what else is needed into {venv}", file=sys.stderr)
        try:
            if not python.exists():
                subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "-r",
                            REPOSITORY / "benches/requirements.txt"], check=True)
        except subprocess.CalledProcessError as error:
            sys.exit(f"what benches/requirements.txt lists cannot be installed: {error}")
        installed.write_text(requirements)
    if Path(sys.prefix).resolve() != venv.resolve():
        os.execv(python, [python, *sys.argv])


def command_line():
    words = lambda text: text.split(",")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=words, default=list(PARTS), metavar="PARTS",
                        help="some of epochs,study,growth,dataset [all]")
    parser.add_argument("--engines", type=words, default=["fused", "burn-flex", "pytorch-1", "pytorch-2"],
                        help="some of fused, burn-flex, burn-ndarray (very slow), pytorch-THREADS, "
                        "pytorch-THREADS-channels-last; the first is compared with all others "
                        "[fused,burn-flex,pytorch-1,pytorch-2]")
    parser.add_argument("--networks", type=words, default=list(CHANNELS), help="[cnn1,cnn2,cnn3]")
    parser.add_argument("--batches", type=lambda text: [int(word) for word in text.split(",")],
                        default=[16, 64, 256], help="batch sizes of the epochs [16,64,256]")
    parser.add_argument("--repeats", type=int, default=3, help="turns of epochs and growth [3]")
    parser.add_argument("--study-repeats", type=int, default=1, help="turns of the study [1]")
    parser.add_argument("--dataset-repeats", type=int, default=15, help="turns of the dataset [15]")
    parser.add_argument("--epochs", type=int, default=30, help="epochs of the study on real labels [30]")
    parser.add_argument("--random-epochs", type=int, default=200, help="epochs on random labels [200]")
    parser.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))),
                        help="threads of our programs, and of both sides of the study [2 where there are 2 cores]")
    parser.add_argument("--channels-last", action="store_true", help="study.py keeps its channels last")
    parser.add_argument("--quick", action="store_true", help="few images, epochs and turns: only sees that all works")
    parser.add_argument("--guard", type=float, metavar="RATIO",
                        help="fail unless the second engine takes RATIO times the first one's seconds in every cell")
    parser.add_argument("--programs", type=Path, default=REPOSITORY / "target/release", metavar="FOLDER",
                        help="where the programs are [target/release]")
    parser.add_argument("--venv", type=Path, default=REPOSITORY / "target/bench-venv", metavar="FOLDER",
                        help="environment with PyTorch; made with pip if missing [target/bench-venv]")
    parser.add_argument("--folder", type=Path, help="where files are made, and removed [the system's choice]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures, in seconds and bytes")
    arguments = parser.parse_args()
    for kind, given, there in (("part", arguments.only, PARTS), ("network", arguments.networks, CHANNELS)):
        if unknown := [name for name in given if name not in there]:
            parser.error(f"there is no {kind} {unknown[0]!r}; there are {', '.join(there)}")
    if unknown := [name for name in arguments.engines if name not in OURS and not PYTORCH.fullmatch(name)]:
        parser.error(f"there is no engine {unknown[0]!r}")
    if min(arguments.repeats, arguments.study_repeats, arguments.dataset_repeats, arguments.threads,
           *arguments.batches) < 1:
        parser.error("repeats, threads and batches are at least 1")
    if arguments.guard and len(arguments.engines) < 2:
        parser.error("--guard compares the first two of --engines")
    if arguments.guard and "epochs" not in arguments.only:
        parser.error("--guard compares epochs, which --only leaves out")
    arguments.per_class, arguments.timed_epochs, arguments.growth_epochs = (1000, 1000), 2, 4
    # Shares of errors by which both sides may differ: after three epochs, and at the study's end.
    arguments.error_tolerance, arguments.study_tolerance = 0.1, 0.03 if arguments.epochs >= 20 else 0.1
    if arguments.quick:
        arguments.per_class, arguments.repeats, arguments.study_repeats = (100, 50), 1, 1
        arguments.dataset_repeats = 1
        arguments.epochs, arguments.random_epochs, arguments.growth_epochs = 2, 3, 2
        arguments.error_tolerance = arguments.study_tolerance = 1.0  # after few images the seeds differ too much to compare
    return arguments


def guard(found, first, second, ratio):
    """Sentences about the cells in which the first engine is not fast enough."""
    if found["contenders"][:2] != [first, second]:
        return [f"guard: {first} and {second} are not both there"]
    return [f"guard: {cell['network']}, batches of {cell['batch_size']}: {second} takes only "
            f"{rounded(times)} times the seconds of {first}, not {ratio:g}"
            for cell in found["cells"] if (times := cell[f"times_{first}"][second]["median"]) < ratio]


def main():
    arguments = command_line()
    enter(arguments.venv)
    figures, notes, failures = {"machine": machine(), "load": [os.getloadavg()[0]]}, [], []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.folder) as name:
        programs = Programs(arguments, Path(name))
        parts = {"epochs": lambda: Epochs(arguments, programs, notes, failures).measure(),
                 "study": lambda: Study(arguments, programs, failures).measure(),
                 "growth": lambda: growth(arguments, programs, notes),
                 "dataset": lambda: dataset(arguments, programs)}
        for part in arguments.only:
            try:
                figures[part] = parts[part]()
            except (Failed, OSError) as failure:
                failures.append(f"{part}: {failure}")
    figures["load"].append(os.getloadavg()[0])
    print("Machine: {}. Load {:.1f} before and {:.1f} after.".format(figures["machine"], *figures["load"]))
    if "epochs" in figures:
        add_shares(figures["epochs"])
        show_epochs(figures["epochs"])
        if arguments.guard:
            failures += guard(figures["epochs"], *arguments.engines[:2], arguments.guard)
    if "study" in figures:
        show_study(figures["study"])
    if "growth" in figures:
        show_growth(figures["growth"])
    if "dataset" in figures:
        show_dataset(figures["dataset"])
    for line in notes + [f"FAILED: {failure}" for failure in failures]:
        print(f"\n{line}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures | {"notes": notes, "failures": failures}, indent=2) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
