"""Sums over the rows of a matrix too large to be held with its gradient."""

import torch

BLOCK_ROWS = 256


def sum_over_rows(function, inputs, n_rows, block_rows=BLOCK_ROWS):
    """Sum a function over blocks of rows, one block in memory at a time.

    A loss over all pairs of a batch holds several matrices of batch x batch
    between forward and backward. Here the gradient of each block is taken at
    once and the block forgotten: memory grows with the batch, not with its
    square, and nothing is computed twice. Gradients of gradients are those of
    a single block only.

    Arguments
    ---------
    function : callable
        Of ``inputs`` and a slice of rows; returns two tensors, a scalar that
        is differentiated and counts that are not.
    inputs : torch.Tensor
        What is differentiated by, of any shape.
    n_rows : int
        How many rows there are.
    block_rows : int
        How many rows are in memory at a time.

    Returns
    -------
    total : torch.Tensor
        A scalar: the sum of the first result, with its gradient.
    counts : torch.Tensor
        The sum of the second.

    Example
    -------
    >>> inputs = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> def squares(inputs, rows):
    ...     return inputs[rows].square().sum(), torch.tensor(len(inputs[rows]))
    >>> total, count = sum_over_rows(squares, inputs, n_rows=3, block_rows=2)
    >>> total.backward()
    >>> total.item(), count.item(), inputs.grad
    (14.0, 3, tensor([2., 4., 6.]))
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
