"""Scores of drawn speakers are those of the utterances of these speakers."""

import numpy as np
import pytest
from emoclust_lobes.evaluation.bootstrap import (
    confusion_scores,
    speaker_interval,
)
from emoclust_lobes.evaluation.metrics import emotion_metrics


def test_scores_of_confusions_are_those_of_labels():
    rng = np.random.default_rng(0)
    classes = ["a", "b", "c"]
    for size in (3, 10, 50):
        truth, said = rng.choice(classes[: 2 + (size > 3)], (2, size))
        slow = emotion_metrics(truth, said, classes)
        fast = confusion_scores(np.array([slow["confusion"]] * 2, float))
        for name, values in fast.items():
            assert values == pytest.approx([slow[name]] * 2)


def test_an_interval_is_of_speakers_drawn_with_replacement():
    values = np.array([0.0, 1.0, 5.0])

    def mean(draws):
        assert (draws.sum(axis=1) == 3).all()
        return draws @ values / 3

    low, high = speaker_interval(3, 20_000, 0, mean)
    # 2.5 % of the draws are the same speaker thrice (1 of 27 each)
    assert low == 0.0 and high == 5.0
    assert np.isnan(speaker_interval(1, 10, 0, mean)).all()
