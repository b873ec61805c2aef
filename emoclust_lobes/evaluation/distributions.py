"""How near predicted distributions come to the votes of annotators."""

import numpy as np
from emoclust_lobes.evaluation.metrics import emotion_metrics
from scipy.special import rel_entr


def plurality_places(counts):
    """Return the class with most votes, [n], -1 of a tie or without votes."""
    counts = np.asarray(counts, dtype=float)
    most = counts.max(axis=1, keepdims=True)
    alone = (counts == most).sum(axis=1) == 1
    return np.where(alone, counts.argmax(axis=1), -1)


def jensen_shannon(first, second):
    """Return Jensen-Shannon divergences of distributions [n, classes], in bits.

    0 of equal ones, 1 of those that share no class. (The square root is the
    distance.)
    """
    middle = (first + second) / 2
    both = rel_entr(first, middle) + rel_entr(second, middle)
    return both.sum(axis=1) / (2 * np.log(2))


def distribution_metrics(counts, probabilities, prediction=None):
    """Score predicted distributions by the votes of annotators.

    Arguments
    ---------
    counts : numpy.ndarray
        Votes, shape [n, classes]; every utterance has some.
    probabilities : numpy.ndarray
        What was predicted, shape [n, classes]; rows sum to 1.
    prediction : sequence of int or None
        The class that is decided for, [n]; usually the most probable.

    Returns
    -------
    dict
        Means over the utterances: ``js`` (see ``jensen_shannon``),
        ``cross_entropy`` of the shares of the votes (in nats) and
        ``soft_accuracy``, the share of the annotators who voted for the
        prediction. ``n_voted`` counts the utterances,
        ``without_plurality`` those whose first class is a tie.

    Example
    -------
    >>> scores = distribution_metrics(
    ...     np.array([[3.0, 1.0], [1.0, 1.0]]), np.array([[0.75, 0.25]] * 2)
    ... )
    >>> scores["soft_accuracy"], scores["without_plurality"]
    (0.625, 1)
    """
    counts = np.asarray(counts, dtype=float)
    predicted = np.asarray(probabilities, dtype=float)
    totals = counts.sum(axis=1, keepdims=True)
    if len(counts) == 0 or not totals.all():
        raise ValueError("there are utterances without votes to score by")
    shares = counts / totals
    predicted = predicted / predicted.sum(axis=1, keepdims=True)
    logs = np.log(predicted.clip(min=np.finfo(np.float32).tiny))
    first = predicted.argmax(axis=1) if prediction is None else prediction
    return {
        "js": float(jensen_shannon(shares, predicted).mean()),
        "cross_entropy": float(-(shares * logs).sum(axis=1).mean()),
        "soft_accuracy": float(shares[np.arange(len(first)), first].mean()),
        "n_voted": len(counts),
        "without_plurality": int((plurality_places(counts) < 0).sum()),
    }


def plurality_metrics(truth, prediction, classes):
    """Score by the pluralities alone, if any: ``emotion_metrics``."""
    known = np.asarray(truth) != ""
    if not known.any():
        return {}
    return emotion_metrics(
        np.asarray(truth)[known], np.asarray(prediction)[known], classes
    )
