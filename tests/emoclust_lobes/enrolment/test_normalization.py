"""Enrolment against slow loops, in training and afterwards."""

import collections
import math

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from emoclust_lobes.enrolment.normalization import (
    EnrolledClassifier,
    SpeakerNormalization,
)
from hypothesis import given

from speechbrain.utils.checkpoints import Checkpointer

SPEAKERS = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3]


def normalization(prior_weight=2.0, counts=(0, 1, 2, "all"), size=3):
    """Of ten training utterances of four speakers, none known yet."""
    normalize = SpeakerNormalization(size, prior_weight, counts)
    normalize.start(SPEAKERS)
    return normalize


def trained(seed=0, **options):
    """All known: vectors of every speaker around a place of its own."""
    normalize = normalization(**options)
    generator = torch.Generator().manual_seed(seed)
    places = 5 * torch.randn(4, 3, generator=generator)
    vectors = torch.randn(10, 3, generator=generator) + places[SPEAKERS]
    normalize.remember(range(10), vectors)
    return normalize, vectors


def slow(vector, others, normalize):
    """Normalize one vector, number by number."""
    found, weight = [], normalize.prior_weight
    prior_mean = normalize.prior_mean.tolist()
    prior_variance = normalize.prior_variance.tolist()
    vector, others = vector.tolist(), others.tolist()
    for k, value in enumerate(vector):
        own = [other[k] for other in others]
        n = len(own)
        m = sum(own) / n if n else 0.0
        v = sum((x - m) ** 2 for x in own) / n if n else 0.0
        mean = (n * m + weight * prior_mean[k]) / (n + weight)
        variance = (n * v + weight * prior_variance[k]) / (n + weight)
        found.append((value - mean) / math.sqrt(variance))
    return torch.tensor(found)


@given(
    data=st.data(),
    weight=st.sampled_from([0.1, 1.0, 5.0]),
    offset=st.sampled_from([0.0, 50.0]),
)
def test_normalization_is_the_formula(data, weight, offset):
    normalize, _ = trained(prior_weight=weight)
    rows = data.draw(st.integers(1, 8))
    table = torch.randn(rows, 3) + offset
    embeddings = torch.randn(2, 3) + offset
    flags = st.lists(st.booleans(), min_size=rows, max_size=rows)
    enrolled = np.array([data.draw(flags), [False] * rows])
    found = normalize(embeddings, enrolled, table=table)
    for vector, chosen, result in zip(embeddings, enrolled, found):
        expected = slow(vector, table[chosen], normalize)
        torch.testing.assert_close(result, expected, atol=2e-3, rtol=2e-3)


def test_the_prior_is_the_mean_speaker():
    normalize = normalization()
    vectors = torch.randn(10, 3) * 2 + 7
    normalize.remember([9], vectors[:1])  # comes again below, and is replaced
    seen = [0, 1, 3, 4, 6, 9]
    normalize.remember(seen, vectors[seen])
    means, variances = [], []
    for members in ([0, 1, 3], [4, 6], [9]):
        own = vectors[members].double()
        means.append(own.mean(dim=0))
        variances.append(own.var(dim=0, correction=0))
    for found, each in [
        (normalize.prior_mean, means),
        (normalize.prior_variance, variances),
    ]:
        expected = torch.stack(each).mean(dim=0).float()
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_without_a_table_the_last_embeddings_are_enrolled():
    normalize, vectors = trained()
    enrolled = normalize.draw([0, 5], np.random.default_rng(0))
    enrolled[0, 1] = True
    kept = normalize(vectors[[0, 5]], enrolled)
    given_them = normalize(vectors[[0, 5]], enrolled, table=vectors)
    assert torch.equal(kept, given_them)
    normalize.remember([1], vectors[1:2] + 1)
    assert not torch.equal(kept[0], normalize(vectors[[0, 5]], enrolled)[0])


def test_gradients_flow_into_what_is_normalized_alone():
    normalize = normalization()
    embeddings = torch.randn(3, 3, requires_grad=True)
    normalize.remember([0, 1, 4], embeddings)
    enrolled = normalize.draw([0, 1, 4], np.random.default_rng(0))
    enrolled[0, 1] = True
    found = normalize(embeddings, enrolled)
    (gradient,) = torch.autograd.grad(found[0].sum(), embeddings)
    assert (gradient[0] != 0).all() and (gradient[1:] == 0).all()
    assert not any(value.requires_grad for value in normalize.buffers())


