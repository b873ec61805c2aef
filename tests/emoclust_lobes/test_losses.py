"""The contrastive loss against slow loops and against another library."""

import math

import pytest
import torch
from emoclust_lobes.losses import ClusterContrastiveLoss
from hypothesis import (
    given,
    settings,
    strategies as st,
)
from pytorch_metric_learning.losses import SupConLoss


def slow_loss(embeddings, speakers, clusters, temperature, negatives):
    """The formula read aloud: one anchor, one positive, one pair at a time."""
    n = len(embeddings)
    unit = [e / e.norm() for e in embeddings.double()]
    anchors = []
    for a in range(n):
        positives, others = [], []
        for k in range(n):
            if k == a:
                continue
            if speakers[k] == speakers[a] and clusters[k] == clusters[a]:
                positives.append(k)
            elif speakers[k] == speakers[a] or negatives == "all":
                others.append(k)
        if not positives or not others:
            continue
        score = {
            k: math.exp(float(unit[a] @ unit[k]) / temperature)
            for k in positives + others
        }
        total = sum(score.values())
        anchors.append(
            -sum(math.log(score[p] / total) for p in positives) / len(positives)
        )
    return sum(anchors) / len(anchors) if anchors else 0.0, len(anchors)


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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("temperature", [0.01, 0.1])
def test_half_precision_stays_finite_and_close(dtype, temperature):
    torch.manual_seed(2)
    speakers = torch.arange(4).repeat_interleave(8)
    clusters = torch.arange(2).repeat_interleave(4).repeat(4)
    exact = torch.randn(32, 64)
    half = exact.to(dtype).requires_grad_()
    loss = ClusterContrastiveLoss(temperature=temperature)
    value, _ = loss(half, speakers, clusters)
    value.backward()
    rounded, _ = loss(half.detach().float(), speakers, clusters)
    assert value.dtype == torch.float32
    assert torch.isfinite(half.grad).all()
    assert value.item() == pytest.approx(rounded.item(), rel=1e-6)


def test_computes_in_float32_under_autocast():
    torch.manual_seed(3)
    embeddings = torch.randn(8, 16)
    speakers = torch.zeros(8, dtype=torch.long)
    clusters = torch.arange(2).repeat(4)
    loss = ClusterContrastiveLoss(temperature=0.05)
    expected, _ = loss(embeddings, speakers, clusters)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value, _ = loss(embeddings, speakers, clusters)
    assert value.item() == expected.item()


def test_orphans_do_not_dilute_the_mean():
    torch.manual_seed(4)
    embeddings = torch.randn(7, 8)
    # Utterances 4 and 5 have no positive, 6 is alone with its speaker.
    speakers = torch.tensor([0, 0, 0, 0, 0, 0, 1])
    clusters = torch.tensor([0, 0, 1, 1, 2, 3, 0])
    loss = ClusterContrastiveLoss(temperature=0.1)
    value, n_anchors = loss(embeddings, speakers, clusters)
    expected, _ = slow_loss(
        embeddings, speakers.tolist(), clusters.tolist(), 0.1, "speaker"
    )
    assert n_anchors == 4
    assert value.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "clusters", [[0, 0, 0, 0], [0, 1, 2, 3]], ids=["no negative", "no positive"]
)
def test_a_batch_without_pairs_gives_zero_and_a_zero_gradient(clusters):
    embeddings = torch.randn(4, 8, requires_grad=True)
    value, n_anchors = ClusterContrastiveLoss(temperature=0.1)(
        embeddings, torch.zeros(4, dtype=torch.long), torch.tensor(clusters)
    )
    value.backward()
    assert (value.item(), n_anchors) == (0.0, 0)
    assert embeddings.grad.abs().max() == 0


def test_other_speakers_matter_only_when_asked():
    torch.manual_seed(5)
    embeddings = torch.randn(8, 8)
    speakers = torch.arange(2).repeat_interleave(4)
    clusters = torch.tensor([0, 0, 1, 1] * 2)
    moved = embeddings.clone()
    moved[4:] += torch.randn(4, 8)

    def first_anchor_gradient(values, negatives):
        values = values.clone().requires_grad_()
        loss = ClusterContrastiveLoss(0.1, negatives)
        loss(values, speakers, clusters)[0].backward()
        return values.grad[0]

    for negatives, same in (("speaker", True), ("all", False)):
        before = first_anchor_gradient(embeddings, negatives)
        after = first_anchor_gradient(moved, negatives)
        assert torch.allclose(before, after, atol=1e-7) is same


@pytest.mark.parametrize("arguments", [(0.0, "speaker"), (0.1, "nobody")])
def test_refuses_what_it_cannot_do(arguments):
    with pytest.raises(ValueError):
        ClusterContrastiveLoss(*arguments)
