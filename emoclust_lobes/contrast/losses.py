"""Contrast between the clusters inside each speaker."""

import math

import torch
from emoclust_lobes.contrast.memory import embedded_utterances
from emoclust_lobes.contrast.row_blocks import sum_over_rows

# Its exponential is zero; unlike minus infinity's, its product with zero, too.
EXCLUDED = torch.finfo(torch.float32).min
TINY = torch.finfo(torch.float32).tiny

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

    With a ``hardness`` of beta above 0, negatives near the anchor count more:
    ``exp(s_ak)`` of a negative is multiplied in the denominator by

        |N(a)| exp(beta c_ak) / sum_{j in N(a)} exp(beta c_aj)

    where ``c`` is the cosine similarity, not divided by the temperature. These
    factors are 1 on average, and gradients flow through them. This is the
    importance weighting of Robinson et al. 2021 (arXiv 2010.04592) without
    its correction for false negatives, which the clusters take the place of.

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
    hardness : float
        How much more near negatives count than far ones; 0 is not at all.

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
        hardness=0.0,
    ):
        super().__init__()
        if not 0 < temperature < math.inf:
            raise ValueError(
                f"temperature must be above 0 and finite, not {temperature}"
            )
        if not 0 <= hardness < math.inf:
            raise ValueError(
                f"hardness must be 0 or above and finite, not {hardness}"
            )
        self.temperature = temperature
        self.negatives = negatives
        self.positives = positives
        self.elsewhere = elsewhere
        self.hardness = hardness
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"{name} must be one of {', '.join(choices)}, not "
                    f"{getattr(self, name)!r}"
                )

    def forward(
        self,
        embeddings,
        speakers,
        clusters,
        contexts=None,
        weights=None,
        memory=None,
    ):
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
        weights : torch.Tensor
            Confidence in the cluster of each utterance, above 0, shape
            [batch]: the mean over the anchors and that over an anchor's
            positives are weighted with it. All count the same without.
        memory : EmbeddingMemory
            Past embeddings, which are positives and negatives of the anchors
            but no anchors themselves. The batch is not added to it here.

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
            When ``elsewhere`` asks for contexts and there are none, or when a
            weight is not above 0.
        """
        if self.elsewhere != "any" and contexts is None:
            raise ValueError(
                f"positives are to come from another {self.elsewhere}, but no "
                f"contexts were given: number each utterance's {self.elsewhere}"
            )
        if weights is not None and not (weights > 0).all():
            raise ValueError(
                f"weights must be above 0, found {weights.min().item()}: leave "
                "utterances that should not count out of the batch"
            )
        batch = len(embeddings)
        with torch.autocast(embeddings.device.type, enabled=False):
            keys = embedded_utterances(
                embeddings, speakers, clusters, contexts, weights
            )
            if memory is not None and len(memory):
                keys = keys.followed_by(memory.contents())
            numerator, counts = sum_over_rows(
                lambda vectors, rows: self._sums(vectors, keys, rows),
                keys.embeddings,
                n_rows=batch,
            )
            total_weight, n_anchors = counts
            loss = -numerator / total_weight.clamp(TINY)
        return loss, int(n_anchors)

    def _sums(self, vectors, keys, rows):
        """Sum over some anchors: their losses, their weights, their number."""
        positive, negative = self.pair_masks(
            keys.speakers, keys.clusters, keys.contexts, rows
        )
        logits = vectors[rows] / self.temperature @ vectors.T
        if self.hardness > 0:
            logits = logits + self._log_factors(logits, negative)
        logits.masked_fill_(~(positive | negative), EXCLUDED)
        log_probability = logits.log_softmax(dim=1)
        shares = positive * keys.weights
        totals = shares.sum(dim=1)
        usable = (totals > 0) & negative.any(dim=1)
        # Where there is nothing to divide by, what is divided is zero.
        per_anchor = torch.linalg.vecdot(shares, log_probability)
        per_anchor = per_anchor / totals.clamp(TINY)
        own = keys.weights[rows] * usable
        counts = torch.stack([own.sum(), usable.sum()])
        return (own * per_anchor).sum(), counts

    def pair_masks(self, speakers, clusters, contexts=None, rows=slice(None)):
        """Say which pairs attract and which repel.

        Arguments
        ---------
        speakers, clusters, contexts : torch.Tensor
            As for ``forward``, shape [keys]: of the anchors, and then of what
            the memory holds. Contexts are needed with ``elsewhere`` only.
        rows : slice
            Which of the keys are anchors; all when not given.

        Returns
        -------
        positive, negative : torch.Tensor
            Boolean masks, shape [anchors, keys]; row a holds anchor a's pairs.
        """
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

    def _log_factors(self, logits, negative):
        """Log of the factors by hardness; zero where there is no negative."""
        scores = self.hardness * self.temperature * logits
        shares = scores.masked_fill_(~negative, EXCLUDED).log_softmax(dim=1)
        factors = negative.sum(dim=1, keepdim=True).log() + shares
        return factors.masked_fill(~negative, 0.0)
