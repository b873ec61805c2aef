"""Which of a speaker's utterances are enrolled to score another one."""

import hashlib

import numpy as np

ALL = "all"


def draw_enrolled(ids, speakers, count, seed):
    """Draw the utterances that are enrolled to score each utterance.

    Draws depend on the seed and the speaker's utterances alone, not on the
    order of the rows, and those for a smaller number are among those for a
    larger one.

    Arguments
    ---------
    ids, speakers : sequence of str
        Of all utterances of a split, shape [n].
    count : int or str
        How many of the speaker's other utterances, or ``"all"``.
    seed : int
        Seed of the run.

    Returns
    -------
    numpy.ndarray
        Bool, shape [n, n]: row a holds what is enrolled for utterance a,
        never itself.

    Example
    -------
    >>> draw_enrolled(["a", "b", "c"], ["s", "s", "t"], "all", 1).tolist()
    [[False, True, False], [True, False, False], [False, False, False]]
    """
    ids, speakers = np.asarray(ids), np.asarray(speakers)
    enrolled = np.zeros((len(ids), len(ids)), dtype=bool)
    by_name = ids.argsort()
    for row, name in enumerate(ids):
        others = by_name[speakers[by_name] == speakers[row]]
        others = others[others != row]
        digest = hashlib.sha256(f"{seed}|enrol|{name}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        order = rng.permutation(others)
        enrolled[row, order if count == ALL else order[:count]] = True
    return enrolled
