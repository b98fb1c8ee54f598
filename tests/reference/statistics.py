"""Histograms, bin probabilities, KL, distances, quantiles, moments, softmax, rank statistics on small fixed samples, in float64.

Run: python tests/reference/statistics.py
Samples hold values that float32 represents exactly. Bins are equal on [-128, 128]; the first is open to minus and the
last to plus infinity; a value e is in bin i where B_i <= e < B_(i+1), found by comparison with the edges. Some values
lie on an edge, just below one, and outside.
KL[P || Phat] = sum of p ln(p / phat), nats, P = N(0, 1024) on the same bins. pseudocount: phat = (count + 0.5) /
(C + 0.5 bins). floor: phat = max(count / C, 1e-10), not renormalised.
Distances are from N(0, 1024) too. Anderson and Darling's is their sum with SciPy's logcdf and logsf; Wasserstein's the integral
of the cumulative distributions' difference by quadrature, piece by piece; neighbours are found by a k-d tree, k = 5, 200 places.
Standardised: (e - mean) / sd * 32 with the sd of ddof 0.
"""

import numpy as np
import scipy.integrate
import scipy.spatial
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


NORMAL = scipy.stats.norm(0, 32)
NEIGHBOUR, PLACES = 5, 200


def wasserstein(values):
    n, quad = len(values), lambda f, low, high: scipy.integrate.quad(f, low, high, epsabs=1e-13, epsrel=1e-12)[0]
    total = quad(NORMAL.cdf, -np.inf, values[0]) + quad(NORMAL.sf, values[-1], np.inf)
    for i in range(1, n):
        low, high, turn = values[i - 1], values[i], NORMAL.ppf(i / n)
        cuts = [low, *([turn] if low < turn < high else []), high]
        # The sign changes at the cuts only.
        total += sum(abs(quad(lambda x: i / n - NORMAL.cdf(x), *piece)) for piece in zip(cuts, cuts[1:]))
    return total


def neighbours(values):
    n, tree = len(values), scipy.spatial.cKDTree(values[:, None])
    digamma = scipy.special.digamma
    places = NORMAL.ppf((np.arange(PLACES) + 0.5) / PLACES)
    away = tree.query(places[:, None], k=NEIGHBOUR)[0][:, -1]
    to = np.log(n) + np.mean(np.log(2 * away)) - digamma(NEIGHBOUR) - NORMAL.entropy()
    near = tree.query(values[:, None], k=NEIGHBOUR + 1)[0][:, -1]  # a value is its own nearest
    entropy = digamma(n) - digamma(NEIGHBOUR) + np.mean(np.log(2 * near))
    return {"from_normal": float(to), "to_normal": float(-entropy - np.mean(NORMAL.logpdf(values)))}


def distances(values):
    values, n = np.sort(values), len(values)
    weights = 2 * np.arange(n) + 1
    out = {
        "kolmogorov_smirnov": float(scipy.stats.kstest(values, NORMAL.cdf).statistic),
        "anderson_darling": float(-n - np.mean(weights * (NORMAL.logcdf(values) + NORMAL.logsf(values[::-1])))),
        "wasserstein": float(wasserstein(values)),
    }
    return {**out, **(neighbours(values) if n > NEIGHBOUR else {})}


def knuth(values, most):
    def log_posterior(m):
        filled = np.histogram(values, bins=m)[0]
        gammaln = scipy.special.gammaln
        return n * np.log(m) + gammaln(m / 2) - m * gammaln(0.5) - gammaln(n + m / 2) + gammaln(filled + 0.5).sum()

    n = len(values)
    return int(np.argmax([log_posterior(m) for m in range(1, most + 1)])) + 1


def normal():
    z = [-1e4, -300.0, -40.0, -37.5, -30.0, -12.0, -5.0, -1.0, 0.0, 0.3, 2.0, 5.0, 8.0, 20.0, 50.0]
    shares = [1e-300, 1e-100, 1e-20, 1e-5, 0.02, 0.3, 0.5, 0.7, 0.975, 1 - 1e-9]
    return {
        "z": z,
        "cdf": floats(scipy.stats.norm.cdf(z)),
        "log_cdf": floats(scipy.stats.norm.logcdf(z)),
        "log_survival": floats(scipy.stats.norm.logsf(z)),
        "shares": shares,
        "quantiles": floats(scipy.stats.norm.ppf(shares)),
    }


def trends():
    rng = np.random.default_rng(1963)
    rising = rng.normal(0, 1, (10, 3)) + np.array([0.0, 0.4, 0.9])
    cases = [rising, rng.normal(0, 1, (4, 4)), rising[:, ::-1], rng.normal(0, 1, (2, 5))]
    results = [scipy.stats.page_trend_test(case, method="exact") for case in cases]
    return [
        {"blocks": floats(case), "statistic": float(result.statistic), "p_value": float(result.pvalue)}
        for case, result in zip(cases, results)
    ]


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
        "distances": distances(values),
        "bins": {"freedman_diaconis": len(np.histogram_bin_edges(values, "fd")) - 1, "knuth": knuth(values, 80)},
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
            "normal": normal(),
            "trends": trends(),
        },
    )


if __name__ == "__main__":
    main()
