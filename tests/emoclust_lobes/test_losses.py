"""The contrastive loss against slow loops and against another library."""

import math

import numpy as np
import pytest
import torch
from emoclust_lobes.losses import ClusterContrastiveLoss
from emoclust_lobes.memory import EmbeddingMemory
from hypothesis import (
    given,
    settings,
    strategies as st,
)
from pytorch_metric_learning.losses import CrossBatchMemory, SupConLoss


def slow_loss(
    embeddings,
    speakers,
    clusters,
    temperature,
    negatives,
    positives="speaker",
    elsewhere="any",
    hardness=0.0,
    contexts=None,
    weights=None,
    n_anchors=None,
):
    """The formula read aloud: one anchor, one positive, one pair at a time.

    What is remembered stands behind the ``n_anchors`` of the batch.
    """
    n = len(embeddings)
    unit = [e / np.linalg.norm(e) for e in np.asarray(embeddings, np.float64)]
    weight = [1.0] * n if weights is None else weights
    total_loss, total_weight, used = 0.0, 0.0, 0
    for a in range(n if n_anchors is None else n_anchors):
        pulls, pushes = [], []
        for k in range(n):
            if k == a:
                continue
            mine = speakers[k] == speakers[a]
            if clusters[k] == clusters[a] and (mine or positives == "all"):
                together = elsewhere != "any" and contexts[k] == contexts[a]
                if not together or contexts[a] < 0:
                    pulls.append(k)
            elif mine or negatives == "all":
                pushes.append(k)
        if not pulls or not pushes:
            continue
        cosine = {k: float(unit[a] @ unit[k]) for k in pulls + pushes}
        score = {k: math.exp(c / temperature) for k, c in cosine.items()}
        hard = {k: math.exp(hardness * cosine[k]) for k in pushes}
        mean_hard = sum(hard.values()) / len(pushes)
        total = sum(score[k] for k in pulls)
        total += sum(score[k] * hard[k] / mean_hard for k in pushes)
        loss = 0.0
        for p in pulls:
            loss -= weight[p] * math.log(score[p] / total)
        total_loss += weight[a] * loss / sum(weight[p] for p in pulls)
        total_weight += weight[a]
        used += 1
    return (total_loss / total_weight if used else 0.0), used


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


def random_batch(n, seed, dim=5):
    """Everything an utterance can have, as the loss takes it."""
    rng = np.random.default_rng(seed)
    return {
        "embeddings": torch.tensor(rng.normal(size=(n, dim))).float(),
        "speakers": torch.tensor(rng.integers(0, 2, n)),
        "clusters": torch.tensor(rng.integers(0, 3, n)),
        "contexts": torch.tensor(rng.integers(-1, 2, n)),
        "weights": torch.tensor(rng.uniform(0.1, 1, n)).float(),
    }


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
        n_anchors=24,
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


def test_the_harder_the_more_a_near_negative_repels():
    embeddings = torch.tensor([[1.0, 0], [1, 0.1], [1, 0.5], [-1, 0]])
    clusters = torch.tensor([0, 0, 1, 1])
    same = torch.zeros(4, dtype=torch.long)
    losses = [ClusterContrastiveLoss(1.0, hardness=b) for b in (0.0, 1.0, 4.0)]
    values = [loss(embeddings, same, clusters)[0].item() for loss in losses]
    assert values[0] < values[1] < values[2]


def test_equal_weights_change_nothing():
    batch = random_batch(12, 7)
    loss = ClusterContrastiveLoss(temperature=0.1)
    weights = torch.full_like(batch.pop("weights"), 0.3)
    plain, _ = loss(**batch)
    equal, _ = loss(**batch, weights=weights)
    assert equal.item() == pytest.approx(plain.item(), rel=1e-6)


@pytest.mark.parametrize("hardness", [0.0, 10.0])
def test_the_coldest_temperature_stays_finite(hardness):
    torch.manual_seed(8)
    embeddings = torch.randn(16, 8)
    embeddings[1] = -embeddings[0]
    embeddings[2] = embeddings[0]
    embeddings.requires_grad_()
    same = torch.zeros(16, dtype=torch.long)
    loss = ClusterContrastiveLoss(0.01, hardness=hardness)
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
            {"hardness": -1.0},
            "hardness must be 0 or above and finite, not -1.0",
        ),
        (
            {"hardness": math.inf},
            "hardness must be 0 or above and finite, not inf",
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


@pytest.mark.parametrize("weight", [0.0, -0.5])
def test_refuses_weights_that_are_not_above_zero(weight):
    batch = random_batch(4, 9)
    batch["weights"][2] = weight
    with pytest.raises(ValueError) as error:
        ClusterContrastiveLoss(0.1)(**batch)
    assert str(error.value) == (
        f"weights must be above 0, found {weight}: leave utterances that "
        "should not count out of the batch"
    )
