"""Paths of many files at once, against each of them alone."""

import hypothesis.strategies as st
import pandas
from data_prep.recordings.paths import are_below_root, is_below_root
from hypothesis import given

parts = st.sampled_from(["..", ".", "...", "a", "", "..a", "$data_root", "\n"])


@given(st.lists(st.lists(parts, max_size=4).map("/".join), max_size=8))
def test_many_paths_are_judged_as_one_is(wavs):
    wavs += [f"$data_root/{wav}" for wav in wavs]
    found = are_below_root(pandas.Series(wavs, dtype=str))
    assert found.tolist() == list(map(is_below_root, wavs))
