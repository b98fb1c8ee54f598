#!/usr/bin/env python3
"""The study of pipeline.yaml, straight in PyTorch, NumPy and SciPy, as a researcher would write it: to compare with.

benches/training.py times the pipeline against it. One seed, all test images, all
epochs. It trains CNN1, CNN2 and CNN3 on real labels and CNN3 on random labels; after every epoch it computes the
loss, the errors, and KL[P(X)||P^] of the energies of F1 of every test image, raw and standardised, beside the null.
It writes divergences.parquet (one row for each image and epoch), summary.parquet (one row for each epoch) and the
last networks, with the columns of priorscope's tables, and prints what each part took.

Nothing is slow on purpose: batches go through the network at once, the forward pass of the test images gives their
energies too, all histograms of a block of images are one bincount. E_F1 is minus the sum of the channels of f1, as
Eq. 7 says; that this is one convolution with the sum of the filters is not used, for few would think of it.
The layout of tensors is PyTorch's default; --channels-last takes the other, which is faster here but seldom used.
Left out, though the pipeline does it: the images themselves, the layers of some images, claims and figures.

  python benches/study.py --dataset results/paper/dataset/dataset.parquet --out target/study
"""

import argparse
import contextlib
import json
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
import torch.nn.functional as F
from scipy import stats

CHANNELS = {"cnn1": 4, "cnn2": 12, "cnn3": 20}
SD = 32.0  # of P(X) = N(0, 1024)
BINS, LOWER_EDGE, UPPER_EDGE = 64, -128.0, 128.0
PSEUDOCOUNT = 0.5
NULL_DRAWS = 1000


# --- Training ------------------------------------------------------------------------------------------

class Network(torch.nn.Module):
    """Table 1; the networks differ in the channels of f1 only."""

    def __init__(self, channels):
        super().__init__()
        self.conv1, self.conv2 = torch.nn.Conv2d(1, channels, 3), torch.nn.Conv2d(channels, 20, 5)
        self.fc1, self.fc2 = torch.nn.Linear(500, 20), torch.nn.Linear(20, 10)

    def forward(self, x):
        return self.after(self.conv1(x))

    def after(self, phi1):
        """The logits, from the linear channels of f1."""
        f2 = F.relu(F.max_pool2d(phi1, 2))  # the same as pooling after ReLU, with a quarter of the work for ReLU
        f4 = F.relu(F.max_pool2d(self.conv2(f2), 2))
        return self.fc2(F.relu(self.fc1(f4.flatten(1))))


class Images:
    """Images [n, 1, 32, 32] with their ids and both kinds of labels."""

    def __init__(self, table):
        pixels = table["pixels"].combine_chunks().to_numpy_ndarray()
        self.pixels = torch.tensor(pixels.reshape(-1, 1, 32, 32))
        self.ids = table["image_id"].to_numpy()
        self.labels = {kind: torch.from_numpy(table[column].to_numpy().astype(np.int64))
                       for kind, column in (("real", "label"), ("random", "random_label"))}


def read(path):
    """The training and the test images."""
    table = pq.read_table(path, columns=["image_id", "split", "label", "random_label", "pixels"])
    return [Images(table.filter(pc.equal(table["split"].cast("string"), split))) for split in ("train", "test")]


def train_epoch(network, optimiser, images, labels, batch_size=64):
    """All images once, in a new order."""
    for batch in torch.randperm(len(images)).split(batch_size):
        optimiser.zero_grad()
        F.cross_entropy(network(images[batch]), labels[batch]).backward()
        optimiser.step()


@torch.no_grad()
def evaluate(network, images, labels, energies=None, batch_size=250):
    """Mean cross-entropy and share of errors; fills `energies` [n, 900] with E_F1 on the way."""
    loss, wrong = 0.0, 0
    for start in range(0, len(images), batch_size):
        batch = slice(start, start + batch_size)
        phi1 = network.conv1(images[batch])
        if energies is not None:
            energies[batch] = -phi1.sum(1).flatten(1)
        logits = network.after(phi1)
        loss += F.cross_entropy(logits, labels[batch], reduction="sum").item()
        wrong += (logits.argmax(1) != labels[batch]).sum().item()
    return loss / len(images), wrong / len(images)


# --- Statistics ----------------------------------------------------------------------------------------

def histograms(values):
    """Counts [n, BINS] of each row of `values` [n, m]; the outer bins are open (Eq. 8)."""
    rows = np.arange(len(values))[:, None] * BINS
    bins = np.clip((values - LOWER_EDGE) * (BINS / (UPPER_EDGE - LOWER_EDGE)), 0, BINS - 1).astype(np.int64)
    return np.bincount((bins + rows).ravel(), minlength=BINS * len(values)).reshape(-1, BINS)


INNER_EDGES = np.linspace(LOWER_EDGE, UPPER_EDGE, BINS + 1)[1:-1]
P = np.diff(stats.norm.cdf(np.concatenate([[-np.inf], INNER_EDGES, [np.inf]]), scale=SD))


def divergences(values, block=100):
    """KL[P(X)||P^] in nats of each row of `values` [n, m]; a block of rows stays in the cache."""
    entropy = np.sum(P * np.log(P))
    smoothed_total = values.shape[1] + PSEUDOCOUNT * BINS
    found = [entropy - np.log((histograms(values[start:start + block]) + PSEUDOCOUNT) / smoothed_total) @ P
             for start in range(0, len(values), block)]
    return np.concatenate(found)


