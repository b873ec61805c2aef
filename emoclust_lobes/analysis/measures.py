"""Agreement of clusters with labels, beside its chance level."""

from typing import NamedTuple

import numpy as np
from emoclust_lobes.clustering.agreement import agreement
from emoclust_lobes.clustering.algorithms import silhouette
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
    """A value and what random clusters of the same sizes give instead.

    Example
    -------
    >>> Scores(0.5, np.array([0.1, 0.2])).value
    0.5
    """

    value: float
    chance: np.ndarray


def silhouettes(vectors, clusters):
    """Mean silhouette, by cosine distance, of many permutations of clusters.

    Arguments
    ---------
    vectors : numpy.ndarray
        Of length one or zero, shape [n, dim].
    clusters : numpy.ndarray
        Numbered from 0, at least two, shape [permutations, n]; each row holds
        the same values in another order.

    Returns
    -------
    numpy.ndarray
        Shape [permutations].

    Example
    -------
    >>> silhouettes(np.repeat(np.eye(2), 2, axis=0), np.array([[0, 0, 1, 1]]))
    array([1.])
    """
    return np.array([silhouette(vectors, row) for row in clusters])


def compare(labels, clusters, shuffled):
    """Compare clusters with labels where these are known.

    Arguments
    ---------
    labels : numpy.ndarray
        Text, "" where a label is not known, shape [n].
    clusters : numpy.ndarray
        Cluster of each utterance, shape [n].
    shuffled : numpy.ndarray
        Random orders of 0 ... n - 1, shape [permutations, n].

    Returns
    -------
    dict or None
        Measure -> ``Scores``; None where all known labels or clusters are the
        same, so that there is nothing to agree with.

    Example
    -------
    >>> orders = np.array([[0, 2, 1, 3], [3, 1, 2, 0]])
    >>> labels = np.array(["a", "a", "b", "b"])
    >>> compare(labels, np.array([0, 0, 1, 1]), orders)["ari"]
    Scores(value=1.0, chance=array([-0.5, -0.5]))
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


def summarize_speakers(scores, rng, n_resamples=1000):
    """Average over speakers, with two 95 % intervals.

    Arguments
    ---------
    scores : list of Scores
        One per speaker.
    rng : numpy.random.Generator
        For the resamples.
    n_resamples : int
        How many draws of as many speakers give the interval of the mean.

    Returns
    -------
    dict
        ``value``: the mean. ``low`` and ``high``: its percentile bootstrap
        interval over speakers, None for one speaker. ``chance``,
        ``chance_low`` and ``chance_high``: mean and interval of the mean over
        speakers of random clusters. ``p``: share of random clusters that do
        as well, the real ones counted among them. ``speakers``.

    Example
    -------
    >>> scores = [Scores(0.5, np.zeros(99)), Scores(1.0, np.zeros(99))]
    >>> summary = summarize_speakers(scores, np.random.default_rng(1))
    >>> summary["value"], summary["chance"], summary["p"]
    (0.75, 0.0, 0.01)
    """
    values = np.array([score.value for score in scores])
    chance = np.mean([score.chance for score in scores], axis=0)
    mean = values.mean()
    low = high = None
    if len(values) > 1:
        draws = rng.integers(len(values), size=(n_resamples, len(values)))
        low, high = interval(values[draws].mean(axis=1))
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
