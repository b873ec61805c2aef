"""Gradient reversal: learn what another head must not be able to tell."""

import math

import torch


class _ReverseGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, tensor, strength):
        ctx.strength = strength
        return tensor.view_as(tensor)

    @staticmethod
    def backward(ctx, gradient):
        return -ctx.strength * gradient, None


def reverse_gradient(tensor, strength):
    """Pass a tensor on, and its gradient back times minus ``strength``.

    What is in front of it learns to make the task behind it hard (Ganin and
    Lempitsky 2015, arXiv 1409.7495).
    """
    return _ReverseGradient.apply(tensor, strength)


def reversal_ramp(progress):
    """Strength of the reversal, from 0 to 1, at a progress from 0 to 1.

    ``2 / (1 + exp(-10 p)) - 1``, the schedule of Ganin and Lempitsky 2015
    (section 4): the head learns first, then the encoder works against it.
    """
    return 2 / (1 + math.exp(-10 * progress)) - 1
