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
    """Pass a tensor on unchanged, and its gradient back with the sign turned.

    A head behind it learns its task as ever, while what is in front of it
    learns to make that task hard: the gradient reversal layer of Ganin and
    Lempitsky 2015 (arXiv 1409.7495).

    Arguments
    ---------
    tensor : torch.Tensor
        What the head gets, of any shape.
    strength : float
        The gradient is multiplied by minus this.

    Returns
    -------
    torch.Tensor
        The same values.

    Example
    -------
    >>> embedding = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> head_input = reverse_gradient(embedding, strength=0.5)
    >>> head_input.tolist()
    [1.0, 2.0]
    >>> (3 * head_input).sum().backward()
    >>> embedding.grad.tolist()
    [-1.5, -1.5]
    """
    return _ReverseGradient.apply(tensor, strength)


def reversal_ramp(progress):
    """Strength of the reversal at some point of the training.

    With ``p`` the progress it is ``2 / (1 + exp(-10 p)) - 1``, the schedule of
    Ganin and Lempitsky 2015 (arXiv 1409.7495, section 4): the head learns
    first, the encoder works against it once the head knows something.

    Arguments
    ---------
    progress : float
        Share of the training that is over, from 0 to 1.

    Returns
    -------
    float
        From 0 to 1 (.9999).

    Raises
    ------
    ValueError
        When ``progress`` is not between 0 and 1.

    Example
    -------
    >>> [round(reversal_ramp(p), 3) for p in (0, 0.1, 0.5, 1)]
    [0.0, 0.462, 0.987, 1.0]
    """
    if not 0 <= progress <= 1:
        raise ValueError(
            f"the progress of a training is between 0 and 1, not {progress}: "
            "divide the steps made by the steps of the whole training"
        )
    return 2 / (1 + math.exp(-10 * progress)) - 1
