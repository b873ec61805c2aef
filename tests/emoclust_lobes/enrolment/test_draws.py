"""Draws of enrolled utterances: nested, repeatable, of the speaker alone."""

import tracemalloc

import hypothesis.strategies as st
import numpy as np
import pytest
from emoclust_lobes.enrolment.draws import draw_enrolled, enrolled_moments
from hypothesis import given

DRAWN = {
    0: {5, 6},
    1: {4, 7},
    2: {8, 5},
    3: {8, 2},
    4: {1, 7},
    5: {0, 8},
    6: {0, 8},
    7: {1, 4},
    8: {0, 2},
}


def masks(ids, speakers, count, seed):
    """Who is enrolled for whom, bool [n, n], by row."""
    enrolled = np.zeros((len(ids), len(ids)), dtype=bool)
    for row, chosen in draw_enrolled(ids, speakers, count, seed):
        enrolled[row, chosen] = True
    return enrolled


speakers_of_split = st.lists(st.sampled_from("abc"), min_size=1, max_size=14)


@given(speakers=speakers_of_split, seed=st.integers(0, 9))
def test_enrolled_are_others_of_the_speaker_and_nested(speakers, seed):
    ids = [f"u{number}" for number in range(len(speakers))]
    counts = [0, 1, 2, 5, 10, "all"]
    draws = [masks(ids, speakers, x, seed) for x in counts]
    for count, drawn in zip(counts, draws):
        for row, speaker in enumerate(speakers):
            chosen = set(np.flatnonzero(drawn[row]))
            others = {
                x
                for x, each in enumerate(speakers)
                if each == speaker and x != row
            }
            assert chosen <= others
            wanted = len(others) if count == "all" else min(count, len(others))
            assert len(chosen) == wanted
    for smaller, larger in zip(draws, draws[1:]):
        assert not (smaller & ~larger).any()


@given(speakers=speakers_of_split, data=st.data())
def test_the_order_of_the_rows_does_not_matter(speakers, data):
    ids = [f"u{number}" for number in range(len(speakers))]
    order = data.draw(st.permutations(range(len(speakers))))
    straight = masks(ids, speakers, 2, seed=1)
    found = masks(
        [ids[i] for i in order], [speakers[i] for i in order], 2, seed=1
    )
    np.testing.assert_array_equal(found, straight[np.ix_(order, order)])


def test_other_speakers_do_not_change_what_is_drawn():
    ids = [f"u{number}" for number in range(12)]
    alone = masks(ids[:8], ["a"] * 8, 3, seed=1)
    among = masks(ids, ["a"] * 8 + ["b"] * 4, 3, seed=1)
    np.testing.assert_array_equal(among[:8, :8], alone)


def test_draws_differ_between_seeds_and_utterances():
    ids = [f"u{number}" for number in range(30)]
    one, again, other = (masks(ids, ["s"] * 30, 5, seed) for seed in (1, 1, 2))
    assert (one == again).all() and (one != other).any()
    assert len({row.tobytes() for row in one}) > 25
    counts = one.sum(axis=0)  # 150 draws of 30 utterances
    assert counts.max() < 15


def test_draws_stay_what_they_have_been():
    """Tables of results were made with them."""
    ids = [f"u{number}" for number in range(9)]
    speakers = ["a", "b", "a", "a", "b", "a", "a", "b", "a"]
    found = {
        int(row): set(chosen.tolist())
        for row, chosen in draw_enrolled(ids, speakers, 2, seed=1986)
    }
    assert found == DRAWN


@given(
    speakers=speakers_of_split,
    count=st.sampled_from([0, 1, 3, "all"]),
    offset=st.sampled_from([0.0, 1000.0]),
)
def test_moments_are_those_of_the_drawn(speakers, count, offset):
    ids = [f"u{number}" for number in range(len(speakers))]
    vectors = np.random.default_rng(3).normal(offset, 1, (len(ids), 3))
    found = enrolled_moments(vectors, ids, speakers, count, seed=4)
    drawn = masks(ids, speakers, count, seed=4)
    for row, chosen in enumerate(drawn):
        own = vectors[chosen] if chosen.any() else np.zeros((1, 3))
        expected = [[chosen.sum()], own.mean(axis=0), own.var(axis=0)]
        for each, wanted in zip(found, expected, strict=True):
            np.testing.assert_allclose(
                each[row], wanted, rtol=1e-12, atol=1e-12
            )


@pytest.mark.parametrize("count", [10, "all"])
def test_memory_grows_with_the_utterances_alone(count):
    ids = [f"{number:05d}" for number in range(30000)]
    speakers = [f"s{number % 60}" for number in range(30000)]
    vectors = np.ones((30000, 192), dtype=np.float32)
    tracemalloc.start()
    enrolled_moments(vectors, ids, speakers, count, seed=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6
