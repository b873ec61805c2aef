"""What other test speakers would change: scores of speakers drawn anew."""

import numpy as np
from emoclust_lobes.evaluation.metrics import interval

UNKNOWN = (np.nan, np.nan)


def draw_speakers(n_speakers, n_draws, seed):
    """Draw as many as there are: how often each comes, [draws, speakers]."""
    rng = np.random.default_rng(seed)
    shares = np.full(n_speakers, 1 / n_speakers)
    return rng.multinomial(n_speakers, shares, n_draws)


def speaker_interval(n_speakers, n_draws, seed, statistic):
    """Return the middle 95 % of a statistic of how often each speaker is drawn.

    ``statistic`` maps [draws, speakers] to [draws]. Below two speakers both ends
    are NaN.
    """
    if n_speakers < 2:
        return UNKNOWN
    return interval(statistic(draw_speakers(n_speakers, n_draws, seed)))


def mean_interval(values, n_draws=2000, seed=0):
    """Return the interval of 95 % of a mean over speakers, [n] values."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return UNKNOWN
    size = (n_draws, len(values))
    draws = np.random.default_rng(seed).integers(len(values), size=size)
    return interval(values[draws].mean(axis=1))


def drawn_interval(draws):
    """Return the 95 % interval of draws, NaN where there are none."""
    return UNKNOWN if draws is None else interval(draws)


def drawn_uars(tables, n_draws, seed, fixed=None):
    """Draw speakers with replacement: UARs [draws] of each of some tables.

    The tables hold rows of ``speakers.csv``, one condition each, of the same
    speakers; all see the same draws. Utterances count with their mean over the
    seeds of a fold; of n seeds of a table that is not ``fixed`` n - 1 are
    drawn, too, in each fold for itself, which gives their mean its variance
    without bias (Rao and Wu, Journal of the American Statistical Association
    83, 1988). None with fewer than two speakers, or one seed of a fold.
    """
    names = np.unique(np.concatenate([x["speaker"] for x in tables]))
    if len(names) < 2:
        return None
    counts = draw_speakers(len(names), n_draws, seed)
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
        drawn = np.tensordot(counts[:, own] * weights, hits, axes=1)
        right, total = np.moveaxis(drawn, -1, 0)
        uars.append(np.nanmean(recalls_of(right, total), axis=1))
    return uars


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


def parse_hits(hits):
    """Read a column of hits: [rows, classes, 2], right and all utterances."""
    return np.array(
        [[pair.split("/") for pair in row.split()] for row in hits], dtype=int
    )


def recalls_of(right, total):
    """Divide; a class that nobody has is NaN."""
    recalls = np.full(np.shape(right), np.nan)
    return np.divide(right, total, out=recalls, where=np.asarray(total) > 0)


def confusion_scores(confusion):
    """Score confusion matrices [..., classes, classes], as ``emotion_metrics``.

    Returns ``uar, wa, macro_f1``, each of shape [...].
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    sizes, found = confusion.sum(axis=-1), confusion.sum(axis=-2)
    total = np.where(sizes > 0, sizes + found, 0)
    return {
        "uar": np.nanmean(recalls_of(hits, sizes), axis=-1),
        "wa": hits.sum(axis=-1) / sizes.sum(axis=-1),
        "macro_f1": np.nanmean(recalls_of(2 * hits, total), axis=-1),
    }
