"""The contrastive loss against slow loops and against another library."""

import pytest
import torch
from emoclust_lobes.contrast.losses import ClusterContrastiveLoss
from hypothesis import (
    given,
    strategies as st,
)
from loss_oracles import random_batch, slow_loss
from pytorch_metric_learning.losses import SupConLoss

options = st.fixed_dictionaries(
    {
        "temperature": st.sampled_from([0.01, 0.1, 1.0]),
        "negatives": st.sampled_from(["speaker", "all"]),
        "positives": st.sampled_from(["speaker", "all"]),
        "elsewhere": st.sampled_from(["any", "session", "sentence"]),
    }
)


def as_lists(batch):
    """The same for the slow loop, which knows no tensors."""
    return {name: values.tolist() for name, values in batch.items()}


@given(options=options, n=st.integers(2, 12), seed=st.integers(0, 10_000))
def test_every_option_equals_the_slow_loop(options, n, seed):
    batch = random_batch(n, seed)
    value, n_anchors = ClusterContrastiveLoss(**options)(**batch)
    expected, expected_anchors = slow_loss(**as_lists(batch), **options)
    assert n_anchors == expected_anchors
    assert value.item() == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("negatives", ["speaker", "all"])
@pytest.mark.parametrize("positives", ["speaker", "all"])
@pytest.mark.parametrize("elsewhere", ["any", "session"])
def test_value_and_gradient_equal_another_librarys(
    negatives, positives, elsewhere
):
    batch = random_batch(36, 1, dim=16)
    ours = batch["embeddings"].requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    loss = ClusterContrastiveLoss(0.1, negatives, positives, elsewhere)
    value, n_anchors = loss(**batch)
    value.backward()
    labels = (batch[x] for x in ("speakers", "clusters", "contexts"))
    positive, negative = loss.pair_masks(*labels)
    expected = SupConLoss(temperature=0.1)(
        theirs,
        indices_tuple=(*positive.nonzero().T, *negative.nonzero().T),
    )
    expected.backward()
    assert n_anchors == 36
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-6)
