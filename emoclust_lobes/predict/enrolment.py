"""Which unlabeled clips of its speaker a clip is compared with."""

import collections
import os

import numpy as np
import torch


class Enrolment:
    """Embeddings of the clips of speakers, but for those with a problem."""

    def __init__(self, known):
        vectors: dict[str, dict] = collections.defaultdict(dict)
        for each in known:
            if not each.problem:
                path = os.path.realpath(each.clip.path)
                vectors[each.clip.speaker][path] = each.mean
        self.speakers = {
            speaker: (np.array(list(of_path)), torch.stack([*of_path.values()]))
            for speaker, of_path in vectors.items()
        }

    def others(self, clip) -> torch.Tensor | None:
        """Return what is known of a clip's speaker beside the clip, [n, dim].

        A row is the mean of a clip's windows; None where there is no other clip.
        """
        if clip.speaker not in self.speakers:
            return None
        paths, vectors = self.speakers[clip.speaker]
        others = vectors[paths != os.path.realpath(clip.path)]
        return others if len(others) else None
