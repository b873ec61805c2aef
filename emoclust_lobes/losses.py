"""Contrast between the clusters inside each speaker."""

import torch


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

    def __init__(self, temperature, negatives="speaker"):
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"temperature must be above 0, not {temperature}")
        if negatives not in ("speaker", "all"):
            raise ValueError(
                f"negatives must be 'speaker' or 'all', not {negatives!r}"
            )
        self.temperature = temperature
        self.negatives = negatives

    def forward(self, embeddings, speakers, clusters):
        """Compute the loss of a batch.

        Arguments
        ---------
        embeddings : torch.Tensor
            One vector per utterance, shape [batch, dim]; they are normalised
            to unit length here.
        speakers : torch.Tensor
            Speaker of each utterance, integers, shape [batch].
        clusters : torch.Tensor
            Cluster of each utterance within its speaker, integers, shape
            [batch].

        Returns
        -------
        loss : torch.Tensor
            A scalar, in float32; zero (with a gradient of zero) when no
            anchor has both a positive and a negative.
        n_anchors : int
            How many anchors the mean was taken over.
        """
        positive, negative = self.pair_masks(speakers, clusters)
        usable = positive.any(dim=1) & negative.any(dim=1)
        with torch.autocast(embeddings.device.type, enabled=False):
            unit = torch.nn.functional.normalize(embeddings.float(), dim=-1)
            logits = unit @ unit.T / self.temperature
            if not usable.any():
                return logits.sum() * 0.0, 0
            logits = logits[usable]
            positive, negative = positive[usable], negative[usable]
            compared = logits.masked_fill(~(positive | negative), -torch.inf)
            log_probability = logits - compared.logsumexp(dim=1, keepdim=True)
            per_anchor = log_probability.masked_fill(~positive, 0.0).sum(dim=1)
            loss = -(per_anchor / positive.sum(dim=1)).mean()
        return loss, int(usable.sum())

    def pair_masks(self, speakers, clusters):
        """Say which pairs attract and which repel.

        Arguments
        ---------
        speakers, clusters : torch.Tensor
            As for ``forward``, shape [batch].

        Returns
        -------
        positive, negative : torch.Tensor
            Boolean masks, shape [batch, batch]; row a holds anchor a's pairs.
        """
        same_speaker = speakers[:, None] == speakers[None, :]
        same_cluster = same_speaker & (clusters[:, None] == clusters[None, :])
        itself = torch.eye(
            len(speakers), dtype=torch.bool, device=speakers.device
        )
        positive = same_cluster & ~itself
        negative = ~same_cluster
        if self.negatives == "speaker":
            negative &= same_speaker
        return positive, negative
