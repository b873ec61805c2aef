"""Voices that are told apart."""

import numpy as np
import pytest
from emoclust_lobes.turns import speakers
from emoclust_lobes.turns.listening import Listener
from emoclust_lobes.turns.speakers import SpeakerFinder
from emoclust_lobes.turns.speech import TurnsError
from hypothesis import (
    given,
    settings,
    strategies as st,
)
from sklearn.metrics import adjusted_rand_score


def voices(number, windows, spread, seed=0):
    """Windows of some voices in random order, and whose each is."""
    rng = np.random.default_rng(seed)
    centers = np.linalg.qr(rng.normal(size=(64, number)))[0].T
    truth = np.concatenate(
        [np.arange(number), rng.integers(number, size=windows)]
    )
    noise = rng.normal(0, spread / 8, (len(truth), 64))
    return centers[truth] + noise, truth


@settings(max_examples=15, deadline=None)
@given(number=st.integers(1, 5), seed=st.integers(0, 99))
def test_voices_are_counted_and_told_apart(number, seed):
    vectors, truth = voices(number, 60, spread=0.4, seed=seed)
    labels = SpeakerFinder().labels(vectors)
    assert adjusted_rand_score(truth, labels) == 1
    _, first = np.unique(labels, return_index=True)
    assert sorted(first) == list(first)  # numbered as they come
    again = SpeakerFinder().labels(vectors)
    assert (labels == again).all()


def test_as_many_are_found_as_are_said():
    vectors, truth = voices(4, 80, spread=0.5)
    for number in (1, 2, 4):
        labels = SpeakerFinder(number).labels(vectors)
        assert len(np.unique(labels)) == number
    assert adjusted_rand_score(truth, labels) == 1


def test_of_a_long_recording_some_are_clustered(monkeypatch):
    vectors, truth = voices(3, 400, spread=0.4)
    monkeypatch.setattr(speakers, "MOST", 90)
    labels = SpeakerFinder().labels(vectors)
    assert adjusted_rand_score(truth, labels) == 1


@pytest.mark.parametrize("windows", [1, 2, 3])
def test_few_windows(windows):
    vectors = np.eye(4)[:windows]
    for number in (None, 1, 2, 5):
        labels = SpeakerFinder(number).labels(vectors)
        assert len(labels) == windows
        assert len(np.unique(labels)) <= (number or windows)


@pytest.mark.parametrize("speakers", ["two", 0, -1, "0", "1.5"])
def test_what_is_no_number_is_refused(speakers):
    with pytest.raises(TurnsError, match="auto or their number"):
        Listener("none", speakers=speakers, speaker_encoder="stats")
