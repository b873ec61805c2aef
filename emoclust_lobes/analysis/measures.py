"""Agreement of clusters with labels, beside its chance level."""

from typing import NamedTuple

import numpy as np
from emoclust_lobes.clustering.agreement import agreement
from emoclust_lobes.evaluation.metrics import interval

# The V-measure is the NMI with arithmetic mean: one number, two names. It is
# the harmonic mean of homogeneity and completeness.
MEASURES = {
    "ami": "AMI",
    "ari": "ARI",
    "nmi": "NMI (V-measure)",
    "homogeneity": "homogeneity",
    "completeness": "completeness",
    "purity": "purity",
}


class Scores(NamedTuple):
    """A value, and those of random clusters of the same sizes."""

    value: float
    chance: np.ndarray


def compare(labels, clusters, shuffled):
    """Compare clusters with labels where these are known (not ""), shape [n].

    ``shuffled`` holds random orders, shape [permutations, n]. Returns measure
    -> ``Scores``; None where there is nothing to agree with.
    """
    known = labels != ""
    labels, clusters = labels[known], clusters[known]
    if len(np.unique(labels)) < 2 or len(np.unique(clusters)) < 2:
        return None
    # A random order of all utterances is one of the known ones too.
    orders = shuffled[known[shuffled]].reshape(len(shuffled), len(labels))
    orders = (np.cumsum(known) - 1)[orders]
    rows = np.concatenate([clusters[None], clusters[orders]])
    return {
        name: Scores(float(values[0]), values[1:])
        for name, values in agreement(labels, rows).items()
    }


def bootstrap(values, rng, n_resamples=1000):
    """95 % percentile interval of the mean over speakers, values of [n]."""
    draws = rng.integers(len(values), size=(n_resamples, len(values)))
    return interval(values[draws].mean(axis=1))


def summarize_speakers(scores, rng):
    """Average ``Scores`` over speakers, with two 95 % intervals.

    ``low, high`` are of the mean (None for one speaker), ``chance_low,
    chance_high`` of that of random clusters; ``p`` counts the real ones among
    those.
    """
    values = np.array([score.value for score in scores])
    chance = np.mean([score.chance for score in scores], axis=0)
    mean = values.mean()
    low, high = bootstrap(values, rng) if len(values) > 1 else (None, None)
    chance_low, chance_high = interval(chance)
    return {
        "value": float(mean),
        "low": low,
        "high": high,
        "chance": float(chance.mean()),
        "chance_low": chance_low,
        "chance_high": chance_high,
        # A hair's breadth, because sums in another order differ by as much.
        "p": float((1 + (chance >= mean - 1e-9).sum()) / (1 + len(chance))),
        "speakers": len(values),
    }
