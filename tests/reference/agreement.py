"""Recomputes a study from its dataset and one exported checkpoint, and compares every test image and every aggregate.

    export-checkpoint results/tiny/train/CELL/checkpoints.parquet network.safetensors
    python tests/reference/agreement.py network.safetensors results/tiny CELL

Nothing of the pipeline's own code is used: convolutions by PyTorch in float64, histograms and divergences by NumPy, the
normal distribution, Page's test and Spearman's correlation by SciPy.
"""
import json
import pathlib
import sys

import numpy as np
import pyarrow.compute as compute
import pyarrow.parquet as parquet
import scipy.stats
import torch
from safetensors.torch import load_file

TOLERANCE = 1e-5


def agree(name, ours, theirs, tolerance=TOLERANCE):
    """Fails where two arrays differ by more than `tolerance`, relative to the largest number."""
    ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    assert ours.shape == theirs.shape, f"{name}: {ours.shape} and {theirs.shape}"
    worst = np.max(np.abs(ours - theirs)) / max(np.max(np.abs(ours)), 1e-30)
    assert worst <= tolerance, f"{name} differs by {worst}"
    print(f"{name}: {ours.size} numbers agree, largest difference {worst:.1e}")


def params(path):
    """The params of the stage that wrote a table."""
    return json.loads(parquet.read_schema(path).metadata[b"priorscope.params"])


def at_epoch(path, epoch, **where):
    """The rows of a table at an epoch."""
    table = parquet.read_table(path)
    keep = compute.equal(table["epoch"], epoch)
    for column, value in where.items():
        keep = compute.and_(keep, compute.equal(compute.cast(table[column], "string"), value))
    return table.filter(keep)


def forward(weights, pixels):
    """Energies of F1 (Eq. 7) and logits of images [n, 32, 32], in float64."""
    x = torch.from_numpy(pixels)[:, None].double()
    phi = torch.conv2d(x, weights["conv1.weight"], weights["conv1.bias"])
    hidden = torch.max_pool2d(phi.relu(), 2)
    hidden = torch.conv2d(hidden, weights["conv2.weight"], weights["conv2.bias"]).relu()
    hidden = torch.max_pool2d(hidden, 2).flatten(1)
    hidden = torch.nn.functional.linear(hidden, weights["fc1.weight"], weights["fc1.bias"]).relu()
    logits = torch.nn.functional.linear(hidden, weights["fc2.weight"], weights["fc2.bias"])
    return -phi.sum(1).flatten(1).numpy(), logits.numpy()


def edges_of(bins):
    """The edges between bins: equal widths, the outer two open to infinity."""
    return np.linspace(bins["lower_edge"], bins["upper_edge"], bins["bins"] + 1)[1:-1]


def histograms(values, bins):
    """Counts of each row [n, bins], and how many of its values lie so near an edge that rounding may move them [n]."""
    edges, rows = edges_of(bins), np.arange(len(values))[:, None]
    places = np.searchsorted(edges, values, side="right") + bins["bins"] * rows
    counts = np.bincount(places.ravel(), minlength=bins["bins"] * len(values)).reshape(len(values), -1)
    nearest = edges[np.clip(np.searchsorted(edges, values), 1, len(edges) - 1) - np.array([0, 1])[:, None, None]]
    near = np.abs(values - nearest).min(axis=0) < TOLERANCE * np.abs(values).max(axis=1, keepdims=True)
    return counts, near.sum(axis=1)


def divergence(counts, bins, of_kl):
    """KL[P(X) || P̂] of each row in nats: P(X) normal, integrated over the bins; P̂ with a pseudocount."""
    cdf = scipy.stats.norm.cdf(edges_of(bins), scale=np.sqrt(of_kl["variance"]))
    p = np.diff(np.concatenate([[0.0], cdf, [1.0]]))
    assert of_kl["smoothing"] == "pseudocount"
    q = (counts + of_kl["pseudocount"]) / (counts.sum(axis=1, keepdims=True) + of_kl["pseudocount"] * len(p))
    return np.sum(p * np.log(p / q), axis=1)


