"""What other test speakers would change: scores of speakers drawn anew."""

import numpy as np
from emoclust_lobes.evaluation.metrics import interval


def speaker_interval(n_speakers, n_draws, seed, statistic):
    """Return the middle 95 % of a statistic of how often each speaker is drawn.

    As many are drawn as there are; ``statistic`` maps [draws, speakers] to
    [draws]. Below two speakers both ends are NaN.
    """
    if n_speakers < 2:
        return np.nan, np.nan
    rng = np.random.default_rng(seed)
    shares = np.full(n_speakers, 1 / n_speakers)
    return interval(statistic(rng.multinomial(n_speakers, shares, n_draws)))


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
