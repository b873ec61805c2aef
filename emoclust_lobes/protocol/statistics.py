"""Uncertainty and significance of a protocol's results.

Three kinds of chance are told apart. One interval resamples the test
*speakers*, the trained models as they are: how much would other speakers change
the number? One resamples the *seeds*, too: how much would other trainings? And
one compares the *folds*, which also differ in whom they were trained on.
"""

from typing import NamedTuple

import numpy as np
import scipy.stats
from emoclust_lobes.evaluation.bootstrap import (
    UNKNOWN,
    drawn_interval,
    drawn_uars,
)

LEVEL = 0.05
POWER = 0.8


class Difference(NamedTuple):
    """How much more UAR one condition has than another.

    ``low`` and ``high`` are the 95 % interval over test speakers,
    ``over_seeds`` that over speakers and seeds, ``over_folds`` that over
    folds, of which ``p`` is the two-sided p-value, not corrected for many
    comparisons; ``pairs`` counts the runs that both have. ``detectable`` is
    the smallest difference that would be found four times in five, over folds
    and over speakers. What cannot be told is NaN.
    """

    value: float
    low: float
    high: float
    p: float
    pairs: int
    over_seeds: tuple = UNKNOWN
    over_folds: tuple = UNKNOWN
    detectable: tuple = UNKNOWN

    @property
    def holds(self):
        """Whether all three intervals are clear of zero, on one side."""
        ends = [self.low, self.high, *self.over_seeds, *self.over_folds]
        return (
            min(ends) > 0 or max(ends) < 0 if np.isfinite(ends).all() else False
        )


NOTHING = Difference(np.nan, np.nan, np.nan, np.nan, 0)


def uar_interval(speakers, condition, n_draws=2000, seed=0):
    """Say how much other test speakers would change a UAR: low, high.

    The speakers are drawn with replacement, as many as there are. Each class
    has one recall over all that are drawn, in all folds, and the UAR is the
    mean of the recalls (utterances count with their mean over the seeds). The
    interval holds the middle 95 % of the draws (percentile bootstrap; Efron and
    Tibshirani, "An introduction to the bootstrap", 1993, chapter 13), NaN below
    two speakers.
    """
    draws = drawn_uars([condition.of(speakers)], n_draws, seed)
    return drawn_interval(None if draws is None else draws[0])


def paired_difference(
    runs, speakers, system, baseline, deterministic=(), n_draws=2000, seed=0
):
    """Compare two conditions over the runs (fold, seed) that both have.

    The value is the mean over folds of the mean difference over a fold's
    seeds; intervals over speakers, and over speakers and seeds, draw the same
    for both; that over folds is of ``corrected_t``. Where no seed changes a
    condition (``deterministic``, given all labels), its only run in a fold is
    compared with the mean over the other's seeds.

    The smallest detectable difference is (q(.975) + q(.8)) SE with the
    quantiles q and the standard error of Student's t over the folds, or of the
    normal law and the draws of speakers (Bloom, "Minimum detectable effects",
    Evaluation Review 19, 1995). All is NaN without a run in common, or where
    both are the same.
    """
    both = (system, baseline)
    fixed = [x.system in deterministic and x.labels == 1 for x in both]
    ours, theirs = (x.of(runs) for x in both)
    run = ["fold", "seed"]
    if any(fixed):
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
    per_fold = pairs.groupby("fold")["difference"].mean()
    # How much training sets overlap has nothing to do with how many of their
    # labels are given
    test_share = (system.labels * pairs["n"] / pairs["n_train"]).mean()
    test = corrected_t(per_fold, test_share)
    rows = [x.of(speakers).merge(pairs[run], on=run) for x in both]
    draws, seeds_too = (
        None if uars is None else uars[0] - uars[1]
        for uars in (
            drawn_uars(rows, n_draws, seed),
            drawn_uars(rows, n_draws, seed, fixed),
        )
    )
    quantile = sum(map(scipy.stats.norm.ppf, (1 - LEVEL / 2, POWER)))
    spread = np.nan if draws is None else draws.std(ddof=1)
    low, high = drawn_interval(draws)
    return Difference(
        value=float(per_fold.mean()),
        low=low,
        high=high,
        p=test.p,
        pairs=len(pairs),
        over_seeds=drawn_interval(seeds_too),
        over_folds=(test.low, test.high),
        detectable=(test.detectable, float(quantile * spread)),
    )


class FoldTest(NamedTuple):
    """What the folds say of a difference: see ``corrected_t``."""

    low: float
    high: float
    p: float
    detectable: float


def corrected_t(differences, test_share):
    """Say what paired folds tell of a mean difference: a ``FoldTest``.

    Folds of a cross-validation are not independent, for their training sets
    overlap: a plain t-test finds too much. The corrected resampled t-test
    (Nadeau and Bengio, "Inference for the generalization error", Machine
    Learning 52, 2003) uses

        t = mean(d) / sqrt((1 / J + n_test / n_train) * var(d))

    against Student's t with J - 1 degrees of freedom, for J differences, one a
    fold; ``test_share`` is n_test / n_train. Two-sided p-value (1 where all
    differences are zero), 95 % interval, and the smallest difference that is
    found with a power of .8; NaN for fewer than two folds.
    """
    differences = np.asarray(differences, dtype=float)
    if len(differences) < 2:
        return FoldTest(np.nan, np.nan, np.nan, np.nan)
    variance = differences.var(ddof=1)
    scale = float(np.sqrt((1 / len(differences) + test_share) * variance))
    law = scipy.stats.t(len(differences) - 1)
    mean = float(differences.mean())
    p = float(2 * law.sf(abs(mean) / scale)) if scale > 0 else float(mean == 0)
    surely = law.ppf(1 - LEVEL / 2)
    return FoldTest(
        low=mean - surely * scale,
        high=mean + surely * scale,
        p=p,
        detectable=(surely + law.ppf(POWER)) * scale,
    )


def holm(p_values):
    """Correct p-values [n] for their number; NaN is no comparison and stays.

    With the p-values in rising order, the corrected i-th of m is the largest of
    min(1, (m - j + 1) p_j) over j <= i (Holm, "A simple sequentially rejective
    multiple test procedure", Scandinavian Journal of Statistics 6, 1979).
    """
    p_values = np.array(p_values, dtype=float)
    order = np.argsort(p_values)[: np.isfinite(p_values).sum()]
    factors = np.arange(len(order), 0, -1)
    p_values[order] = np.minimum(
        np.maximum.accumulate(factors * p_values[order]), 1
    )
    return p_values
