"""Distillation: what is regressed, and how far an encoder is from it."""

import numpy as np
import pytest
import torch
from emoclust_lobes.contrast.distillation import (
    DistillationTargets,
    cosines,
    distillation_loss,
)
from emoclust_lobes.contrast.pool import pool_sampler
from emoclust_lobes.embeddings.cache import EmbeddingError, read_cache
from hypothesis import (
    given,
    strategies as st,
)


def slow_loss(predicted, targets):
    """Half the squared distance of unit vectors, one row at a time."""
    losses = []
    for row, target in zip(predicted, targets, strict=True):
        if target.any():
            difference = row / np.linalg.norm(row) - target
            losses.append(float(difference @ difference) / 2)
    return float(np.mean(losses)) if losses else 0.0


def rows_and_targets(seed, n=6, dim=5, empty=()):
    """Predictions, and directions of which some are missing."""
    rng = np.random.default_rng(seed)
    predicted, targets = rng.normal(size=(2, n, dim))
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    targets[list(empty)] = 0
    return predicted, targets


@given(
    seed=st.integers(0, 1000),
    empty=st.sets(st.integers(0, 5)),
    scale=st.floats(0.01, 100),
)
def test_the_loss_is_half_the_squared_distance(seed, empty, scale):
    predicted, targets = rows_and_targets(seed, empty=empty)
    loss = distillation_loss(
        torch.tensor(scale * predicted), torch.tensor(targets)
    )
    assert loss.item() == pytest.approx(slow_loss(predicted, targets), abs=1e-6)


def test_a_prediction_in_bfloat16_is_compared_in_float32():
    predicted, targets = rows_and_targets(1, n=50)
    coarse = torch.tensor(predicted).bfloat16()
    found = cosines(coarse, torch.tensor(targets).float())
    unit = coarse.double().numpy()
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, (unit * targets).sum(axis=1), atol=1e-6)


def test_targets_are_vectors_without_their_speaker(embed_speakers):
    rng = np.random.default_rng(0)
    speakers = {
        name: (rng.normal(size=(n, 4)), [0] * n)
        for name, n in (("a", 5), ("b", 3), ("c", 1))
    }
    arguments = embed_speakers(speakers)
    targets = DistillationTargets(**arguments)
    for name, (points, _) in speakers.items():
        ids = [f"{name}_{number:03d}" for number in range(len(points))]
        found = targets.vectors[targets.rows_of(ids)].numpy()
        centered = points - points.mean(axis=0)
        if len(points) > 1:
            centered /= np.linalg.norm(centered, axis=1, keepdims=True)
        np.testing.assert_allclose(found, centered, atol=1e-4)
    # Who speaks dwarfs how in the cache
    cache = read_cache(arguments["embedding_folder"], "stats")
    assert (np.abs(cache.select(["b_000"])) > 5).all()


def test_targets_are_told_from_others(embed_speakers):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(2, 6, 4))
    one, again, other = (
        DistillationTargets(**embed_speakers({"a": (x, [0] * 6)}, name=name))
        for name, x in zip("xyz", (points[0], points[0], points[1]))
    )
    assert one.fingerprint == again.fingerprint != other.fingerprint


def test_sentences_are_removed_as_before_clusters(embed_speakers):
    rng = np.random.default_rng(0)
    speakers = {x: (rng.normal(size=(6, 4)), [0] * 6) for x in "abc"}
    arguments = embed_speakers(speakers)
    plain = DistillationTargets(**arguments).vectors
    without = DistillationTargets(**arguments, without_sentences=True).vectors
    assert not torch.allclose(plain, without, atol=0.01)
    torch.testing.assert_close(without.norm(dim=1), torch.ones(18))


def test_without_embeddings_it_is_said(embed_speakers, tmp_path):
    arguments = embed_speakers({"a": (np.eye(4), [0] * 4)})
    arguments["embedding_folder"] = tmp_path / "elsewhere"
    with pytest.raises(EmbeddingError, match="embed the utterances first"):
        DistillationTargets(**arguments)


def test_batches_without_clusters_come_round():
    pool = [None] * 10  # its length alone counts
    sampler = pool_sampler(pool, "distil", (1, 2, 2), steps=5, seed=1)
    epochs = []
    for epoch in (1, 2, 1):
        sampler.set_epoch(epoch)
        epochs.append([list(batch) for batch in sampler])
    first, second, again = epochs
    assert first == again != second
    assert len(sampler) == 5 and [len(batch) for batch in first] == [4] * 5
    drawn = sum(first, [])
    assert sorted(drawn[:10]) == sorted(drawn[10:]) == list(range(10))
    small = pool_sampler(pool, "distil", (4, 4, 3), steps=2, seed=1)
    assert [sorted(batch) for batch in small] == [list(range(10))] * 2
