"""Who speaks: spectral clustering of the voices in short windows.

The parts are SpeechBrain's, as in its AMI recipe: cosine similarities of speaker
vectors, pruned, and the gap between eigenvalues, which tells how many speak.
"""

import dataclasses
import importlib
import itertools
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


@dataclasses.dataclass
class SpeakerFinder:
    """Tells apart the voices of a recording.

    Without their ``number`` no more than ``most`` are looked for, and two
    voices with a cosine similarity above ``same`` are one person. Of the
    similarities of a window the largest ``share`` is kept.
    """

    number: int | None = None
    most: int = 8
    share: float = 0.15
    same: float = 0.55

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
        pairs = zip(windows, labels, strict=True)
        inside = [(x, label) for x, label in pairs if x[2] == number]
        borders = [
            (left[1] + right[0]) / 2
            for (left, _), (right, _) in itertools.pairwise(inside)
        ]
        ends = [start, *borders, end]
        for at, (_, label) in enumerate(inside):
            turns.append(Turn(ends[at], ends[at + 1], f"S{label + 1}"))
    merged: list[Turn] = []
    for turn in turns:
        same = merged and merged[-1].speaker == turn.speaker
        if same and turn.start - merged[-1].end < pause:
            merged[-1] = merged[-1]._replace(end=turn.end)
        else:
            merged.append(turn)
    return merged
