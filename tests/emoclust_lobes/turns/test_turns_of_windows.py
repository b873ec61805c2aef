"""Windows that lie in turns, against slices of the recording."""

import numpy as np
import pytest
import soundfile
import torch
from emoclust_lobes.predict.inputs import Clip
from emoclust_lobes.turns.speakers import turns_of_windows
from emoclust_lobes.turns.turn import Turn, overlapping, pauses
from emoclust_lobes.turns.windows import (
    MIN_SECONDS,
    Channels,
    read_blocks,
    read_windows,
)
from hypothesis import (
    given,
    settings,
    strategies as st,
)

from speechbrain.dataio.preprocess import AudioNormalizer

to_16k = AudioNormalizer(16000)
RATE = 8000
SECONDS = 6


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Path and samples of noise of six seconds."""
    path = tmp_path_factory.mktemp("talk") / "talk.flac"
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, SECONDS * RATE)
    soundfile.write(path, noise, RATE)
    return str(path), soundfile.read(path, dtype="float32")[0]


hundredths = st.integers(0, 100 * SECONDS)
TURNS = st.lists(
    st.tuples(hundredths, hundredths).filter(lambda x: x[0] < x[1]), max_size=5
)


@settings(max_examples=40, deadline=None)
@given(TURNS)
def test_each_window_is_the_slice_that_it_says(recording, pairs):
    path, samples = recording
    turns = [(start / 100, end / 100) for start, end in pairs]
    advanced = []
    clip = Clip("talk", path)
    windows = list(
        read_windows(clip, 1.0, 0.4, to_16k, None, turns, advanced.append)
    )
    assert [each.start for each in windows] == sorted(
        each.start for each in windows
    )
    for each in windows:
        first, after = round(each.start * RATE), round(each.end * RATE)
        heard = to_16k(torch.from_numpy(samples[first:after]), RATE)
        torch.testing.assert_close(each.waveform, heard)
    assert sum(advanced) == pytest.approx(SECONDS)
    for number, (start, end) in enumerate(turns):
        own = [each for each in windows if each.turn == number]
        assert min(each.start for each in own) <= start + 1e-9
        assert max(each.end for each in own) >= end - 1e-9
        if end - start >= MIN_SECONDS:
            assert min(each.start for each in own) == pytest.approx(start)
            assert max(each.end for each in own) == pytest.approx(end)
        else:
            (window,) = own  # with what lies around it
            length = window.end - window.start
            assert MIN_SECONDS / 2 <= length <= MIN_SECONDS + 1e-9


@pytest.mark.parametrize("part", [(None, None), (1.0, 4.5), (8000, 30000)])
def test_blocks_are_the_whole_recording_once(recording, part):
    path, samples = recording
    clip = Clip("talk", path, "", *part)
    blocks = list(
        read_blocks(clip, 1.0, to_16k, Channels(), lambda seconds: None)
    )
    first, after = round(blocks[0].start * RATE), round(blocks[-1].end * RATE)
    for one, other in zip(blocks, blocks[1:], strict=False):
        assert one.end == other.start
        assert len(one.waveform) == 16000
    assert sum(len(each.waveform) for each in blocks) == 2 * (after - first)
    start, stop = part
    expected = (first, after)
    if isinstance(start, float):
        expected = (start * RATE, stop * RATE)
    elif start:
        expected = part
    else:
        expected = (0, len(samples))
    assert (first, after) == expected


@given(TURNS)
def test_turns_and_pauses_are_all_there_is(pairs):
    turns = [Turn(*pair, "S1") for pair in pairs]
    free = pauses(turns, 0, 100 * SECONDS)
    covered = np.zeros(100 * SECONDS, dtype=int)
    for start, end, *_ in turns:
        covered[start:end] = 1
    for start, end in free:
        covered[start:end] += 1
    assert (covered == 1).all()


def test_overlap_is_that_of_one_speaker():
    one, two = Turn(0, 2, "A"), Turn(1, 3, "B")
    assert overlapping([one, two, Turn(2, 3, "A")]) is None
    assert overlapping([Turn(1.5, 3, "A"), two, one]) == (
        one,
        Turn(1.5, 3, "A"),
    )


def test_a_speaker_changes_in_the_middle_of_the_overlap():
    windows = [(0.0, 1.5, 0), (0.75, 2.25, 0), (1.5, 3.0, 0), (4.0, 5.0, 1)]
    stretches = [(0.0, 3.0), (4.0, 5.0)]
    turns = turns_of_windows(windows, [0, 0, 1, 1], stretches, pause=0.5)
    assert turns == [
        Turn(0.0, 1.875, "S1"),
        Turn(1.875, 3.0, "S2"),
        Turn(4.0, 5.0, "S2"),
    ]
    (whole,) = turns_of_windows(windows, [0] * 4, stretches, pause=1.5)
    assert whole == Turn(0.0, 5.0, "S1")
