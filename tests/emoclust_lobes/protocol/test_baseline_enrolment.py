"""Enrolment of the reference systems: the formula and the draws."""

import numpy as np
import pytest
from emoclust_lobes.protocol.baselines import Utterances, normalize_speakers
from hypothesis import (
    given,
    settings,
    strategies as st,
)
from reference_oracles import clips


@given(
    n_enrolled=st.sampled_from([1, 2, 5, 10]),
    n_clips=st.integers(1, 8),
    prior_weight=st.floats(0.1, 20),
    seed=st.integers(0, 9),
)
@settings(max_examples=30, deadline=None)
def test_enrolment_is_the_formula_over_drawn_clips(
    n_enrolled, n_clips, prior_weight, seed
):
    training, heard = clips(3, 6, seed=seed), clips(2, n_clips, seed=seed + 1)
    found = normalize_speakers(heard, training, n_enrolled, prior_weight, seed)

    # Slow: one sum after another; M, V, and then the draws are searched for.
    own = [
        [x for x, y in zip(training.vectors, training.speakers) if y == name]
        for name in ("s0", "s1", "s2")
    ]
    means = [sum(rows) / len(rows) for rows in own]
    M = sum(means) / 3
    V = sum(
        sum((x - m) ** 2 for x in rows) / len(rows)
        for rows, m in zip(own, means)
    )
    V = V / 3
    for row, vector in enumerate(found.vectors):
        others = [
            x
            for x in range(len(heard.ids))
            if heard.speakers[x] == heard.speakers[row] and x != row
        ]
        drawn = min(n_enrolled, len(others))
        expected = [
            slow_enrolment(heard.vectors, row, chosen, M, V, prior_weight)
            for chosen in combinations(others, drawn)
        ]
        matches = [np.allclose(vector, x, atol=1e-9) for x in expected]
        assert any(matches)


def combinations(values, n):
    """All ways to choose n of the values."""
    if n == 0:
        return [[]]
    return [
        [value, *rest]
        for place, value in enumerate(values)
        for rest in combinations(values[place + 1 :], n - 1)
    ]


def slow_enrolment(vectors, row, chosen, M, V, p):
    """Standardize one vector by chosen clips, dimension by dimension."""
    n, result = len(chosen), []
    for dim, x in enumerate(vectors[row]):
        mean, variance = M[dim], V[dim]
        if n > 0:
            values = [vectors[clip][dim] for clip in chosen]
            m = sum(values) / n
            mean = (p * mean + n * m) / (p + n)
            spread = sum((value - m) ** 2 for value in values)
            variance = (p * variance + spread) / (p + n)
        result.append((x - mean) / variance**0.5)
    return result


def test_more_enrolled_clips_add_to_fewer_and_the_scored_one_is_not_heard():
    training, heard = clips(3, 6), clips(1, 12, seed=5)

    def with_first_moved(distance):
        vectors = heard.vectors.copy()
        vectors[0] += distance
        return heard._replace(vectors=vectors)

    touched = {}
    for n in (0, 2, 5, 11, "all"):
        before, after, farther = (
            normalize_speakers(with_first_moved(x), training, n, 2, 1).vectors
            for x in (0, 1000, 2000)
        )
        # In proportion: the scored clip is in no mean and no deviation of its.
        np.testing.assert_allclose(
            farther[0] - before[0], 2 * (after[0] - before[0])
        )
        assert (after[0] - before[0] > 10).all()
        changed = (before != after).any(axis=1)
        touched[n] = set(np.flatnonzero(changed)) - {0}
    assert touched[0] == set()
    assert touched[2] <= touched[5] <= touched[11] == set(range(1, 12))
    assert touched[2] < touched[11] == touched["all"]


def test_the_draws_follow_the_seed():
    training, heard = clips(3, 6), clips(2, 12, seed=5)
    one, other = (
        normalize_speakers(heard, training, 3, 2, seed).vectors
        for seed in (1, 2)
    )
    assert (one != other).any(axis=1).mean() > 0.5


@pytest.mark.parametrize("n_enrolled", ["all", 3])
def test_a_speaker_is_normalized_by_nobody_elses_utterances(n_enrolled):
    training, heard = clips(3, 6), clips(2, 8, seed=5)
    found = normalize_speakers(heard, training, n_enrolled, 2, 1).vectors
    alone = Utterances(*(column[:8] for column in heard))
    np.testing.assert_array_equal(
        normalize_speakers(alone, training, n_enrolled, 2, 1).vectors,
        found[:8],
    )


def test_all_clips_are_as_many_as_there_are():
    training, heard = clips(3, 6), clips(4, 9, seed=5)
    everything, eight, seven = (
        normalize_speakers(heard, training, n, 2, 1).vectors
        for n in ("all", 8, 7)
    )
    np.testing.assert_allclose(everything, eight)
    assert not np.allclose(everything, seven)


def test_many_clips_outweigh_the_training_speakers():
    heard = clips(1, 800, seed=3)
    found = normalize_speakers(heard, clips(3, 6), "all", 1, 1).vectors
    own = heard.vectors
    expected = (own - own.mean(axis=0)) / own.std(axis=0)
    assert np.abs(found - expected).max() < 0.05


@pytest.mark.parametrize("n_enrolled", ["all", 0, 2])
def test_constant_dimensions_and_single_clips_stay_finite(n_enrolled):
    training, heard = clips(3, 6), clips(3, 1, seed=5)
    training.vectors[:, 0] = heard.vectors[:, 0] = 4.0
    found = normalize_speakers(heard, training, n_enrolled, 2, 1).vectors
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:, 0], 0, atol=1e-12)