def standardised(values):
    """Each row at mean 0 and the standard deviation of P(X)."""
    return (values - values.mean(axis=1, keepdims=True)) * (SD / values.std(axis=1, keepdims=True))


def null(size, random):
    """Mean, 2.5 % and 97.5 % quantile of the divergence of exact samples of that size."""
    found = divergences(random.normal(0, SD, (NULL_DRAWS, size)))
    return dict(zip(("mean", "low", "high"), (found.mean(), *np.quantile(found, (0.025, 0.975)))))


# --- The study -----------------------------------------------------------------------------------------

class Clock:
    """Adds up the seconds of each part."""

    def __init__(self):
        self.seconds = {}

    @contextlib.contextmanager
    def part(self, name):
        begin = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin


def training(channels, train, test, epochs, seed, layout, clock):
    """Trains a network; gives it, and for every epoch its errors and the divergences of all test images."""
    torch.manual_seed(seed)
    network = Network(channels).to(memory_format=layout)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    energies = torch.empty(len(test[0]), 900)
    for epoch in range(epochs + 1):
        if epoch > 0:
            with clock.part("training"):
                train_epoch(network, optimiser, *train)
        with clock.part("evaluation and energies"):
            training_loss, training_error = evaluate(network, *train)
            _, test_error = evaluate(network, *test, energies)
        with clock.part("histograms and divergences"):
            raw = energies.numpy()
            kl_f1, kl_f1_standardised = divergences(raw), divergences(standardised(raw))
        errors = {"training_loss": training_loss, "training_error": training_error, "test_error": test_error}
        yield network, epoch, errors, kl_f1, kl_f1_standardised


def study(options, clock):
    with clock.part("reading"):
        train, test = read(options.dataset)
        layout = torch.channels_last if options.channels_last else torch.contiguous_format
        for images in (train, test):
            images.pixels = images.pixels.to(memory_format=layout)
    with clock.part("pixels and nulls"):
        random = np.random.default_rng(options.seed)
        kl_x = divergences(test.pixels.flatten(1).numpy())
        null_x, null_f1 = null(1024, random), null(900, random)
    runs = [(name, "real", options.epochs) for name in CHANNELS] + [("cnn3", "random", options.random_epochs)]
    summary, tables = [], []
    options.out.mkdir(parents=True, exist_ok=True)
    for name, kind, epochs in runs:
        labelled = [(images.pixels, images.labels[kind]) for images in (train, test)]
        for network, epoch, errors, kl_f1, kl_f1_standardised in training(
                CHANNELS[name], *labelled, epochs, options.seed, layout, clock):
            with clock.part("aggregation"):
                low, median, high = np.quantile(kl_f1, (0.025, 0.5, 0.975))
                row = {"network": name, "labels": kind, "seed": options.seed, "epoch": epoch}
                summary.append(row | {
                    "images": len(test.ids), "kl_x_mean": kl_x.mean(), "kl_f1_mean": kl_f1.mean(),
                    "kl_f1_sd": kl_f1.std(ddof=1), "kl_f1_low": low, "kl_f1_median": median, "kl_f1_high": high,
                    "kl_f1_standardised_mean": kl_f1_standardised.mean(),
                    "x_within_null": (kl_x <= null_x["high"]).mean(),
                    "f1_within_null": (kl_f1 <= null_f1["high"]).mean(),
                    "null_x_mean": null_x["mean"], "null_x_high": null_x["high"],
                    "null_f1_mean": null_f1["mean"], "null_f1_high": null_f1["high"]} | errors)
                same = {column: np.repeat(value, len(test.ids)) for column, value in row.items()}
                tables.append(pa.table(same | {
                    "image_id": test.ids, "kl_x": kl_x, "kl_f1": kl_f1, "kl_f1_standardised": kl_f1_standardised}))
            if not np.isfinite(errors["training_loss"]):
                raise SystemExit(f"{name} on {kind} labels diverged at epoch {epoch}")
        torch.save(network.state_dict(), options.out / f"{name}-{kind}.pt")
        print(f"{name}, {kind} labels, {epochs} epochs: test error {errors['test_error']:.4f}", flush=True)
    with clock.part("writing"):
        pq.write_table(pa.concat_tables(tables), options.out / "divergences.parquet")
        pq.write_table(pa.Table.from_pylist(summary), options.out / "summary.parquet")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True, help="the table of generate-dataset")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables")
    parser.add_argument("--epochs", type=int, default=30, help="epochs on real labels [30]")
    parser.add_argument("--random-epochs", type=int, default=200, help="epochs on random labels [200]")
    parser.add_argument("--seed", type=int, default=1, help="seed of weights, orders and nulls [1]")
    parser.add_argument("--threads", type=int, help="threads of PyTorch [as many as it likes]")
    parser.add_argument("--channels-last", action="store_true", help="keep the channels of a pixel side by side")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    clock, begin = Clock(), time.perf_counter()
    study(options, clock)
    clock.seconds["all"] = time.perf_counter() - begin
    (options.out / "seconds.json").write_text(json.dumps(clock.seconds, indent=2) + "\n")
    for part, seconds in clock.seconds.items():
        print(f"{seconds:9.2f} s  {part}")


if __name__ == "__main__":
    main()
