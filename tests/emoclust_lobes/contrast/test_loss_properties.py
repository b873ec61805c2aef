"""The contrastive loss: what attracts and repels, and what is refused."""

import math

import pytest
import torch
from emoclust_lobes.contrast.losses import ClusterContrastiveLoss
from loss_oracles import random_batch, slow_loss


def test_the_same_aligned_cluster_of_another_speaker_never_repels():
    speakers = torch.tensor([0, 0, 1, 1])
    clusters = torch.tensor([0, 1, 0, 1])
    loss = ClusterContrastiveLoss(0.1, negatives="all", positives="all")
    positive, negative = loss.pair_masks(speakers, clusters)
    assert positive[0].tolist() == [False, False, True, False]
    assert negative[0].tolist() == [False, True, False, True]


def test_positives_come_from_elsewhere_and_unknown_contexts_differ():
    same = torch.zeros(5, dtype=torch.long)
    clusters = torch.tensor([0, 0, 0, 0, 1])
    contexts = torch.tensor([3, 3, 4, -1, 3])
    loss = ClusterContrastiveLoss(0.1, elsewhere="session")
    positive, negative = loss.pair_masks(same, clusters, contexts)
    assert positive[0].tolist() == [False, False, True, True, False]
    assert positive[3].tolist() == [True, True, True, False, False]
    # The session's other clusters repel as ever.
    assert negative[0].tolist() == [False, False, False, False, True]


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


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            {"temperature": 0.0},
            "temperature must be above 0 and finite, not 0.0",
        ),
        (
            {"temperature": math.inf},
            "temperature must be above 0 and finite, not inf",
        ),
        (
            {"temperature": math.nan},
            "temperature must be above 0 and finite, not nan",
        ),
        (
            {"negatives": "nobody"},
            "negatives must be one of speaker, all, not 'nobody'",
        ),
        (
            {"positives": "nobody"},
            "positives must be one of speaker, all, not 'nobody'",
        ),
        (
            {"elsewhere": "room"},
            "elsewhere must be one of any, session, sentence, not 'room'",
        ),
    ],
)
def test_names_the_option_that_is_wrong(arguments, message):
    with pytest.raises(ValueError) as error:
        ClusterContrastiveLoss(**{"temperature": 0.1, **arguments})
    assert str(error.value) == message


@pytest.mark.parametrize("elsewhere", ["session", "sentence"])
def test_asks_for_contexts_where_they_are_needed(elsewhere):
    batch = {**random_batch(4, 9), "contexts": None}
    with pytest.raises(ValueError) as error:
        ClusterContrastiveLoss(0.1, elsewhere=elsewhere)(**batch)
    assert str(error.value) == (
        f"positives are to come from another {elsewhere}, but no contexts were "
        f"given: number each utterance's {elsewhere}"
    )
