"""Sums over the rows of a matrix too large to be held with its gradient."""

import torch

BLOCK_ROWS = 256


def sum_over_rows(function, inputs, n_rows, block_rows=BLOCK_ROWS):
    """Sum ``function(inputs, rows)`` over blocks of rows, one at a time.

    It returns a scalar, which is differentiated, and counts; so are the sums.
    A loss over all pairs of a batch holds several matrices of batch x batch
    between forward and backward: here the gradient of each block is taken at
    once and the block forgotten. Gradients of gradients are those of a single
    block only.
    """
    if n_rows <= block_rows:
        return function(inputs, slice(0, n_rows))
    blocks = [
        slice(start, min(start + block_rows, n_rows))
        for start in range(0, n_rows, block_rows)
    ]
    return _SumOverBlocks.apply(inputs, function, blocks)


class _SumOverBlocks(torch.autograd.Function):
    """A sum that keeps its gradient by ``inputs``, and nothing else."""

    @staticmethod
    def forward(ctx, inputs, function, blocks):
        """Sum, and take the gradient of each block at once."""
        with_gradient = ctx.needs_input_grad[0]
        total, counts, gradient = 0.0, 0, torch.zeros_like(inputs)
        for rows in blocks:
            with torch.set_grad_enabled(with_gradient):
                leaf = inputs.detach().requires_grad_(with_gradient)
                value, count = function(leaf, rows)
                if with_gradient:
                    gradient += torch.autograd.grad(value, leaf)[0]
            total, counts = total + value.detach(), counts + count
        ctx.save_for_backward(gradient)
        ctx.mark_non_differentiable(counts)
        return total, counts

    @staticmethod
    def backward(ctx, by_total, _):
        """Scale what is kept; the counts have no gradient."""
        (gradient,) = ctx.saved_tensors
        return by_total * gradient, None, None
