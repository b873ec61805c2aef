"""Who speaks: spectral clustering of the voices in short windows.

The parts are SpeechBrain's, as in its AMI recipe: cosine similarities of speaker
vectors, pruned, and the gap between eigenvalues, which tells how many speak.
"""

import importlib
import warnings

import numpy as np
from emoclust_lobes.turns.turn import Turn
from sklearn.cluster import KMeans
from sklearn.preprocessing import normalize

WINDOW, HOP = 1.5, 0.75  # seconds
# The work grows with the third power: of longer recordings, so many windows
# are clustered, from beginning to end, and the others join them.
MOST = 1500
SEED = 1986


class SpeakerFinder:
    """Tells apart the voices of a recording.

    Arguments
    ---------
    number : int or None
        How many people speak; found out without.
    most : int
        No more people are looked for, where their number is not known.
    share : float
        So many of the similarities of a window are kept, the largest.
    same : float
        Two voices with a cosine similarity above it are one person, where
        their number is not known.

    Example
    -------
    >>> a, b = np.eye(2)
    >>> vectors = np.array([a, a, b, b, a, a, b, b] * 3)
    >>> SpeakerFinder(number=2).labels(vectors).tolist()[:4]
    [0, 0, 1, 1]
    """

    def __init__(self, number=None, most=8, share=0.15, same=0.55):
        self.number = number
        self.most = most
        self.share = share
        self.same = same

    def labels(self, vectors):
        """Number the speakers of windows [n, dim] by their first appearance."""
        vectors = normalize(vectors)
        chosen = np.arange(len(vectors))
        if len(vectors) > MOST:
            chosen = np.linspace(0, len(vectors) - 1, MOST).round().astype(int)
        found = self._merged(vectors[chosen], self._cluster(vectors[chosen]))
        centers = normalize(
            [vectors[chosen][found == x].mean(axis=0) for x in np.unique(found)]
        )
        labels = (vectors @ centers.T).argmax(axis=1)
        _, first = np.unique(labels, return_index=True)
        order = {labels[at]: n for n, at in enumerate(sorted(first))}
        return np.array([order[label] for label in labels])

    def _cluster(self, vectors):
        if len(vectors) < 2 or self.number == 1:
            return np.zeros(len(vectors), dtype=int)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the old place, in 1.1
            diarization = importlib.import_module(
                "speechbrain.processing.diarization"
            )
        most = min(self.most, len(vectors) - 1)
        parts = diarization.Spec_Clust_unorm(2, max(2, most))
        share = max(self.share, min(1.0, 6 / len(vectors)))
        pruned = parts.p_pruning(parts.get_sim_mat(vectors), share)
        laplacian = parts.get_laplacian((pruned + pruned.T) / 2)
        number = self.number and min(self.number, len(vectors))
        embedded, number = parts.get_spec_embs(laplacian, number)
        # Theirs starts somewhere else each time
        return KMeans(number, n_init=10, random_state=SEED).fit_predict(
            embedded
        )

    def _merged(self, vectors, labels):
        """Merge voices that are alike, where the number is not known."""
        while self.number is None and labels.max() > 0:
            present = np.unique(labels)
            centers = normalize(
                [vectors[labels == label].mean(axis=0) for label in present]
            )
            alike = centers @ centers.T - 2 * np.eye(len(centers))
            one, other = np.unravel_index(alike.argmax(), alike.shape)
            if alike[one, other] < self.same:
                break
            labels = np.where(labels == present[one], present[other], labels)
            _, labels = np.unique(labels, return_inverse=True)
        return labels


def turns_of_windows(windows, labels, stretches, pause):
    """Make turns of the windows (start, end, stretch) and their speakers.

    Within a stretch of speech (start, end), the speaker changes in the middle of
    the overlap of two windows. Neighboring turns of a speaker with less than a
    ``pause`` between them are one.
    """
    turns: list[Turn] = []
    for number, (start, end) in enumerate(stretches):
        inside = [
            (window, label)
            for window, label in zip(windows, labels, strict=True)
            if window[2] == number
        ]
        border = start
        for at, (window, label) in enumerate(inside):
            after = end
            if at + 1 < len(inside):
                after = (window[1] + inside[at + 1][0][0]) / 2
            turns.append(Turn(border, after, f"S{label + 1}"))
            border = after
    merged: list[Turn] = []
    for turn in turns:
        last = merged[-1] if merged else None
        if (
            last
            and last.speaker == turn.speaker
            and turn.start - last.end < pause
        ):
            merged[-1] = last._replace(end=turn.end)
        else:
            merged.append(turn)
    return merged