@given(
    known=st.sets(st.integers(0, 9), min_size=1),
    rows=st.lists(st.integers(0, 9), min_size=1, max_size=12),
    count=st.sampled_from([0, 1, 2, "all"]),
    seed=st.integers(0, 9),
)
def test_training_draws_known_others_of_the_speaker(known, rows, count, seed):
    normalize = normalization(counts=[count])
    known = sorted(known)
    normalize.remember(known, torch.randn(len(known), 3))
    drawn = normalize.draw(rows, np.random.default_rng(seed))
    assert drawn.shape == (len(rows), 10)
    for row, chosen in zip(rows, drawn):
        chosen = set(np.flatnonzero(chosen))
        others = {x for x in known if SPEAKERS[x] == SPEAKERS[row] and x != row}
        assert chosen <= others
        wanted = len(others) if count == "all" else min(count, len(others))
        assert len(chosen) == wanted


def test_training_draws_every_number_and_everybody_equally_often():
    normalize, _ = trained(counts=[0, 1, "all"])
    drawn = normalize.draw([0] * 3000, np.random.default_rng(0))
    sizes = collections.Counter(drawn.sum(axis=1).tolist())
    assert set(sizes) == {0, 1, 3}
    assert all(abs(n - 1000) < 120 for n in sizes.values())
    alone = drawn[drawn.sum(axis=1) == 1].sum(axis=0)
    assert all(abs(n - sizes[1] / 3) < 70 for n in alone[1:4])


def test_what_was_remembered_comes_back_from_a_checkpoint(tmp_path):
    def resumable():
        normalize = normalization()
        return normalize, Checkpointer(tmp_path, {"normalize": normalize})

    def go_on(normalize):
        """Two more steps of a training."""
        results = []
        for step in range(2):
            generator = torch.Generator().manual_seed(step)
            embeddings = torch.randn(4, 3, generator=generator)
            rows = [step, 4, 5, 9]
            drawn = normalize.draw(rows, np.random.default_rng(step))
            normalize.remember(rows, embeddings)
            results.append(normalize(embeddings, drawn))
        return torch.stack(results)

    whole, checkpointer = resumable()
    whole.remember([0, 2, 4, 7], torch.randn(4, 3))
    checkpointer.save_checkpoint()
    expected = go_on(whole)
    resumed, checkpointer = resumable()
    assert not torch.equal(go_on(normalization()), expected)
    checkpointer.recover_if_possible()
    assert resumed.known.nonzero().flatten().tolist() == [0, 2, 4, 7]
    assert torch.equal(go_on(resumed), expected)
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


@pytest.mark.parametrize("weight", [0, -1.0])
def test_a_prior_without_weight_is_refused(weight):
    with pytest.raises(ValueError, match="enrolment_prior"):
        SpeakerNormalization(2, prior_weight=weight, counts=[0])


def test_a_training_batch_is_not_normalized_by_itself():
    normalize, vectors = trained(counts=["all"])
    batch = torch.randn(2, 3)
    found = normalize.training_batch([0, 4], batch, seed=1)
    kept = vectors.clone()
    kept[[0, 4]] = batch  # known by now
    for vector, row, result in zip(batch, [0, 4], found):
        others = [
            place
            for place, speaker in enumerate(SPEAKERS)
            if speaker == SPEAKERS[row] and place != row
        ]
        expected = slow(vector, kept[others], normalize)
        torch.testing.assert_close(result, expected, atol=1e-3, rtol=1e-3)


def test_a_classifier_knows_whom_it_has_enrolled():
    normalize, vectors = trained()
    classifier = EnrolledClassifier(
        normalize.without_table(), torch.nn.LogSoftmax(dim=-1)
    )
    batch = torch.randn(4, 1, 3)  # as encode_batch gives them

    def check(found, others):
        rows = [slow(vector, others, normalize) for vector in batch[:, 0]]
        expected = torch.stack(rows).log_softmax(dim=-1)
        torch.testing.assert_close(found[:, 0], expected, atol=1e-3, rtol=1e-3)

    unknown = classifier(batch)
    check(unknown, vectors[:0])
    classifier.enrol(vectors[:4, None])
    known = classifier(batch)
    check(known, vectors[:4])
    # One by one, or without the dimension of one, it is the same.
    assert torch.equal(classifier(batch[:, 0]), known[:, 0])
    for own, result in zip(batch, known):
        torch.testing.assert_close(classifier(own[None])[0], result)
    classifier.enrol(vectors[:0])
    assert torch.equal(classifier(batch), unknown)
    # It keeps nothing of the training speakers, nor of the enrolled one.
    assert set(classifier.state_dict()) == {
        "normalization.prior_mean",
        "normalization.prior_variance",
    }
