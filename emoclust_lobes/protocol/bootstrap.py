"""Bootstrap of UARs over test speakers, and over the seeds of a fold."""

import numpy as np
from emoclust_lobes.evaluation.metrics import interval
from emoclust_lobes.protocol.schema import parse_hits

UNKNOWN = (np.nan, np.nan)


def drawn_uars(tables, n_draws, seed, fixed=None):
    """Draw speakers with replacement: UARs [draws] of each of some tables.

    The tables hold rows of ``speakers.csv``, one condition each, of the same
    speakers; all see the same draws. Utterances count with their mean over
    the seeds of a fold. With ``fixed``, a bool for each table, the seeds of
    tables that are not fixed are drawn, too, in each fold for itself: of n
    seeds n - 1 with replacement, which gives their mean its variance without
    bias, where n draws would give (n - 1) / n of it (Rao and Wu, "Resampling
    inference with complex survey data", Journal of the American Statistical
    Association 83, 1988). Returns None where that cannot be told: with fewer
    than two speakers, or one seed of a fold.
    """
    names = np.unique(np.concatenate([x["speaker"] for x in tables]))
    if len(names) < 2:
        return None
    rng = np.random.default_rng(seed)
    shares = np.full(len(names), 1 / len(names))
    counts = rng.multinomial(len(names), shares, n_draws)
    uars = []
    for place, table in enumerate(tables):
        if fixed is None or fixed[place]:
            per_fold = table.groupby("fold")["seed"]
            weights = 1 / per_fold.transform("nunique").to_numpy()[None]
        else:
            weights = _seed_weights(table, n_draws, seed)
            if weights is None:
                return None
        own = np.searchsorted(names, table["speaker"])
        hits = parse_hits(table["hits"])
        uars.append(_uars(hits, counts[:, own] * weights))
    return uars


def drawn_interval(draws):
    """Return the 95 % interval of draws, NaN where there are none."""
    return UNKNOWN if draws is None else interval(draws)


def _seed_weights(table, n_draws, seed):
    """Weight of each row, [draws, rows]: how often its seed is drawn.

    The draws of a fold are the same for each table with as many seeds.
    """
    weights = np.empty((n_draws, len(table)))
    for fold, rows in table.groupby("fold").indices.items():
        seeds, own = np.unique(
            table["seed"].to_numpy()[rows], return_inverse=True
        )
        n = len(seeds)
        if n < 2:
            return None
        rng = np.random.default_rng([seed, fold])
        drawn = rng.multinomial(n - 1, np.full(n, 1 / n), n_draws) / (n - 1)
        weights[:, rows] = drawn[:, own]
    return weights


def _uars(hits, weights):
    """UAR of each draw, shape [draws]; a class that none has does not count."""
    right, total = np.moveaxis(np.tensordot(weights, hits, axes=1), -1, 0)
    recalls = np.full(right.shape, np.nan)
    np.divide(right, total, out=recalls, where=total > 0)
    return np.nanmean(recalls, axis=1)
