"""Unlabeled enrolment: embeddings relative to the speaker's own.

Emotion is a movement inside the speaker, away from where the speaker's voice
usually is. A few unlabeled utterances of a new speaker tell where that is.
"""

import numpy as np
import torch
from emoclust_lobes.enrolment.draws import ALL
from emoclust_lobes.parallel.processes import gather_batches, n_processes


class SpeakerNormalization(torch.nn.Module):
    """Standardize embeddings by what is known of their speaker.

    With ``n`` unlabeled utterances of the speaker beside the one that is
    normalized, of mean ``m`` and variance ``v``, and with the training speakers'
    typical mean ``m0`` and variance ``v0``, the mean is shrunk to
    ``(n m + c m0) / (n + c)`` and the variance to ``(n v + c v0) / (n + c)``,
    where ``c``, the prior's weight, counts in utterances. The result is
    ``(e - mean) / sqrt(variance)``.

    In training the enrolled utterances are the last embeddings of others of the
    same speaker, kept in a table, and ``n`` is drawn anew for each utterance, so
    that the classifier learns to make do with any number.

    Arguments
    ---------
    size : int
        Size of the embeddings.
    prior_weight : float
        Weight of the prior, in utterances, above 0: nothing else is known of a
        speaker with none enrolled.
    counts : list
        What ``n`` is drawn from in training: numbers, and ``"all"``.

    Example
    -------
    >>> normalize = SpeakerNormalization(2, prior_weight=1.0, counts=[0, "all"])
    >>> normalize.start([0, 0, 0, 1, 1, 1])
    >>> embeddings = torch.randn(6, 2) + 10
    >>> normalize.remember(range(6), embeddings)
    >>> normalize(embeddings, np.zeros((6, 6), dtype=bool)).mean().abs() < 1
    tensor(True)
    """

    prior_mean: torch.Tensor
    prior_variance: torch.Tensor
    last: torch.Tensor
    known: torch.Tensor

    def __init__(self, size, prior_weight, counts):
        super().__init__()
        if prior_weight <= 0:
            raise ValueError(
                f"the prior must weigh more than 0 utterances, not "
                f"{prior_weight} (enrolment_prior)"
            )
        self.prior_weight = prior_weight
        self.counts = list(counts)
        self.register_buffer("prior_mean", torch.zeros(size))
        self.register_buffer("prior_variance", torch.ones(size))

    def without_table(self):
        """Copy that knows the prior, and no training utterance."""
        copy = SpeakerNormalization(
            len(self.prior_mean), self.prior_weight, self.counts
        )
        copy.prior_mean.copy_(self.prior_mean)
        copy.prior_variance.copy_(self.prior_variance)
        return copy

    def start(self, speakers):
        """Make room for training utterances of these speakers, numbers [n]."""
        size = len(self.prior_mean)
        self.speakers = np.asarray(speakers)
        # Rows speaker by speaker, and how many each has
        order = self.speakers.argsort(kind="stable")
        self.groups = order, np.unique(self.speakers, return_counts=True)[1]
        self.register_buffer("last", torch.zeros(len(self.speakers), size))
        self.register_buffer("known", torch.zeros(len(self.speakers)).bool())

    def remember(self, rows, embeddings):
        """Keep the last embeddings [batch, size] of these training utterances.

        The prior becomes the mean over the training speakers of their means
        and of their variances.
        """
        rows = torch.as_tensor(list(rows), device=self.last.device)
        self.last[rows] = embeddings.detach().to(self.last)
        self.known[rows] = True
        device = self.last.device
        order, sizes = (torch.as_tensor(x, device=device) for x in self.groups)
        known = self.known[order, None].to(self.last)

        def per_speaker(values):
            return torch.segment_reduce(
                known * values, "sum", lengths=sizes, unsafe=True
            )

        counts = per_speaker(torch.ones_like(known))
        used = counts[:, 0] > 0
        # Around a common center, for which squares lose no digits.
        center = self.last.mean(dim=0, keepdim=True)
        own = self.last[order] - center
        means = (per_speaker(own) / counts)[used]
        squares = (per_speaker(own.square_()) / counts)[used]
        variances = squares - means.square()
        self.prior_mean.copy_((means + center).mean(dim=0))
        self.prior_variance.copy_(variances.mean(dim=0).clamp(min=1e-6))

    def draw(self, rows, rng):
        """Draw which training utterances are enrolled for each of a batch.

        None is enrolled for itself; bool, shape [batch, n].
        """
        known = self.known.cpu().numpy()
        chosen = np.zeros((len(rows), len(known)), dtype=bool)
        for place, row in enumerate(rows):
            own = known & (self.speakers == self.speakers[row])
            own[row] = False
            others = np.flatnonzero(own)
            count = self.counts[rng.integers(len(self.counts))]
            count = len(others) if count == ALL else min(count, len(others))
            chosen[place, rng.choice(others, count, replace=False)] = True
        return chosen

    def training_batch(self, rows, embeddings, seed):
        """Normalize a training batch [batch, size], and keep it for the next.

        On several processes, all come to know what each has seen.
        """
        enrolled = self.draw(rows, np.random.default_rng(seed))
        self.remember(rows, embeddings)
        placed = self(embeddings, enrolled)
        if n_processes() > 1:
            own = torch.as_tensor(rows, device=embeddings.device)
            rows, seen = gather_batches(own, embeddings.detach())
            self.remember(rows.tolist(), seen)
        return placed

    def forward(self, embeddings, enrolled, table=None):
        """Normalize embeddings [batch, size].

        Which rows of the table [rows, size] are enrolled for each is bool,
        shape [batch, rows], or [1, rows] for all alike; the usual table is what ``remember`` kept.
        """
        table = self.last if table is None else table
        members = torch.as_tensor(enrolled, device=table.device).to(table)
        means, variances = _moments(members, table)
        counts = members.sum(dim=1, keepdim=True)
        return self.place(embeddings, counts, means, variances)

    def place(self, embeddings, counts, means, variances):
        """Normalize embeddings by what is enrolled for each.

        Its number, mean and variance, shapes [batch, 1] and [batch, size]
        twice; or of one row, for all alike.
        """
        total = counts + self.prior_weight
        mean = counts * means + self.prior_weight * self.prior_mean
        variance = counts * variances + self.prior_weight * self.prior_variance
        return (embeddings - mean / total) / (variance / total).sqrt()


