"""Annotations of the rows of a manifest as arrays."""

import numpy
from data_prep.annotations.votes import read_votes


def vote_counts(votes, classes):
    """Count the votes of utterances: [utterances, classes], float, 0 without votes.

    Arguments
    ---------
    votes : sequence of str
        The column ``votes`` of a manifest.
    classes : sequence of str
        The class set, in order; votes for others are ignored.

    Example
    -------
    >>> vote_counts(["ang:3|fru:5", ""], ["ang", "hap"])
    array([[3., 0.],
           [0., 0.]])
    """
    read = {text: read_votes(text) for text in set(votes)}
    rows = {x: [v.get(name, 0) for name in classes] for x, v in read.items()}
    counts = numpy.array([rows[text] for text in votes], dtype=float)
    return counts.reshape(len(votes), len(classes))


def ratings(table, dimensions):
    """Return [utterances, dimensions] ratings of a manifest; NaN where none is."""
    cells = table[list(dimensions)].replace("", "nan")
    return cells.astype(float).to_numpy()
