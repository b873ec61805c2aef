"""Uncertainty and significance of a protocol's results.

Two kinds of chance are told apart. The *interval* resamples the test
speakers, the trained models as they are: how much would other speakers change
the number? The *p-value* compares runs, which also differ in what they were
trained on and from which seed.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.stats
from emoclust_lobes.evaluation.bootstrap import recalls_of, speaker_interval
from emoclust_lobes.protocol.schema import parse_hits


class Difference(NamedTuple):
    """How much more UAR one condition has than another.

    ``low`` and ``high`` are the 95 % interval, ``p`` is two-sided and not
    corrected for many comparisons, ``pairs`` counts the runs that both have.
    What cannot be told is NaN.
    """

    value: float
    low: float
    high: float
    p: float
    pairs: int


NOTHING = Difference(np.nan, np.nan, np.nan, np.nan, 0)


def uar_interval(speakers, condition, n_draws=2000, seed=0):
    """Say how much other test speakers would change a UAR.

    The speakers are drawn with replacement, as many as there are. Each class
    has one recall over all that are drawn, in all folds, and the UAR is the
    mean of the recalls (utterances count with their mean over the seeds). The
    interval holds the middle 95 % of the draws (percentile bootstrap; Efron
    and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13).

    Arguments
    ---------
    speakers : pandas.DataFrame
        From ``read_results``.
    condition : Condition
        Whose UAR.
    n_draws, seed : int
        Of the bootstrap.

    Returns
    -------
    low, high : float
        NaN with fewer than two speakers.

    Example
    -------
    >>> from emoclust_lobes.protocol.schema import Condition
    >>> from emoclust_lobes.synthetic.results import made_up_results
    >>> results = made_up_results(getfixture("tmp_path"))
    >>> low, high = uar_interval(results.speakers, Condition("contrastive"))
    >>> 0.5 < low < high < 0.9
    True
    """
    hits = _speaker_hits(condition.of(speakers))
    return speaker_interval(len(hits), n_draws, seed, lambda x: _uars(hits, x))


def paired_difference(
    runs,
    speakers,
    system,
    baseline,
    deterministic=(),
    n_draws=2000,
    seed=0,
):
    """Compare two conditions over the runs (fold, seed) that both have.

    The value is the mean over folds of the mean difference over a fold's
    seeds. The interval is that of ``uar_interval``, for the difference, with
    the same draws for both. The p-value is that of ``corrected_t_test``, with
    the sizes of the first condition's test sets and of what it would be
    trained on with all labels. Where no seed changes one of the conditions,
    its only run in a fold is compared with the mean over the other's seeds.

    Arguments
    ---------
    runs, speakers : pandas.DataFrame
        From ``read_results``.
    system, baseline : Condition
        The UAR of the first less that of the second is told.
    deterministic : sequence of str
        Systems that no seed changes where they are given all labels.
    n_draws, seed : int
        Of the bootstrap.

    Returns
    -------
    Difference
        All NaN where they have no run in common, or are the same.

    Example
    -------
    >>> from emoclust_lobes.protocol.schema import Condition
    >>> from emoclust_lobes.synthetic.results import made_up_results
    >>> results = made_up_results(getfixture("tmp_path"))
    >>> difference = paired_difference(
    ...     results.runs,
    ...     results.speakers,
    ...     Condition("contrastive"),
    ...     Condition("none"),
    ... )
    >>> difference.pairs, 0 < difference.low < difference.value
    (6, True)
    """
    ours, theirs = (x.of(runs) for x in (system, baseline))
    run = ["fold", "seed"]
    if any(
        x.system in deterministic and x.labels == 1 for x in (system, baseline)
    ):
        run = ["fold"]
        ours, theirs = (
            x.groupby(run)[["uar", "n", "n_train"]].mean().reset_index()
            for x in (ours, theirs)
        )
    pairs = ours.merge(
        theirs[[*run, "uar"]], on=run, suffixes=("", "_baseline")
    )
    if pairs.empty or system == baseline:
        return NOTHING
    pairs["difference"] = pairs["uar"] - pairs["uar_baseline"]
    ours, theirs = (
        _speaker_hits(x.of(speakers).merge(pairs[run], on=run))
        for x in (system, baseline)
    )
    low, high = speaker_interval(
        len(ours), n_draws, seed, lambda x: _uars(ours, x) - _uars(theirs, x)
    )
    return Difference(
        value=float(pairs.groupby("fold")["difference"].mean().mean()),
        low=low,
        high=high,
        p=corrected_t_test(
            pairs["difference"],
            # How much training sets overlap has nothing to do with how many
            # of their labels are given
            (system.labels * pairs["n"] / pairs["n_train"]).mean(),
        ),
        pairs=len(pairs),
    )


def corrected_t_test(differences, test_share):
    """Test whether differences between paired runs have mean zero.

    Runs of a cross-validation are not independent, for their training sets
    overlap: a plain t-test finds too much. The corrected resampled t-test
    (Nadeau and Bengio, "Inference for the generalization error", Machine
    Learning 52, 2003) uses

        t = mean(d) / sqrt((1 / J + n_test / n_train) * var(d))

    with var of the sample, against Student's t with J - 1 degrees of freedom.
    J runs of repeated folds enter alike (Bouckaert and Frank, "Evaluating the
    replicability of significance tests", PAKDD 2004).

    Arguments
    ---------
    differences : array-like
        One a pair of runs, shape [J].
    test_share : float
        n_test / n_train; 0 gives the plain paired t-test.

    Returns
    -------
    float
        Two-sided p-value; NaN for fewer than two pairs, 1 where all
        differences are zero.

    Example
    -------
    >>> round(corrected_t_test([0.02, 0.04, 0.03], 0.5), 3)
    0.081
    """
    differences = np.asarray(differences, dtype=float)
    if len(differences) < 2:
        return np.nan
    if not differences.any():
        return 1.0
    variance = differences.var(ddof=1)
    scale = np.sqrt((1 / len(differences) + test_share) * variance)
    t = np.divide(abs(differences.mean()), scale) if scale > 0 else np.inf
    return float(2 * scipy.stats.t.sf(t, len(differences) - 1))


def holm(p_values):
    """Correct p-values for their number.

    With the p-values in rising order, the corrected i-th of m is the largest
    of min(1, (m - j + 1) p_j) over j <= i (Holm, "A simple sequentially
    rejective multiple test procedure", Scandinavian Journal of Statistics 6,
    1979).

    Arguments
    ---------
    p_values : array-like
        Shape [n]; NaN is no comparison and stays.

    Returns
    -------
    numpy.ndarray
        Shape [n].

    Example
    -------
    >>> holm([0.04, 0.01, float("nan")])
    array([0.04, 0.02,  nan])
    """
    p_values = np.array(p_values, dtype=float)
    order = np.argsort(p_values)[: np.isfinite(p_values).sum()]
    factors = np.arange(len(order), 0, -1)
    p_values[order] = np.minimum(
        np.maximum.accumulate(factors * p_values[order]), 1
    )
    return p_values


def _speaker_hits(rows):
    """Right and all utterances, [speakers, classes, 2], the mean over seeds.

    Speakers are sorted by name, so that two systems share their draws.
    """
    hits = parse_hits(rows["hits"])
    flat = pd.DataFrame(hits.reshape(len(rows), -1), index=rows.index)
    per_fold = flat.groupby([rows["fold"], rows["speaker"]]).mean()
    per_speaker = per_fold.groupby(level="speaker").sum()
    return per_speaker.to_numpy().reshape(-1, *hits.shape[1:])


def _uars(hits, draws):
    """UAR of each draw, shape [draws]; a class that none has does not count."""
    right, total = np.moveaxis(np.tensordot(draws, hits, axes=1), -1, 0)
    return np.nanmean(recalls_of(right, total), axis=1)