def _moments(members, table):
    """Mean and variance of the table's rows [rows, size] in each set.

    ``members`` [sets, rows] holds ones and zeros; an empty set has zeros.
    """
    counts = members.sum(dim=1, keepdim=True).clamp(min=1)
    # Around a common center, for which squares lose no digits.
    center = table.mean(dim=0, keepdim=True)
    means = members @ (table - center) / counts
    squares = members @ (table - center).square() / counts
    variances = (squares - means.square()).clamp(min=0)
    present = members.any(dim=1, keepdim=True).float()
    return (means + center) * present, variances * present


class EnrolledClassifier(torch.nn.Module):
    """A classifier of embeddings that are normalized by their speaker.

    It sits where the ``classifier`` of SpeechBrain's ``EncoderClassifier``
    does. As long as no speaker is enrolled, embeddings are normalized by what
    is known of the training speakers alone.
    """

    def __init__(self, normalization, classifier):
        super().__init__()
        self.normalization = normalization
        self.classifier = classifier
        self.enrolled = None

    def enrol(self, embeddings):
        """Normalize by a speaker's own utterances from now on.

        No labels are needed of the embeddings, [n, dim] or [n, 1, dim]; with
        ``n`` = 0 the speaker before is forgotten. To score one of these
        utterances, enrol the others: in training none was enrolled for itself.
        """
        flat = embeddings.detach().flatten(0, -2)
        self.enrolled = flat if len(flat) else None

    def forward(self, embeddings):
        """[batch, (1,) dim] -> log-probabilities [batch, (1,) classes]."""
        return self.classifier(self.place(embeddings))

    def place(self, embeddings):
        """Normalize embeddings [batch, (1,) dim] for this and other heads."""
        flat = embeddings.flatten(0, -2)
        enrolled = self.enrolled
        table = flat[:1] if enrolled is None else enrolled.to(flat)
        members = np.full((1, len(table)), enrolled is not None)
        placed = self.normalization(flat, members, table=table)
        return placed.unflatten(0, embeddings.shape[:-1])
