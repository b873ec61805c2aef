"""Time lines against a look at every moment."""

import itertools

import numpy as np
import pytest
from emoclust_lobes.predict.segments import merge_windows
from emoclust_lobes.turns.windows import window_starts
from hypothesis import (
    given,
    strategies as st,
)

CLASSES = ["ang", "neu", "sad"]


@given(
    frames=st.integers(1, 60),
    window=st.integers(1, 20),
    hop_share=st.floats(0.05, 1),
    seed=st.integers(0, 99),
)
def test_each_moment_belongs_to_the_window_in_whose_middle_it_is(
    frames, window, hop_share, seed
):
    hop = max(1, int(window * hop_share))
    length = min(window, frames)
    rng = np.random.default_rng(seed)
    windows = [
        (
            float(start),
            float(start + length),
            dict(zip(CLASSES, rng.dirichlet(np.ones(3)).tolist(), strict=True)),
        )
        for start in window_starts(frames, window, hop)
    ]
    segments = merge_windows(windows)
    # Never on a border, which lies on a half of a sample at most
    for moment in np.arange(0, frames, 0.5) + 0.125:
        nearest = min(windows, key=lambda w: abs((w[0] + w[1]) / 2 - moment))
        (own,) = [x for x in segments if x.start <= moment < x.end]
        assert own.emotion == max(CLASSES, key=nearest[2].get)
    assert (segments[0].start, segments[-1].end) == (0, frames)
    for left, right in itertools.pairwise(segments):
        assert left.end == right.start
        assert left.emotion != right.emotion
    assert sum(each.windows for each in segments) == len(windows)
    for each in segments:
        assert sum(each.probabilities.values()) == pytest.approx(1)
        assert each.emotion == max(CLASSES, key=each.probabilities.get)
