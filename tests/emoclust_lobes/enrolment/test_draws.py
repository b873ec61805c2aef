"""Draws of enrolled utterances: nested, repeatable, of the speaker alone."""

import numpy as np
from emoclust_lobes.enrolment.draws import draw_enrolled
from hypothesis import (
    given,
    strategies as st,
)

speakers_of_split = st.lists(st.sampled_from("abc"), min_size=1, max_size=14)


@given(speakers=speakers_of_split, seed=st.integers(0, 9))
def test_enrolled_are_others_of_the_speaker_and_nested(speakers, seed):
    ids = [f"u{number}" for number in range(len(speakers))]
    counts = [0, 1, 2, 5, 10, "all"]
    draws = [draw_enrolled(ids, speakers, x, seed) for x in counts]
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
    straight = draw_enrolled(ids, speakers, 2, seed=1)
    found = draw_enrolled(
        [ids[i] for i in order], [speakers[i] for i in order], 2, seed=1
    )
    np.testing.assert_array_equal(found, straight[np.ix_(order, order)])


def test_other_speakers_do_not_change_what_is_drawn():
    ids = [f"u{number}" for number in range(12)]
    alone = draw_enrolled(ids[:8], ["a"] * 8, 3, seed=1)
    among = draw_enrolled(ids, ["a"] * 8 + ["b"] * 4, 3, seed=1)
    np.testing.assert_array_equal(among[:8, :8], alone)


def test_draws_differ_between_seeds_and_utterances():
    ids = [f"u{number}" for number in range(30)]
    one, again, other = (
        draw_enrolled(ids, ["s"] * 30, 5, seed) for seed in (1, 1, 2)
    )
    assert (one == again).all() and (one != other).any()
    assert len({row.tobytes() for row in one}) > 25
    counts = one.sum(axis=0)  # 150 draws of 30 utterances
    assert counts.max() < 15
