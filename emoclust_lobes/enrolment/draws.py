"""Which of a speaker's utterances are enrolled to score another one."""

import hashlib

import numpy as np
import pandas

ALL = "all"


def draw_enrolled(ids, speakers, count, seed):
    """Yield each row, in any order, and the rows that are enrolled for it.

    Draws depend on the seed and the speaker's utterances alone, not on the
    order of the rows, and those for a smaller count are among those for a
    larger one, of which ``"all"`` is the largest.
    """
    ids = np.asarray(ids)
    for rows in _speaker_rows(speakers):
        rows = rows[ids[rows].argsort()]
        for row in rows:
            others = rows[rows != row]
            if count != ALL:
                key = f"{seed}|enrol|{ids[row]}".encode()
                digest = hashlib.sha256(key).digest()
                rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
                others = rng.permutation(others)[:count]
            yield row, others


def enrolled_moments(vectors, ids, speakers, count, seed):
    """Count, mean and variance of the vectors that are enrolled for each row.

    Of vectors [n, dim]: shapes [n, 1], [n, dim] and [n, dim], zeros where none
    is. Computed in float64, and in memory that grows with n alone.
    """
    counts = np.zeros((len(vectors), 1))
    means, variances = np.zeros_like(vectors), np.zeros_like(vectors)
    if count != ALL:
        for row, chosen in draw_enrolled(ids, speakers, count, seed):
            counts[row] = len(chosen)
            if len(chosen):
                enrolled = vectors[chosen].astype(np.float64)
                means[row] = enrolled.mean(axis=0)
                variances[row] = enrolled.var(axis=0)
        return counts, means, variances
    for rows in _speaker_rows(speakers):
        n = counts[rows] = len(rows) - 1
        if n == 0:
            continue
        # What is left of the speaker's sums without the row's own vector;
        # around their mean, for which squares lose no digits
        own = vectors[rows].astype(np.float64)
        center = own.mean(axis=0)
        own -= center
        left = (own.sum(axis=0) - own) / n
        means[rows] = left + center
        np.square(own, out=own)
        squares = (own.sum(axis=0) - own) / n
        variances[rows] = np.maximum(squares - np.square(left), 0)
    return counts, means, variances


def _speaker_rows(speakers):
    """Rows of each speaker."""
    speakers = np.asarray(speakers)
    return pandas.Series(speakers).groupby(speakers).indices.values()
