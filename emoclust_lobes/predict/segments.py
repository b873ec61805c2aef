"""From overlapping windows to a time line without overlap."""

import itertools
from typing import NamedTuple

import numpy as np


class Segment(NamedTuple):
    """A part of a recording, in seconds, with one emotion in all its windows."""

    start: float
    end: float
    emotion: str
    probabilities: dict
    windows: int


class WeightedShares(dict):
    """Class -> share of the annotators; decided is by these times ``weights``.

    Of models of votes that were trained to find rare emotions as well as common
    ones, see ``emoclust_lobes.ser.Goal``.
    """

    def __init__(self, shares, weights):
        super().__init__(shares)
        self.weights = weights


def most_probable(probabilities):
    """Return the class with the highest probability, the first of equals."""
    weights = getattr(probabilities, "weights", {})
    weighed = {x: p * weights.get(x, 1) for x, p in probabilities.items()}
    return max(weighed, key=lambda name: weighed[name])


def mean_probabilities(windows):
    """Average the probabilities of windows (start, end, class -> probability)."""
    first = windows[0][2]
    means = {
        name: float(np.mean([each[name] for _, _, each in windows]))
        for name in first
    }
    weights = getattr(first, "weights", None)
    return means if weights is None else WeightedShares(means, weights)


def window_borders(windows):
    """Return where windows meet in the middle of their overlap, and both ends."""
    middles = [
        (left[1] + right[0]) / 2 for left, right in itertools.pairwise(windows)
    ]
    return [windows[0][0], *middles, windows[-1][1]]


def merge_windows(windows):
    """Merge neighboring windows that have the same emotion into Segments.

    Where two windows overlap, each has the half that is nearer to its center:
    a moment belongs to the window in whose middle it is best.
    """
    borders = window_borders(windows)
    segments, first = [], 0
    for emotion, neighbors in itertools.groupby(
        windows, lambda each: most_probable(each[2])
    ):
        group = list(neighbors)
        after = first + len(group)
        segments.append(
            Segment(
                borders[first],
                borders[after],
                emotion,
                mean_probabilities(group),
                len(group),
            )
        )
        first = after
    return segments
