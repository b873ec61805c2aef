"""From embeddings to arousal, valence and dominance."""

import torch


class DimensionsHead(torch.nn.Module):
    """A linear layer whose outputs are on the scale of a corpus.

    The layer itself learns on a scale from -1 to 1. Outside of training what it
    says ends with the scale.

    Arguments
    ---------
    input_size : int
        Size of the embeddings.
    names : list of str
        The dimensions, in the order of the outputs.
    scale : list of float
        The lowest and the highest number of the corpus' scale.
    dropout : float
        Of the embeddings, in training.

    Example
    -------
    >>> head = DimensionsHead(8, names=["arousal", "valence"], scale=[1, 5])
    >>> ratings = head.eval()(torch.randn(3, 8))
    >>> ratings.shape, bool(((ratings >= 1) & (ratings <= 5)).all())
    (torch.Size([3, 2]), True)
    """

    def __init__(self, input_size, names, scale, dropout=0.0):
        super().__init__()
        self.names = list(names)
        self.scale = low, high = [float(x) for x in scale]
        self.middle, self.reach = (low + high) / 2, (high - low) / 2
        self.dropout = torch.nn.Dropout(dropout)
        self.linear = torch.nn.Linear(input_size, len(names))

    def forward(self, embeddings):
        """[..., input_size] -> [..., dimensions]."""
        outputs = self.linear(self.dropout(embeddings)).float()
        ratings = self.middle + self.reach * outputs
        return ratings if self.training else ratings.clamp(*self.scale)
