"""From the layers of a pretrained speech model to one vector per utterance."""

import torch
from emoclust_lobes.encoders.fused_layers import (
    AttentiveStatistics,
    normalized_linear,
)
from torch import nn
from torch.nn import functional as F

from speechbrain.dataio.dataio import length_to_mask
from speechbrain.lobes.models.ECAPA_TDNN import (
    ECAPA_TDNN,
    AttentiveStatisticsPooling,
)


class NoNormalization(nn.Module):
    """Leave features as they are, in the place of a normalization.

    The mean of a pretrained model's features over an utterance, which
    SpeechBrain's ``InputNormalization`` takes away, says much of the emotion.

    Example
    -------
    >>> features = torch.randn(1, 5, 3)
    >>> torch.equal(NoNormalization()(features, torch.ones(1)), features)
    True
    """

    def forward(self, features, lens=None):
        """Return the features."""
        return features


class LayerMix(nn.Module):
    """A learned weighted mean of layers that lie side by side.

    Each is first normalized per frame, so that the weights, a softmax of one
    number per layer, compare layers and not their magnitudes (the "featurizer"
    of SUPERB, Yang et al. 2021, arXiv 2105.01051).
    """

    def __init__(self, n_layers, size):
        super().__init__()
        self.size = size
        # Of a single layer the share is 1, whatever its weight
        trains = n_layers > 1
        self.weights = nn.Parameter(torch.zeros(n_layers), trains)

    def forward(self, features, lens=None):
        """[batch, frames, n_layers * size] -> [batch, frames, size].

        Frames beyond the relative lengths ``lens`` [batch] become zero.
        """
        layers = features.unflatten(-1, (len(self.weights), self.size))
        layers = F.layer_norm(layers, (self.size,))
        if len(self.weights) == 1:
            mixed = layers.squeeze(2)
        else:
            shares = self.weights.softmax(dim=0)
            mixed = torch.einsum("btls,l->bts", layers, shares)
        if _is_whole(lens):
            return mixed
        return mixed * _real_frames(features, lens).unsqueeze(-1)


class MixedEncoder(nn.Module):
    """An embedding model over the layers of a front end: a mix, an encoder.

    Arguments
    ---------
    front_end : SSLFrontEnd
        Says how many layers there are, of which size, and whether something
        is beside them: frames are normalized and put beside the mix; a vector
        (``vector_size``) joins what the encoder has pooled.
    encoder : callable
        Makes the encoder when called with ``input_size``: a module that maps
        [batch, frames, size] and relative lengths to [batch, 1, dim], such as
        ``AttentiveEncoder`` or SpeechBrain's ``ECAPA_TDNN``.
    embedding_size : int
        Its ``dim``; only needed where there is a vector.

    Example
    -------
    >>> import functools, types
    >>> encoder = MixedEncoder(
    ...     front_end=types.SimpleNamespace(
    ...         n_layers=3, size=8, beside_size=0, vector_size=0
    ...     ),
    ...     encoder=functools.partial(
    ...         ECAPA_TDNN, channels=[16] * 5, lin_neurons=4
    ...     ),
    ... )
    >>> encoder(torch.randn(2, 50, 24), torch.ones(2)).shape
    torch.Size([2, 1, 4])
    """

    def __init__(self, front_end, encoder, embedding_size=None):
        super().__init__()
        self.mix = LayerMix(front_end.n_layers, front_end.size)
        self.beside_size = front_end.beside_size
        self.encoder = encoder(
            input_size=front_end.size + front_end.beside_size
        )
        self.vector_size = front_end.vector_size
        if self.vector_size:
            # A sum of two linear layers is one of both inputs side by side
            self.vector_layer = nn.Sequential(
                nn.BatchNorm1d(self.vector_size),
                nn.Linear(self.vector_size, embedding_size, bias=False),
            )

    def forward(self, features, lens=None):
        """[batch, frames, n_layers * size + beside] -> [batch, 1, dim]."""
        if not self.vector_size:
            return self._encode(features, lens)
        vectors = features[:, 0, -self.vector_size :]  # the same at all frames
        embeddings = self._encode(features[..., : -self.vector_size], lens)
        return embeddings + self.vector_layer(vectors).unsqueeze(1)

    def _encode(self, features, lens):
        if not self.beside_size:
            return self.encoder(self.mix(features, lens), lens)
        # Each by itself: the mix has normalized its layers, too
        layers = features[..., : -self.beside_size]
        beside = features[..., -self.beside_size :]
        beside = F.layer_norm(beside, (self.beside_size,))
        frames = torch.cat([self.mix(layers, lens), beside], dim=-1)
        return self.encoder(frames, lens)


