"""Which clips or turns of its speaker a clip or a turn is compared with."""

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


def other_turns(found):
    """List, for each turn of an EmbeddedClip, its speaker's other turns.

    They are means of their windows, [n, dim], or None where there is no other.
    """
    vectors = [
        torch.stack([found.embeddings[at] for at in found.windows_of(turn)])
        for turn in range(len(found.turns))
    ]
    others = []
    for turn, each in enumerate(found.turns):
        rows = [
            vectors[number].mean(dim=0)
            for number, other in enumerate(found.turns)
            if number != turn and other.speaker == each.speaker
        ]
        others.append(torch.stack(rows) if each.speaker and rows else None)
    return others


def _identity(clip):
    """Tell a recording, or its part, by its place on the disk."""
    return name_part(os.path.realpath(clip.path), clip.start, clip.stop)
