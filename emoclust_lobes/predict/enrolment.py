"""Which unlabeled clips of its speaker a clip is heard against."""

import collections
import os

import numpy as np
import torch


class Enrolment:
    """Embeddings of the clips of speakers, to be asked for those of others.

    Arguments
    ---------
    known : iterable of EmbeddedClip
        Clips of any speakers; those with a problem are left out.

    Example
    -------
    >>> from emoclust_lobes.predict.embedding import EmbeddedClip
    >>> from emoclust_lobes.predict.inputs import Clip
    >>> first = EmbeddedClip(
    ...     Clip("a", "a.wav", "Kim"), [(0, 1)], [torch.ones(2)]
    ... )
    >>> second = EmbeddedClip(
    ...     Clip("b", "b.wav", "Kim"), [(0, 1)], [torch.zeros(2)]
    ... )
    >>> Enrolment([first, second]).others(first.clip)
    tensor([[0., 0.]])
    """

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
        """Return what is known of a clip's speaker beside the clip itself.

        Arguments
        ---------
        clip : Clip
            The clip that is to be scored.

        Returns
        -------
        torch.Tensor or None
            One embedding a clip, the mean of its windows', shape [n, dim];
            ``None`` where there is no other clip.
        """
        if clip.speaker not in self.speakers:
            return None
        paths, vectors = self.speakers[clip.speaker]
        others = vectors[paths != os.path.realpath(clip.path)]
        return others if len(others) else None
