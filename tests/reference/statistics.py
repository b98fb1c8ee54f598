"""Histograms, bin probabilities, KL, quantiles, moments, softmax and Spearman's rho on small fixed samples, in float64.

Run: python tests/reference/statistics.py
Samples hold values that float32 represents exactly. Bins are equal on [-128, 128]; the first is open to minus and the
last to plus infinity; a value e is in bin i where B_i <= e < B_(i+1), found by comparison with the edges. Some values
lie on an edge, just below one, and outside.
KL[P || Phat] = sum of p ln(p / phat), nats, P = N(0, 1024) on the same bins. pseudocount: phat = (count + 0.5) /
(C + 0.5 bins). floor: phat = max(count / C, 1e-10), not renormalised.
Standardised: (e - mean) / sd * 32 with the sd of ddof 0.
"""

import numpy as np
import scipy.special
import scipy.stats

from common import floats, write

BINS = (32, 64, 256)


def edges(bins):
    return -128 + 256 / bins * np.arange(bins + 1)  # exact for powers of two


def histogram(values, bins):
    index = np.searchsorted(edges(bins)[1:-1], values, side="right")
    return np.bincount(index, minlength=bins)


def probabilities(bins):
    """From cdf differences; above 0 from the mirrored bin, where nothing cancels."""
    inner = edges(bins)[1:-1]
    cdf = np.concatenate([[0.0], scipy.stats.norm.cdf(inner, 0, 32), [1.0]])
    out = np.diff(cdf)
    assert np.allclose(out, out[::-1], rtol=0, atol=3e-16) and abs(out.sum() - 1) < 1e-14
    out[bins // 2 :] = out[: bins // 2][::-1]
    return out


def divergences(counts):
    bins, total = len(counts), counts.sum()
    p = probabilities(bins)
    smooth = (counts + 0.5) / (total + 0.5 * bins)
    floored = np.maximum(counts / total, 1e-10)
    kl = lambda q: float(np.sum(p * np.log(p / q)))
    assert np.isclose(kl(smooth), scipy.stats.entropy(p, smooth), rtol=1e-12, atol=1e-14)
    return {"pseudocount": kl(smooth), "floor": kl(floored)}


def samples():
    rng = np.random.default_rng(900)
    below = lambda edge: float(np.nextafter(np.float32(edge), np.float32(-1e9)))
    normal = rng.normal(0, 32, 900)
    normal[:10] = [-128, 128, -124, 124, 0, -1e-30, 4, below(4), 127, -8]
    wide = rng.laplace(10, 55, 1024)
    wide[:10] = [128, -128, below(128), below(-128), 64, below(64), 400, -300, 120, -120]
    few = np.array([-128, 128, 0, below(4), -200, 300, 4])
    return {"normal": normal, "wide": wide, "few": few}


def sample(values):
    values = values.astype(np.float32).astype(np.float64)
    standardised = (values - values.mean()) / values.std(ddof=0) * 32
    for bins in BINS:  # so that rounding in the standardisation moves no value into another bin
        assert np.abs(standardised[:, None] - edges(bins)[1:-1]).min() > 1e-6
    every = lambda what: {str(bins): what(bins) for bins in BINS}
    return {
        "values": floats(values),
        "histograms": every(lambda bins: floats(histogram(values, bins))),
        "kl": every(lambda bins: divergences(histogram(values, bins))),
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)),
        "quantiles": {str(q): float(np.quantile(values, q, method="linear")) for q in (0.025, 0.5, 0.975)},
        "standardised": {
            "values": floats(standardised),
            "histograms": every(lambda bins: floats(histogram(standardised, bins))),
            "kl": every(lambda bins: divergences(histogram(standardised, bins))),
        },
    }


def softmaxes():
    rng = np.random.default_rng(9)
    rows = [
        [0.0, 0.0, 0.0, 0.0],
        [1.0, 2.0, 3.0],
        [1000.0, 1001.0, 999.0],
        [-1000.0, -1000.5, -2000.0],
        [700.0, -700.0, 0.0, 699.5],
        [5.0],
        [0.0, 1e4],
        floats(rng.normal(0, 5, 10).astype(np.float32)),
        floats(rng.normal(0, 300, 20).astype(np.float32)),
    ]
    return [{"logits": row, "probabilities": floats(scipy.special.softmax(np.array(row)))} for row in rows]


def spearman():
    x = [4.0, 4.0, 4.0, 12.0, 12.0, 12.0, 12.0, 20.0, 20.0, 20.0, 20.0, 20.0]
    y = [0.31, 0.27, 0.4, 0.27, 0.22, 0.35, 0.19, 0.22, 0.27, 0.18, 0.3, 0.22]
    return {"x": x, "y": y, "rho": float(scipy.stats.spearmanr(x, y).statistic)}


def main():
    write(
        "statistics.json",
        {
            "edges": {str(bins): floats(edges(bins)) for bins in BINS},
            "probabilities": {str(bins): floats(probabilities(bins)) for bins in BINS},
            "samples": {name: sample(values) for name, values in samples().items()},
            "softmax": softmaxes(),
            "spearman": spearman(),
        },
    )


if __name__ == "__main__":
    main()