class AttentiveEncoder(nn.Module):
    """Frames to one vector: a layer on each frame, then attentive statistics.

    The pooling (Okabe et al. 2018, arXiv 1803.10963) is SpeechBrain's; the
    attention looks at the frame alone and not, as in ECAPA-TDNN, at the
    utterance's statistics too, which costs half as much again. In evaluation
    mode a padded utterance gives the vector of the utterance alone; padding in
    training would enter the statistics of BatchNorm.
    """

    def __init__(
        self,
        input_size,
        hidden_size,
        embedding_size,
        attention_channels,
        dropout=0.0,
    ):
        super().__init__()
        self.frame_layer = nn.Sequential(
            nn.BatchNorm1d(input_size),
            nn.Linear(input_size, hidden_size),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.pooling = AttentiveStatisticsPooling(
            hidden_size, attention_channels, global_context=False
        )
        self.vector_layer = nn.Sequential(
            nn.BatchNorm1d(2 * hidden_size),
            nn.Linear(2 * hidden_size, embedding_size),
        )

    def forward(self, frames, lens=None):
        """[batch, frames, input_size] -> [batch, 1, embedding_size].

        Without relative lengths ``lens`` [batch] all frames count.
        """
        norm, linear, *others = self.frame_layer
        hidden = normalized_linear(norm, linear, frames.flatten(0, 1))
        for layer in others:
            hidden = layer(hidden)
        # As the pooling does it, whose convolutions see a frame at a time and
        # need the frames behind the channels
        block, last = self.pooling.tdnn, self.pooling.conv.conv
        first = block.conv.conv
        scores = F.linear(hidden, first.weight.squeeze(-1), first.bias)
        scores = block.norm(block.activation(scores)).tanh()
        scores = F.linear(scores, last.weight.squeeze(-1), last.bias)
        scores = scores.unflatten(0, frames.shape[:2])
        if not _is_whole(lens):
            padding = ~_real_frames(frames, lens).unsqueeze(2)
            scores = scores.masked_fill(padding, float("-inf"))
        hidden = hidden.unflatten(0, frames.shape[:2])
        pooled = AttentiveStatistics.apply(scores, hidden, self.pooling.eps)
        return self.vector_layer(pooled).unsqueeze(1)


def make_encoder(
    input_size,
    kind,
    hidden_size,
    embedding_size,
    attention_channels,
    dropout=0.0,
):
    """Make the encoder that stands behind a front end.

    Arguments
    ---------
    input_size : int
        Size of the frames.
    kind : {"attentive", "ecapa"}
        ``AttentiveEncoder``, small and quick, or SpeechBrain's ``ECAPA_TDNN``,
        the speaker encoder of Ulgen et al. 2024 (arXiv 2401.11017).
    hidden_size : int
        Size of the hidden frames; of ECAPA-TDNN the channels, three times as
        many in its last layer.
    embedding_size, attention_channels, dropout
        As of ``AttentiveEncoder``; ECAPA-TDNN has no dropout.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    ValueError
        When there is no encoder of that kind.

    Example
    -------
    >>> encoder = make_encoder(
    ...     input_size=8,
    ...     kind="ecapa",
    ...     hidden_size=16,
    ...     embedding_size=4,
    ...     attention_channels=8,
    ... )
    >>> encoder(torch.randn(2, 50, 8), torch.ones(2)).shape
    torch.Size([2, 1, 4])
    """
    if kind == "attentive":
        return AttentiveEncoder(
            input_size, hidden_size, embedding_size, attention_channels, dropout
        )
    if kind == "ecapa":
        return ECAPA_TDNN(
            input_size,
            channels=[hidden_size] * 4 + [3 * hidden_size],
            attention_channels=attention_channels,
            lin_neurons=embedding_size,
        )
    raise ValueError(f"encoder must be attentive or ecapa, not {kind!r}")


def _is_whole(lens):
    """Whether nothing is padding; a GPU is not waited for to know it."""
    return lens is None or (
        lens.device.type == "cpu" and bool((lens == 1).all())
    )


def _real_frames(features, lens):
    """Which frames are not padding, bool, shape [batch, frames]."""
    batch, frames = features.shape[:2]
    if lens is None:
        lens = torch.ones(batch, device=features.device)
    ends = (lens * frames).round().clamp(min=1)
    return length_to_mask(ends, max_len=frames).bool()
