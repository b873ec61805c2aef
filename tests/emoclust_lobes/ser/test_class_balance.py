"""Classes of different sizes count alike, where they should."""

import collections

import pytest
import torch
from emoclust_lobes.ser.class_balance import ClassBalance

EMOTIONS = ["ang"] * 10 + ["hap"] * 30 + ["sad"] * 60
CLASSES = ["ang", "hap", "sad"]


def test_the_classes_weigh_the_same_in_the_loss():
    balance = ClassBalance("weights")
    weights = balance.loss_weights(EMOTIONS, CLASSES, device="cpu")
    total = [n * w for n, w in zip([10, 30, 60], weights.tolist())]
    assert total == pytest.approx([100 / 3] * 3)
    assert weights.dtype == torch.float32


def test_the_classes_are_drawn_equally_often():
    balance = ClassBalance("sampling")
    assert balance.loss_weights(EMOTIONS, CLASSES, device="cpu") is None
    options = balance.loader_options(EMOTIONS, CLASSES, batch_size=8, seed=3)
    sampler = options["sampler"]
    drawn = collections.Counter()
    for epoch in range(60):
        sampler.set_epoch(epoch)
        drawn.update(EMOTIONS[row] for row in sampler)
    assert sum(drawn.values()) == 6000
    assert all(abs(drawn[name] - 2000) < 150 for name in CLASSES)


@pytest.mark.parametrize("way", ["weights", "none"])
def test_utterances_are_shuffled_otherwise(way):
    options = ClassBalance(way).loader_options(
        EMOTIONS, CLASSES, batch_size=100, seed=3
    )
    # One batch that is not full is not dropped: nothing would be left.
    assert options == {"batch_size": 100, "drop_last": False, "shuffle": True}


def test_other_ways_are_refused():
    with pytest.raises(ValueError, match="weights, sampling or none"):
        ClassBalance("magic")
