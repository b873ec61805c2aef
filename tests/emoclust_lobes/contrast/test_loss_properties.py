"""The contrastive loss: what attracts and repels, and what is refused."""

import math

import pytest
import torch
from emoclust_lobes.contrast.losses import ClusterContrastiveLoss
from loss_oracles import random_batch


def test_the_coldest_temperature_stays_finite():
    torch.manual_seed(8)
    embeddings = torch.randn(16, 8)
    embeddings[1] = -embeddings[0]
    embeddings[2] = embeddings[0]
    embeddings.requires_grad_()
    same = torch.zeros(16, dtype=torch.long)
    loss = ClusterContrastiveLoss(0.01)
    value, _ = loss(embeddings, same, torch.arange(2).repeat_interleave(8))
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(embeddings.grad).all()


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


@pytest.mark.parametrize(
    "name, value, told",
    [
        *(
            ("temperature", x, f"above 0 and finite, not {x}")
            for x in (0.0, math.inf, math.nan)
        ),
        ("negatives", "nobody", "one of speaker, all, not 'nobody'"),
        ("positives", "nobody", "one of speaker, all, not 'nobody'"),
        ("elsewhere", "room", "one of any, session, sentence, not 'room'"),
    ],
)
def test_names_the_option_that_is_wrong(name, value, told):
    with pytest.raises(ValueError) as error:
        ClusterContrastiveLoss(**{"temperature": 0.1, name: value})
    assert str(error.value) == f"{name} must be {told}"


@pytest.mark.parametrize("elsewhere", ["session", "sentence"])
def test_asks_for_contexts_where_they_are_needed(elsewhere):
    batch = {**random_batch(4, 9), "contexts": None}
    with pytest.raises(ValueError) as error:
        ClusterContrastiveLoss(0.1, elsewhere=elsewhere)(**batch)
    assert str(error.value) == (
        f"positives are to come from another {elsewhere}, but no contexts were "
        f"given: number each utterance's {elsewhere}"
    )