def images(weights, results, cell, epoch):
    """Compares every test image; gives back its divergences and the test error."""
    dataset = parquet.read_table(results / "dataset/dataset.parquet")
    test = dataset.filter(compute.equal(compute.cast(dataset["split"], "string"), "test"))
    pixels = test["pixels"].combine_chunks().to_numpy_ndarray().copy()
    energies, logits = forward(weights, pixels)
    bins = params(results / f"distributions/{cell}/distributions.parquet")
    of_kl = params(results / f"divergences/{cell}/divergences.parquet")
    labels = "random_label" if "random" in cell else "label"
    error = float(np.mean(logits.argmax(1) != test[labels].to_numpy()))

    divergences = at_epoch(results / f"divergences/{cell}/divergences.parquet", epoch).sort_by("image_id")
    assert divergences["image_id"].to_pylist() == test["image_id"].to_pylist(), "one row for each test image"
    sd = np.sqrt(of_kl["variance"])
    standardised = (energies - energies.mean(axis=1, keepdims=True)) / energies.std(axis=1, keepdims=True) * sd
    of_variables = {"f1": (energies, "kl_f1"), "f1_standardised": (standardised, "kl_f1_standardised")}
    for variable, (values, column) in of_variables.items():
        rows = at_epoch(results / f"distributions/{cell}/distributions.parquet", epoch, variable=variable)
        theirs = np.stack(rows.sort_by("image_id")["counts"].to_numpy()).astype(np.int64)
        counts, near = histograms(values, bins)
        moved = np.abs(counts - theirs).sum(axis=1) // 2
        assert (moved <= near).all(), f"{variable}: energies are in other bins that lie at no edge"
        print(f"{variable}: {len(counts)} histograms agree; {moved.sum()} of {values.size} energies lie on an edge of two bins")
        # Those on an edge are counted as the pipeline counts them.
        counts[moved > 0] = theirs[moved > 0]
        agree(f"KL of {variable}", divergences[column].to_numpy(), divergence(counts, bins, of_kl))
    x = pixels.reshape(len(pixels), -1).astype(np.float64)
    agree("KL of x", divergences["kl_x"].to_numpy(), divergence(histograms(x, bins)[0], bins, of_kl))
    return divergences, error


def aggregates(results, cell, epoch, divergences, error):
    """Compares the row of summary that the images are behind, and the tables over seeds and networks."""
    key = divergences.slice(0, 1).to_pylist()[0]
    where = {"network": key["network"], "labels": key["labels"], "seed": str(key["seed"])}
    summary = at_epoch(results / "aggregate/summary.parquet", epoch, **where).to_pylist()[0]
    kl, x = divergences["kl_f1"].to_numpy(), divergences["kl_x"].to_numpy()
    ours = {
        "kl_f1_mean": kl.mean(),
        "kl_f1_sd": kl.std(ddof=1),
        "kl_f1_low": np.quantile(kl, 0.025),
        "kl_f1_median": np.median(kl),
        "kl_f1_high": np.quantile(kl, 0.975),
        "kl_x_mean": x.mean(),
        "kl_f1_standardised_mean": divergences["kl_f1_standardised"].to_numpy().mean(),
        "x_within_null": np.mean(x <= key["null_x_high"]),
        "f1_within_null": np.mean(kl <= key["null_f1_high"]),
        "excess_x": x.mean() - key["null_x_mean"],
        "excess_f1": kl.mean() - key["null_f1_mean"],
        "test_error": error,
    }
    agree(f"summary of {cell} at epoch {epoch}", [summary[name] for name in ours], list(ours.values()), 1e-9)

    every = parquet.read_table(results / "aggregate/summary.parquet").to_pandas()
    spread = parquet.read_table(results / "aggregate/spread.parquet").to_pandas()
    means = every.groupby(["network", "labels", "epoch"], observed=True)["kl_f1_mean"].mean().reset_index()
    both = spread.merge(means, on=["network", "labels", "epoch"], suffixes=("", "_ours"))
    agree("means over seeds", both["kl_f1_mean"], both["kl_f1_mean_ours"], 1e-12)

    effects, values, theirs = [], [], parquet.read_table(results / "aggregate/trends.parquet").to_pandas()
    for row in theirs.itertuples():
        chosen = every[(every["labels"] == row.labels) & (every["epoch"] == row.epoch)]
        blocks = chosen.pivot(index="seed", columns="network", values=row.measure)[["cnn1", "cnn2", "cnn3"]].dropna()
        effects.append(np.mean([scipy.stats.spearmanr(block, [1, 2, 3]).statistic for block in blocks.to_numpy()]))
        # SciPy's exact test takes ranks for a permutation; ours counts the orders of shared ranks, too.
        if len(blocks) > 1 and all(len(set(block)) == 3 for block in blocks.to_numpy()):
            test = scipy.stats.page_trend_test(-blocks.to_numpy(), method="exact")
            values.append((row.p_value, test.pvalue))
    if effects:
        agree("trends over networks", theirs["effect"], effects, 1e-12)
    if values:
        agree("p-values of Page's test", *zip(*values), 1e-9)


def main(checkpoint, results, cell):
    """Compares one training at its last epoch."""
    results = pathlib.Path(results)
    weights = {name: tensor.double() for name, tensor in load_file(checkpoint).items()}
    history = parquet.read_table(results / f"train/{cell}/history.parquet")
    epoch = max(history["epoch"].to_pylist())
    divergences, error = images(weights, results, cell, epoch)
    aggregates(results, cell, epoch, divergences, error)


if __name__ == "__main__":
    main(*sys.argv[1:])
