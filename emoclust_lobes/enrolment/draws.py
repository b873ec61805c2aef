"""Which of a speaker's utterances are enrolled to score another one."""

import hashlib

import numpy as np

ALL = "all"


def draw_enrolled(ids, speakers, count, seed):
    """Draw who is enrolled to score each utterance, bool [n, n], by row.

    Draws depend on the seed and the speaker's utterances alone, not on the
    order of the rows, and those for a smaller count are among those for a
    larger one, of which ``"all"`` is the largest.
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
