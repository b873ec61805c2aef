"""Which unlabeled clips of its speaker a clip is compared with."""

import collections
import os

import numpy as np
import torch
from data_prep.manifests.parts import name_part


class Enrolment:
    """Embeddings of the clips of speakers, but for those with a problem."""

    def __init__(self, known):
        vectors: dict[str, dict] = collections.defaultdict(dict)
        for each in known:
            if not each.problem:
                vectors[each.clip.speaker][_identity(each.clip)] = each.mean
        self.speakers = {
            speaker: (np.array(list(of_clip)), torch.stack([*of_clip.values()]))
            for speaker, of_clip in vectors.items()
        }

    def others(self, clip) -> torch.Tensor | None:
        """Return what is known of a clip's speaker beside the clip, [n, dim].

        A row is the mean of a clip's windows; None where there is no other clip.
        """
        if clip.speaker not in self.speakers:
            return None
        clips, vectors = self.speakers[clip.speaker]
        others = vectors[clips != _identity(clip)]
        return others if len(others) else None


def _identity(clip):
    """Tell a recording, or its part, by its place on the disk."""
    return name_part(os.path.realpath(clip.path), clip.start, clip.stop)
