"""A memory of past embeddings, so that an anchor meets more than its batch."""

from typing import NamedTuple

import torch

from speechbrain.utils.checkpoints import (
    mark_as_loader,
    mark_as_saver,
    register_checkpoint_hooks,
)


class EmbeddedUtterances(NamedTuple):
    """Utterances as the contrastive loss sees them.

    Arguments
    ---------
    embeddings : torch.Tensor
        Vectors of length one, float32, shape [n, dim].
    speakers, clusters, contexts : torch.Tensor
        Integers, shape [n]; a context below 0 is unknown.
    weights : torch.Tensor
        Confidence, float32, shape [n].

    Example
    -------
    >>> one = torch.ones(1)
    >>> first = EmbeddedUtterances(torch.ones(1, 2), one, one, one, one)
    >>> first.followed_by(first).embeddings.shape
    torch.Size([2, 2])
    """

    embeddings: torch.Tensor
    speakers: torch.Tensor
    clusters: torch.Tensor
    contexts: torch.Tensor
    weights: torch.Tensor

    def followed_by(self, others):
        """Append other utterances, on the device of these."""
        device = self.embeddings.device
        pairs = zip(self, others, strict=True)
        return EmbeddedUtterances(
            *(torch.cat([own, other.to(device)]) for own, other in pairs)
        )


def embedded_utterances(
    embeddings, speakers, clusters, contexts=None, weights=None
):
    """Scale embeddings to length one, and fill in what is not given.

    Arguments
    ---------
    embeddings : torch.Tensor
        Shape [n, dim], of any precision.
    speakers, clusters : torch.Tensor
        Integers, shape [n].
    contexts : torch.Tensor
        Integers, shape [n]; all unknown (-1) when not given.
    weights : torch.Tensor
        Shape [n]; all 1 when not given.

    Returns
    -------
    EmbeddedUtterances

    Example
    -------
    >>> one = torch.tensor([1])
    >>> embedded_utterances(torch.tensor([[3.0, 4.0]]), one, one).contexts
    tensor([-1])
    """
    unit = torch.nn.functional.normalize(embeddings.float(), dim=-1)
    if contexts is None:
        contexts = torch.full_like(speakers, -1)
    if weights is None:
        weights = unit.new_ones(len(unit))
    return EmbeddedUtterances(
        unit, speakers, clusters, contexts, weights.float()
    )


@register_checkpoint_hooks
class EmbeddingMemory:
    """The last embeddings that were trained on, first in, first out.

    They serve as positives and as negatives of later anchors (the cross-batch
    memory of Wang et al. 2020, arXiv 1912.06798); no gradient flows into
    them. An utterance that comes again meets its own past embedding, of
    another crop, as it does any other of its cluster.

    Add a batch after its loss was computed: before, its anchors would meet
    themselves. A checkpoint holds the memory, so that a resumed run equals an
    uninterrupted one. On several processes the batches of all are added, so
    that the memory is the same everywhere.

    Arguments
    ---------
    size : int
        How many embeddings are kept; 0 for a memory that stays empty.

    Raises
    ------
    ValueError
        When the size is below 0.

    Example
    -------
    >>> memory = EmbeddingMemory(size=3)
    >>> speakers, clusters = torch.tensor([7, 7]), torch.tensor([0, 1])
    >>> memory.add(torch.eye(2), speakers, clusters)
    >>> memory.add(2 * torch.eye(2), speakers, clusters)
    >>> memory.contents().embeddings
    tensor([[0., 1.],
            [1., 0.],
            [0., 1.]])
    >>> memory.contents().clusters.tolist()
    [1, 0, 1]
    >>> memory.clear()
    >>> len(memory)
    0
    """

    _contents: EmbeddedUtterances

    def __init__(self, size):
        if size < 0:
            raise ValueError(
                f"a memory holds 0 or more embeddings, not {size}: 0 means none"
            )
        self.size = size
        self.clear()

    def __len__(self):
        return len(self._contents.embeddings)

    def add(self, embeddings, speakers, clusters, contexts=None, weights=None):
        """Remember a batch; the oldest embeddings make room for it.

        Arguments
        ---------
        embeddings, speakers, clusters, contexts, weights : torch.Tensor
            As for ``ClusterContrastiveLoss``: shape [batch, dim], and [batch].
        """
        if self.size == 0:
            return
        batch = embedded_utterances(
            embeddings.detach(), speakers, clusters, contexts, weights
        )
        if len(self):
            # What a checkpoint brought back follows the batch's device.
            past = (x.to(batch.embeddings.device) for x in self._contents)
            batch = EmbeddedUtterances(*past).followed_by(batch)
        # Copies, since a slice would keep all that it was cut from alive.
        self._contents = EmbeddedUtterances(
            *(x[-self.size :].clone() for x in batch)
        )

    def contents(self):
        """Return what is remembered, the oldest first.

        Returns
        -------
        EmbeddedUtterances
            Up to ``size`` utterances; embeddings of shape [0, 0] when there
            are none.
        """
        return self._contents

    def clear(self):
        """Forget everything."""
        nothing = torch.zeros(0, dtype=torch.int64)
        self._contents = EmbeddedUtterances(
            torch.zeros(0, 0), nothing, nothing, nothing, torch.zeros(0)
        )

    @mark_as_saver
    def _save(self, path):
        torch.save(self._contents._asdict(), path)

    @mark_as_loader
    def _load(self, path, end_of_epoch):
        saved = torch.load(path, map_location="cpu", weights_only=True)
        self._contents = EmbeddedUtterances(
            **{name: tensor[-self.size :] for name, tensor in saved.items()}
        )
