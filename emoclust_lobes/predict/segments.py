"""From overlapping windows to a time line without overlap."""

import itertools
from typing import NamedTuple

import numpy as np


class Segment(NamedTuple):
    """A part of a recording with one emotion.

    Arguments
    ---------
    start, end : float
        Where it lies, in seconds.
    emotion : str
        The emotion that is most probable in each of its windows.
    probabilities : dict
        Class -> mean of its windows' probabilities.
    windows : int
        How many windows it was merged from.

    Example
    -------
    >>> Segment(0.0, 1.5, "ang", {"ang": 0.9, "sad": 0.1}, windows=1).emotion
    'ang'
    """

    start: float
    end: float
    emotion: str
    probabilities: dict
    windows: int


def most_probable(probabilities, weights=None):
    """Return the class with the highest probability, the first of equals.

    With the ``weights`` of a ``FilePrediction``, times these.
    """
    weighed = {
        x: p * (weights or {}).get(x, 1) for x, p in probabilities.items()
    }
    return max(weighed, key=weighed.get)


def mean_probabilities(windows):
    """Average the probabilities of windows (start, end, class -> probability)."""
    return {
        name: float(np.mean([each[name] for _, _, each in windows]))
        for name in windows[0][2]
    }


def mean_dimensions(rated):
    """Average the ratings of windows, dimension -> number each; of none {}."""
    names = rated[0] if rated else ()
    return {x: float(np.mean([each[x] for each in rated])) for x in names}


def window_borders(windows):
    """Return where windows meet in the middle of their overlap, and both ends."""
    middles = [
        (left[1] + right[0]) / 2 for left, right in itertools.pairwise(windows)
    ]
    return [windows[0][0], *middles, windows[-1][1]]


def merge_windows(windows, weights=None):
    """Merge neighboring windows that have the same emotion.

    Where two windows overlap, each has the half that is nearer to its center:
    a moment belongs to the window in whose middle it is best.

    Arguments
    ---------
    windows : sequence of (float, float, dict)
        Start and end in seconds, and class -> probability; in their order,
        without gaps.
    weights : dict or None
        See ``FilePrediction``.

    Returns
    -------
    list of Segment
        From the start of the first window to the end of the last.

    Example
    -------
    >>> angry, sad = {"ang": 0.9, "sad": 0.1}, {"ang": 0.3, "sad": 0.7}
    >>> for segment in merge_windows([(0, 2, angry), (1, 3, sad), (2, 4, sad)]):
    ...     print(segment.start, segment.end, segment.emotion, segment.windows)
    0 1.5 ang 1
    1.5 4 sad 2
    """
    borders = window_borders(windows)
    segments, first = [], 0
    for emotion, neighbors in itertools.groupby(
        windows, lambda each: most_probable(each[2], weights)
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
