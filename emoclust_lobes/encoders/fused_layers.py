"""Layers computed together: on a CPU, time goes by what is written and read."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


class AttentiveStatistics(torch.autograd.Function):
    """Scores and frames [batch, frames, size] -> [batch, 2 * size].

    The mean and deviation of the frames, weighed with the softmax of the
    scores. What PyTorch derives takes more than twice as long.
    """

    @staticmethod
    def forward(ctx, scores, frames, least):
        shares = scores.softmax(dim=1)
        mean = (shares * frames).sum(dim=1, keepdim=True)
        variance = (frames - mean).square_().mul_(shares)
        variance = variance.sum(dim=1, keepdim=True)
        deviation = variance.clamp(least).sqrt()
        ctx.save_for_backward(shares, frames, mean, variance, deviation)
        ctx.least = least
        return torch.cat([mean, deviation], dim=2).squeeze(1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        shares, frames, mean, variance, deviation = ctx.saved_tensors
        of_mean, of_deviation = gradient.unsqueeze(1).chunk(2, dim=2)
        of_variance = of_deviation / (2 * deviation)
        of_variance = of_variance * (variance >= ctx.least)
        # Through the mean the variance has none: the shares add up to 1
        centered = frames - mean
        spread = centered * of_variance
        slope = spread + of_mean
        of_scores = centered.mul_(slope).sub_(variance * of_variance)
        of_frames = slope.add_(spread)
        return of_scores.mul_(shares), of_frames.mul_(shares), None


def normalized_linear(norm: Any, linear, frames):
    """Apply BatchNorm and the linear layer behind it, frames [n, size].

    Its scale and shift go into the weights, which are smaller than the frames:
    the same up to rounding.
    """
    if isinstance(norm, nn.SyncBatchNorm):  # that of several processes
        return linear(norm(frames))
    scale, shift = norm.weight, norm.bias
    if norm.training:
        norm.num_batches_tracked += 1
        momentum, eps = norm.momentum, norm.eps
        means = norm.running_mean, norm.running_var
        frames = F.batch_norm(frames, *means, None, None, True, momentum, eps)
    else:
        scale = scale * (norm.running_var + norm.eps).rsqrt()
        shift = shift - norm.running_mean * scale
    bias = torch.addmv(linear.bias, linear.weight, shift)
    return F.linear(frames, linear.weight * scale, bias)
