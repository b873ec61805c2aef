"""People who listen to synthetic speech, and do not agree on what they hear."""

# Arousal, valence, dominance, from 0 to 1
_PLACES = {
    "ang": (0.85, 0.15, 0.8),
    "dis": (0.6, 0.25, 0.6),
    "fea": (0.7, 0.25, 0.25),
    "hap": (0.75, 0.85, 0.65),
    "neu": (0.4, 0.5, 0.5),
    "sad": (0.2, 0.2, 0.25),
    "sur": (0.8, 0.6, 0.45),
}


def rate(emotion, n, highest, rng):
    """Draw [n, 3] ratings of arousal, valence, dominance from 1 to ``highest``."""
    place = 1 + (highest - 1) * rng.normal(_PLACES[emotion], 0.15, (n, 3))
    return place.round().clip(1, highest).astype(int)


def choose(label, others, n, rng):
    """Draw what n people hear, most of them ``label``; None: all something else."""
    order = [others[i] for i in rng.permutation(len(others))]
    if label is None:
        return order[:n]
    n_agree = rng.integers(n // 2 + 1, n + 1)
    return [label] * n_agree + [x for x in order if x != label][: n - n_agree]
