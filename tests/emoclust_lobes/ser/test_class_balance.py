"""Classes of different sizes count alike, where they should."""

import collections

import numpy as np
import pytest
import torch
from emoclust_lobes.ser.class_balance import ClassBalance

EMOTIONS = ["ang"] * 10 + ["hap"] * 30 + ["sad"] * 60
CLASSES = ["ang", "hap", "sad"]
SHARES = (np.array(EMOTIONS)[:, None] == CLASSES).astype(float)


def test_the_classes_weigh_the_same_in_the_loss():
    balance = ClassBalance("weights")
    weights = balance.loss_weights(SHARES, device="cpu")
    total = [n * w for n, w in zip([10, 30, 60], weights.tolist())]
    assert total == pytest.approx([100 / 3] * 3)
    assert weights.dtype == torch.float32


def test_the_classes_are_drawn_equally_often():
    balance = ClassBalance("sampling")
    assert balance.loss_weights(SHARES, device="cpu") is None
    options = balance.loader_options(SHARES, batch_size=8, seed=3)
    sampler = options["sampler"]
    drawn = collections.Counter()
    for epoch in range(60):
        sampler.set_epoch(epoch)
        drawn.update(EMOTIONS[row] for row in sampler)
    assert sum(drawn.values()) == 6000
    assert all(abs(drawn[name] - 2000) < 150 for name in CLASSES)


@pytest.mark.parametrize("way", ["weights", "none"])
def test_utterances_are_shuffled_otherwise(way):
    options = ClassBalance(way).loader_options(SHARES, batch_size=100, seed=3)
    # One batch that is not full is not dropped: nothing would be left.
    assert options == {"batch_size": 100, "drop_last": False, "shuffle": True}


def test_votes_count_as_parts_of_utterances():
    """A class that is half of each of ten is as large as five."""
    shares = np.array([[1, 0]] * 5 + [[0.5, 0.5]] * 10)
    weights = ClassBalance("weights").loss_weights(shares, device="cpu")
    assert weights.tolist() == pytest.approx([15 / 20, 15 / 10])
    sampler = ClassBalance("sampling").loader_options(
        shares, batch_size=4, seed=1
    )["sampler"]
    drawn = sampler.weights[[0, 5]].tolist()
    assert drawn == pytest.approx([0.75, (0.75 + 1.5) / 2])
    # A class that hardly anybody has heard does not outweigh all others.
    rare = np.array([[1, 0]] * 9 + [[0.9, 0.1]])
    weights = ClassBalance("weights").loss_weights(rare, device="cpu")
    assert weights[1] == 5


def test_without_classes_there_is_nothing_to_balance():
    for way in ("weights", "sampling"):
        balance = ClassBalance(way)
        nothing = np.zeros((9, 0))
        assert balance.loss_weights(nothing, device="cpu") is None
        options = balance.loader_options(nothing, batch_size=4, seed=1)
        assert options == {"batch_size": 4, "drop_last": True, "shuffle": True}


def test_other_ways_are_refused():
    with pytest.raises(ValueError, match="weights, sampling or none"):
        ClassBalance("magic")
