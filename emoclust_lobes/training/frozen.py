"""A module that stays as it is while others train."""

import torch


class Frozen(torch.nn.Module):
    """Keep a module exactly as it is while others train.

    SpeechBrain puts every module in training mode before each epoch, which
    would give it dropout and let its BatchNorm statistics move.
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
