"""Contrast between the clusters inside each speaker."""

import math

import torch
from emoclust_lobes.contrast.row_blocks import sum_over_rows

# Its exponential is zero; unlike minus infinity's, its product with zero, too.
EXCLUDED = torch.finfo(torch.float32).min

CHOICES = {
    "negatives": ("speaker", "all"),
    "positives": ("speaker", "all"),
    "elsewhere": ("any", "session", "sentence"),
}


class ClusterContrastiveLoss(torch.nn.Module):
    """Pull an utterance to its own cluster, push it from its speaker's others.

    For an anchor ``a`` the positives ``P(a)`` are the other utterances of the
    same speaker and cluster; the negatives ``N(a)`` are the same speaker's
    utterances in other clusters and, with ``negatives="all"``, every other
    speaker's utterances too. With ``s`` the cosine similarity divided by the
    temperature, the loss of an anchor is

        -1 / |P(a)| sum_{p in P(a)} log( exp(s_ap) / sum_{k in P(a) or N(a)}
        exp(s_ak) )

    which is the ``L_out`` of Khosla et al. 2020 (arXiv 2004.11362, eq. 2) over
    the pairs of Ulgen et al. 2024 (arXiv 2401.11017). Pairs that are neither
    positive nor negative leave the denominator. The batch loss is the mean
    over the anchors that have a positive and a negative; others are left out
    and do not dilute it. It is computed in float32 whatever the precision of
    the embeddings, since float16 overflows at temperatures below .07.

    Arguments
    ---------
    temperature : float
        Divides the cosine similarities; smaller is sharper.
    negatives : {"speaker", "all"}
        Whose utterances an anchor is pushed from.
    positives : {"speaker", "all"}
        Whose utterances of the same cluster an anchor is pulled to. ``"all"``
        is for clusters that mean the same for every speaker; an utterance of
        the same cluster is then never a negative, whoever speaks.
    elsewhere : {"any", "session", "sentence"}
        Where positives come from: anywhere, only from another session (what
        they share is not the channel), or only from another sentence (nor the
        words). Utterances of the same cluster and session, or sentence, are
        neither positive nor negative.

    Raises
    ------
    ValueError
        When an argument is not one of the above.

    Example
    -------
    >>> loss = ClusterContrastiveLoss(temperature=0.1)
    >>> embeddings = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    >>> speakers = torch.tensor([0, 0, 0, 0])
    >>> value, n_anchors = loss(
    ...     embeddings, speakers, torch.tensor([0, 0, 1, 1])
    ... )
    >>> round(value.item(), 4), n_anchors
    (0.0001, 4)
    >>> value, n_anchors = loss(
    ...     embeddings, speakers, torch.tensor([0, 1, 0, 1])
    ... )
    >>> round(value.item(), 1), n_anchors
    (10.0, 4)
    """

    def __init__(
        self,
        temperature,
        negatives="speaker",
        positives="speaker",
        elsewhere="any",
    ):
        super().__init__()
        if not 0 < temperature < math.inf:
            raise ValueError(
                f"temperature must be above 0 and finite, not {temperature}"
            )
        self.temperature = temperature
        self.negatives = negatives
        self.positives = positives
        self.elsewhere = elsewhere
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name} must be one of {', '.join(choices)}, not "
                    f"{getattr(self, name)!r}"
                )

    def forward(self, embeddings, speakers, clusters, contexts=None):
        """Compute the loss of a batch.

        Arguments
        ---------
        embeddings : torch.Tensor
            One vector per utterance, shape [batch, dim]; they are normalized
            to unit length here.
        speakers : torch.Tensor
            Speaker of each utterance, integers, shape [batch].
        clusters : torch.Tensor
            Cluster of each utterance within its speaker, integers, shape
            [batch].
        contexts : torch.Tensor
            Session or sentence of each utterance, as ``elsewhere`` says,
            integers, shape [batch]. One below 0 is unknown, and differs from
            every other.

        Returns
        -------
        loss : torch.Tensor
            A scalar, in float32; zero (with a gradient of zero) when no
            anchor has both a positive and a negative.
        n_anchors : int
            How many anchors the mean was taken over.

        Raises
        ------
        ValueError
            When ``elsewhere`` asks for contexts and there are none.
        """
        if self.elsewhere != "any" and contexts is None:
            raise ValueError(
                f"positives are to come from another {self.elsewhere}, but no "
                f"contexts were given: number each utterance's {self.elsewhere}"
            )
        labels = (speakers, clusters, contexts)
        with torch.autocast(embeddings.device.type, enabled=False):
            total, n_anchors = sum_over_rows(
                lambda vectors, rows: self._sums(vectors, labels, rows),
                torch.nn.functional.normalize(embeddings.float(), dim=-1),
                n_rows=len(embeddings),
            )
            loss = -total / n_anchors.clamp(1)
        return loss, int(n_anchors)

    def _sums(self, vectors, labels, rows):
        """Sum over some anchors: their log-probabilities, their number."""
        speakers, clusters, contexts = labels
        positive, negative = self.pair_masks(speakers, clusters, contexts, rows)
        logits = vectors[rows] / self.temperature @ vectors.T
        logits.masked_fill_(~(positive | negative), EXCLUDED)
        log_probability = logits.log_softmax(dim=1)
        n_positives = positive.sum(dim=1)
        usable = (n_positives > 0) & negative.any(dim=1)
        # Where there is nothing to divide by, what is divided is zero.
        per_anchor = torch.linalg.vecdot(positive.float(), log_probability)
        per_anchor = per_anchor / n_positives.clamp(1)
        return (usable * per_anchor).sum(), usable.sum()

    def pair_masks(self, speakers, clusters, contexts=None, rows=slice(None)):
        """Say which pairs attract and which repel: two masks [anchors, batch]."""
        same_speaker = speakers[rows, None] == speakers
        same_cluster = clusters[rows, None] == clusters
        if self.positives == "speaker":
            same_cluster &= same_speaker
        place = torch.arange(len(speakers), device=speakers.device)
        itself = place[rows, None] == place
        positive = same_cluster & ~itself
        negative = ~same_cluster
        if self.negatives == "speaker":
            negative &= same_speaker
        if self.elsewhere != "any":
            here = (contexts[rows, None] == contexts) & (contexts >= 0)
            positive &= ~here
        return positive, negative
