"""A module that stays as it is while others train."""

import torch


class Frozen(torch.nn.Module):
    """Keep a module exactly as it is while others train.

    SpeechBrain puts every module in training mode before each epoch, which
    would give a "frozen" encoder dropout and let its BatchNorm statistics
    move. This wrapper stays in evaluation mode whatever is asked of it, and
    its parameters need no gradient.

    Arguments
    ---------
    module : torch.nn.Module
        The module to keep.

    Example
    -------
    >>> frozen = Frozen(torch.nn.BatchNorm1d(2))
    >>> _ = frozen.train()(torch.randn(8, 2))
    >>> frozen.module.running_mean
    tensor([0., 0.])
    """

    def __init__(self, module):
        super().__init__()
        self.module = module.requires_grad_(False)
        self.eval()

    def train(self, mode=True):
        """Stay in evaluation mode."""
        return super().train(False)

    def forward(self, *args, **kwargs):
        """Run the module; what comes before it still gets its gradient."""
        return self.module(*args, **kwargs)
