"""The contrastive loss, forward and backward."""

import torch
from emoclust_lobes.contrast.losses import ClusterContrastiveLoss
from pytorch_metric_learning.losses import NTXentLoss, SupConLoss

from benchmarks.part import Part

DIM = 192
SPEAKERS, CLUSTERS = 16, 4
TEMPERATURE = 0.1


def _batch(size):
    """Random embeddings of 16 speakers with 4 clusters each."""
    embeddings = torch.randn(size, DIM, requires_grad=True)
    groups = torch.arange(size) % (SPEAKERS * CLUSTERS)
    return embeddings, groups // CLUSTERS, groups % CLUSTERS


def ours(size):
    """Our loss."""
    embeddings, speakers, clusters = _batch(size)
    loss = ClusterContrastiveLoss(temperature=TEMPERATURE)

    def run():
        embeddings.grad = None
        loss(embeddings, speakers, clusters)[0].backward()

    return run


def _metric_learning(loss_class):
    """A loss of pytorch-metric-learning over the same pairs."""

    def side(size):
        embeddings, speakers, clusters = _batch(size)
        loss = loss_class(temperature=TEMPERATURE)
        positive, negative = ClusterContrastiveLoss(
            temperature=TEMPERATURE
        ).pair_masks(speakers, clusters)
        pairs = (*positive.nonzero().T, *negative.nonzero().T)

        def run():
            embeddings.grad = None
            loss(embeddings, indices_tuple=pairs).backward()

        return run

    return side


PART = Part(
    name="contrastive loss, forward and backward",
    unit="embeddings of 192",
    sizes=(256, 512, 1024, 2048),
    growth=(256, 1024, 4096),
    sides={
        "ours": ours,
        "SupConLoss": _metric_learning(SupConLoss),
        "NTXentLoss": _metric_learning(NTXentLoss),
    },
    limits={"NTXentLoss": 512},
    aim="2x SupConLoss at 1,024",
)
