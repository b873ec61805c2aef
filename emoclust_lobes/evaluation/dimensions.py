"""How well arousal, valence and dominance are predicted."""

import numpy as np


def concordance(truth, predicted) -> float | None:
    """Return the concordance correlation coefficient (CCC).

    ``2 s_xy / (s_x^2 + s_y^2 + (m_x - m_y)^2)`` with the moments of the sample,
    divided by n (Lin, A Concordance Correlation Coefficient to Evaluate
    Reproducibility, Biometrics 1989): 1 where both are equal everywhere.

    Arguments
    ---------
    truth, predicted : sequence of float
        One number per utterance.

    Returns
    -------
    float or None
        From -1 to 1; ``None`` where both are the same constant.

    Example
    -------
    >>> round(concordance([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]), 3)
    0.571
    """
    x, y = np.asarray(truth, dtype=float), np.asarray(predicted, dtype=float)
    if len(x) == 0:
        raise ValueError("there are no utterances to score")
    both = np.mean((x - x.mean()) * (y - y.mean()))
    apart = x.var() + y.var() + (x.mean() - y.mean()) ** 2
    return float(2 * both / apart) if apart > 0 else None


def dimension_metrics(truth, predicted, names, speakers):
    """Score predicted dimensions, arrays [n, dimensions].

    Returns ``ccc`` by dimension, ``mean_ccc``, ``speaker_ccc`` (by speaker,
    the mean over the dimensions) and ``n_rated``. A CCC that is not defined
    counts as 0; speakers with one utterance are left out.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    speakers = np.asarray(speakers)

    def columns(rows):
        pairs = zip(truth[rows].T, predicted[rows].T, strict=True)
        return [concordance(x, y) or 0.0 for x, y in pairs]

    every = columns(np.ones(len(truth), dtype=bool))
    members = {name: speakers == name for name in np.unique(speakers)}
    return {
        "ccc": dict(zip(names, every, strict=True)),
        "mean_ccc": float(np.mean(every)),
        "speaker_ccc": {
            str(name): float(np.mean(columns(rows)))
            for name, rows in members.items()
            if rows.sum() > 1
        },
        "n_rated": len(truth),
    }
