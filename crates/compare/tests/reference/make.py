"""Makes reference.json with scipy: what tests/reference.rs compares with.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py
"""

import json
import pathlib

import numpy
import scipy
from scipy import stats


def tails():
    """Small tails, which are what corrected intervals are made of, and wide ones."""
    normal = [{"z": z, "tail": stats.norm.sf(z)} for z in (0, 0.3, 1.96, 2.8, 2.9, 5, 8, 20)]
    student = [
        {"t": t, "freedom": freedom, "tail": stats.t.sf(t, freedom)}
        for freedom in (1, 2.5, 7, 14.3, 42, 500)
        for t in (0, 0.1, 1, 2.5, 6, 40)
    ]
    return {"normal": normal, "student": student}


def rank_sums():
    """Rank sum tests with and without ties."""
    random = numpy.random.default_rng(20260131)
    cases = []
    for n_a, n_b, step in ((30, 40, 1), (200, 150, 1), (120, 80, 400_000), (50, 50, 3_000_000)):
        a, b = (
            (random.lognormal(numpy.log(2e6 * slower), 0.5, n) // step * step).astype(int)
            for n, slower in ((n_a, 1), (n_b, 1.15))
        )
        test = stats.mannwhitneyu(b, a, alternative="two-sided", method="asymptotic")
        share = test.statistic / (n_a * n_b)
        cases.append({"a": a.tolist(), "b": b.tolist(), "slower_share": share, "p": test.pvalue})
    return cases


def quantiles():
    """Nearest rank: numpy's inverted_cdf."""
    random = numpy.random.default_rng(7)
    cases = []
    for count in (1_000, 2_001, 5_000):
        values = random.lognormal(numpy.log(2e6), 1, count).astype(int)
        found = numpy.quantile(values, (0.5, 0.95, 0.99), method="inverted_cdf")
        cases.append({
            "values": values.tolist(),
            "quantiles": [int(value) for value in found],
            "mean": values.mean(),
        })
    return cases


def corrections():
    """Of each p, whether it is found at 5 % after Benjamini and Hochberg."""
    random = numpy.random.default_rng(3)
    cases = []
    for count, found in ((1, 0), (10, 2), (100, 20), (500, 5)):
        ps = numpy.concatenate((random.uniform(0, 1, count - found), random.uniform(0, 1e-4, found)))
        adjusted = stats.false_discovery_control(ps, method="bh")
        cases.append({"ps": ps.tolist(), "found": (adjusted <= 0.05).tolist()})
    return cases


def wilson():
    """Intervals of single shares."""
    cases = []
    for errors, count, confidence in ((0, 100, 0.95), (3, 2_000, 0.99), (40, 80, 0.95), (7, 7, 0.9)):
        interval = stats.binomtest(errors, count).proportion_ci(confidence, method="wilson")
        cases.append({
            "errors": errors,
            "count": count,
            "confidence": confidence,
            "interval": [interval.low, interval.high],
        })
    return cases


def main():
    reference = {
        "scipy": scipy.__version__,
        "numpy": numpy.__version__,
        "tails": tails(),
        "rank_sums": rank_sums(),
        "quantiles": quantiles(),
        "corrections": corrections(),
        "wilson": wilson(),
    }
    path = pathlib.Path(__file__).with_name("reference.json")
    path.write_text(json.dumps(reference) + "\n")


main()
