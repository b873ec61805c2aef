"""Sums over blocks of rows, and the contrastive loss through them."""

import functools

import pytest
import torch
from emoclust_lobes.contrast import losses
from emoclust_lobes.contrast.losses import ClusterContrastiveLoss
from emoclust_lobes.contrast.row_blocks import BLOCK_ROWS, sum_over_rows
from hypothesis import (
    given,
    strategies as st,
)
from loss_oracles import random_batch


def cosines_of_pairs(inputs, rows):
    """Every row with every other: what all blocks share has a gradient, too."""
    return (inputs[rows] @ inputs.T).cos().sum(), torch.tensor(rows.stop)


@given(
    n=st.integers(1, 20), block_rows=st.integers(1, 25), scale=st.floats(-3, 3)
)
def test_blocks_sum_to_the_whole_with_its_gradient(n, block_rows, scale):
    generator = torch.Generator().manual_seed(n)
    inputs = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    whole = inputs.clone().requires_grad_()
    (scale * (whole @ whole.T).cos().sum()).backward()
    blocked = inputs.clone().requires_grad_()
    total, counts = sum_over_rows(cosines_of_pairs, blocked, n, block_rows)
    (scale * total).backward()
    torch.testing.assert_close(blocked.grad, whole.grad)
    stops = [min(s + block_rows, n) for s in range(0, n, block_rows)]
    assert counts.item() == sum(stops)
    assert not counts.requires_grad


def test_each_block_is_seen_once_and_without_gradients_where_none_are_asked():
    seen = []

    def remember(inputs, rows):
        seen.append((rows.start, rows.stop, inputs.requires_grad))
        return inputs[rows].sum(), torch.tensor(1)

    total, counts = sum_over_rows(remember, torch.arange(7.0), 7, block_rows=3)
    assert seen == [(0, 3, False), (3, 6, False), (6, 7, False)]
    assert (total.item(), counts.item(), total.requires_grad) == (21, 3, False)


@pytest.mark.parametrize(
    "options",
    [
        {"negatives": "all"},
        {"elsewhere": "sentence", "positives": "all"},
    ],
)
def test_the_loss_is_that_of_one_block(monkeypatch, options):
    batch = random_batch(40, 3)
    results = []
    for block_rows in (40, 7):
        monkeypatch.setattr(
            losses,
            "sum_over_rows",
            functools.partial(sum_over_rows, block_rows=block_rows),
        )
        embeddings = batch["embeddings"].clone().requires_grad_()
        loss = ClusterContrastiveLoss(0.1, **options)
        value, n_anchors = loss(**{**batch, "embeddings": embeddings})
        value.backward()
        results.append((value.item(), n_anchors, embeddings.grad))
    (value, n_anchors, gradient), (blocked, n_blocked, blocked_gradient) = (
        results
    )
    assert n_blocked == n_anchors > 0
    assert blocked == pytest.approx(value, rel=1e-6)
    torch.testing.assert_close(blocked_gradient, gradient)


def test_what_is_kept_for_the_gradient_grows_with_the_batch_only():
    kept = []

    def keep(tensor):
        kept.append(tensor.numel())
        return tensor

    n, dim = 2 * BLOCK_ROWS, 4
    embeddings = torch.randn(n, dim, requires_grad=True)
    groups = torch.arange(n) % 24
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda kept: kept):
        value, _ = ClusterContrastiveLoss(0.1)(
            embeddings, groups // 4, groups % 4
        )
        del value
    assert max(kept) <= BLOCK_ROWS * n
