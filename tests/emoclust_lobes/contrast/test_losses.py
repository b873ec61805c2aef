"""The contrastive loss against slow loops and against another library."""

import numpy as np
import pytest
import torch
from emoclust_lobes.contrast.losses import ClusterContrastiveLoss
from emoclust_lobes.contrast.memory import EmbeddingMemory
from hypothesis import (
    given,
    settings,
    strategies as st,
)
from loss_oracles import random_batch, slow_loss
from pytorch_metric_learning.losses import CrossBatchMemory, SupConLoss

batches = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.integers(0, 10_000),
    )
)


@settings(max_examples=150, deadline=None)
@given(
    batch=batches,
    temperature=st.sampled_from([0.05, 0.1, 1.0]),
    negatives=st.sampled_from(["speaker", "all"]),
)
def test_equals_the_slow_loop_on_any_batch(batch, temperature, negatives):
    speakers, clusters, seed = batch
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(len(speakers), 5, generator=generator)
    value, n_anchors = ClusterContrastiveLoss(temperature, negatives)(
        embeddings, torch.tensor(speakers), torch.tensor(clusters)
    )
    expected, expected_anchors = slow_loss(
        embeddings, speakers, clusters, temperature, negatives
    )
    assert n_anchors == expected_anchors
    assert value.item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


options = st.fixed_dictionaries(
    {
        "temperature": st.sampled_from([0.01, 0.1, 1.0]),
        "negatives": st.sampled_from(["speaker", "all"]),
        "positives": st.sampled_from(["speaker", "all"]),
        "elsewhere": st.sampled_from(["any", "session", "sentence"]),
        "hardness": st.sampled_from([0.0, 0.5, 4.0]),
    }
)


def as_lists(batch):
    """The same for the slow loop, which knows no tensors."""
    return {name: values.tolist() for name, values in batch.items()}


@settings(max_examples=300, deadline=None)
@given(
    options=options,
    n=st.integers(1, 10),
    remembered=st.integers(0, 8),
    seed=st.integers(0, 10_000),
)
def test_every_option_equals_the_slow_loop(options, n, remembered, seed):
    batch, past = random_batch(n, seed), random_batch(remembered, seed + 1)
    memory = EmbeddingMemory(size=8)
    memory.add(**past)
    value, n_anchors = ClusterContrastiveLoss(**options)(**batch, memory=memory)
    behind = {k: torch.cat([batch[k], past[k]]) for k in batch}
    expected, expected_anchors = slow_loss(
        **as_lists(behind), **options, n_anchors=n
    )
    assert n_anchors == expected_anchors
    assert value.item() == pytest.approx(expected, rel=1e-4, abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(options=options, seed=st.integers(0, 10_000))
def test_gradients_are_the_finite_differences_of_the_slow_loop(options, seed):
    options = {**options, "temperature": max(options["temperature"], 0.1)}
    batch, past = random_batch(6, seed, dim=3), random_batch(3, seed + 1, dim=3)
    memory = EmbeddingMemory(size=3)
    memory.add(**past)
    embeddings = batch["embeddings"].requires_grad_()
    ClusterContrastiveLoss(**options)(**batch, memory=memory)[0].backward()

    both = {k: torch.cat([batch[k], past[k]]) for k in batch}
    lists = {**as_lists(both), **options, "n_anchors": 6}
    points = both["embeddings"].detach().double().numpy()
    differences = np.zeros((6, 3))
    step = 1e-5
    for place in np.ndindex(6, 3):
        for sign in (1, -1):
            moved = points.copy()
            moved[place] += sign * step
            value, _ = slow_loss(**{**lists, "embeddings": moved})
            differences[place] += sign * value / (2 * step)
    np.testing.assert_allclose(
        embeddings.grad.numpy(), differences, rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("negatives", ["speaker", "all"])
def test_value_and_gradient_equal_another_librarys(negatives):
    torch.manual_seed(1)
    speakers = torch.arange(3).repeat_interleave(12)
    clusters = torch.arange(4).repeat_interleave(3).repeat(3)
    ours = torch.randn(36, 16, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_()
    loss = ClusterContrastiveLoss(temperature=0.1, negatives=negatives)
    positive, negative = loss.pair_masks(speakers, clusters)
    value, _ = loss(ours, speakers, clusters)
    value.backward()
    expected = SupConLoss(temperature=0.1)(
        theirs,
        indices_tuple=(*positive.nonzero().T, *negative.nonzero().T),
    )
    expected.backward()
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-6)


@pytest.mark.parametrize("negatives", ["speaker", "all"])
@pytest.mark.parametrize("elsewhere", ["any", "session"])
def test_aligned_clusters_with_memory_equal_another_librarys(
    negatives, elsewhere
):
    batch, past = random_batch(24, 1, dim=16), random_batch(40, 2, dim=16)
    past["weights"] = None
    memory = EmbeddingMemory(size=40)
    memory.add(**past)
    ours = batch["embeddings"].requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    loss = ClusterContrastiveLoss(0.1, negatives, "all", elsewhere)
    value, n_anchors = loss(**{**batch, "weights": None}, memory=memory)
    value.backward()
    positive, negative = loss.pair_masks(
        *(
            torch.cat([batch[k], past[k]])
            for k in ("speakers", "clusters", "contexts")
        ),
        rows=slice(24),
    )
    expected = SupConLoss(temperature=0.1)(
        theirs,
        indices_tuple=(*positive.nonzero().T, *negative.nonzero().T),
        ref_emb=torch.cat([theirs, past["embeddings"]]),
    )
    expected.backward()
    assert n_anchors == 24
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-6)


def test_the_memory_serves_as_another_librarys_does():
    torch.manual_seed(6)
    loss = ClusterContrastiveLoss(temperature=0.1, negatives="all")
    memory = EmbeddingMemory(size=20)
    # Theirs takes the batch in before the loss is computed.
    theirs = CrossBatchMemory(
        SupConLoss(temperature=0.1), embedding_size=6, memory_size=20 + 8
    )
    speakers = torch.zeros(8, dtype=torch.long)
    for _ in range(6):
        embeddings = torch.randn(8, 6)
        clusters = torch.arange(4).repeat(2)[torch.randperm(8)]
        value, _ = loss(embeddings, speakers, clusters, memory=memory)
        memory.add(embeddings, speakers, clusters)
        expected = theirs(embeddings, clusters)
        assert value.item() == pytest.approx(expected.item(), rel=1e-5)
