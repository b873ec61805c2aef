"""Temperature scaling against closed forms and slow loops."""

import numpy as np
import pandas as pd
import pytest
import torch
from emoclust_lobes.evaluation.calibration import (
    calibrate,
    calibrated,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
)
from hypothesis import (
    given,
    strategies as st,
)


def draw(seed, n=200, classes=4, temperature=1.0):
    """Logits, and labels drawn from their softmax at a temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, classes))
    chances = torch.from_numpy(logits / temperature).softmax(dim=1).numpy()
    truth = [rng.choice(classes, p=row) for row in chances]
    return torch.from_numpy(logits), torch.tensor(truth)


@given(seed=st.integers(0, 10**6))
def test_no_other_temperature_is_better(seed):
    logits, truth = draw(seed, n=60)
    best = fit_temperature(logits, truth)

    def loss(temperature):
        return negative_log_likelihood(logits / temperature, truth)

    others = [0.05, 0.1, 0.5, 0.9 * best, 1.0, 1.1 * best, 2.0, 10.0, 20.0]
    assert all(loss(best) <= loss(x) + 1e-6 for x in others if 0.05 <= x <= 20)


@given(seed=st.integers(0, 10**6), temperature=st.floats(0.05, 20.0))
def test_a_temperature_changes_no_decision(seed, temperature):
    logits, _ = draw(seed, n=20)
    chances = calibrated(logits, temperature)
    assert torch.equal(chances.argmax(dim=1), logits.argmax(dim=1))
    assert chances.sum(dim=1).numpy() == pytest.approx(1)
    # Logits and their log-probabilities are the same to it.
    again = calibrated(logits.log_softmax(dim=1), temperature)
    assert again.numpy() == pytest.approx(chances.numpy(), abs=1e-9)


def slow_error(chances, truth, bins):
    """The calibration error of equation 3, bin by bin."""
    total = 0.0
    for number in range(1, bins + 1):
        members = [
            (max(row), row.index(max(row)) == own)
            for row, own in zip(chances, truth, strict=True)
            if (number - 1) / bins < max(row) <= number / bins
        ]
        if members:
            confidence = sum(c for c, _ in members) / len(members)
            accuracy = sum(r for _, r in members) / len(members)
            share = len(members) / len(truth)
            total += share * abs(accuracy - confidence)
    return total


@given(seed=st.integers(0, 10**6), bins=st.sampled_from([1, 7, 15]))
def test_the_error_is_that_of_a_slow_loop(seed, bins):
    logits, truth = draw(seed, n=50)
    chances = logits.softmax(dim=1)
    expected = slow_error(chances.tolist(), truth.tolist(), bins)
    found = expected_calibration_error(chances, truth, bins)
    assert found == pytest.approx(expected, abs=1e-9)
    assert 0 <= found <= 1


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    chances = torch.tensor([[0.5, 0.3, 0.2], [0.51, 0.3, 0.19]])
    truth = torch.tensor([0, 1])
    # Apart: |1 - .5| and |0 - .51|; together they would be |.5 - .505|.
    found = expected_calibration_error(chances, truth, bins=2)
    assert found == pytest.approx((0.5 + 0.51) / 2)


def table(seed, temperature):
    """Predictions as stage 2 has them."""
    logits, truth = draw(seed, n=500, classes=2, temperature=temperature)
    chances = logits.softmax(dim=1).numpy()
    classes = np.array(["ang", "sad"])
    return pd.DataFrame(
        {
            "truth": classes[truth.numpy()],
            "p_ang": chances[:, 0],
            "p_sad": chances[:, 1],
        }
    )


def test_a_run_is_calibrated_on_development_speakers_alone():
    valid, test = table(1, 2.0), table(2, 2.0)
    found = calibrate(test, valid, ["ang", "sad"])
    assert found["temperature"] == pytest.approx(2.0, rel=0.3)
    for split in ("valid", "test"):
        assert found[split]["n"] == 500
        assert found[split]["nll_scaled"] < found[split]["nll"]
        assert found[split]["ece_scaled"] < found[split]["ece"]
    # Another test changes its own numbers, and nothing else.
    other = calibrate(table(3, 0.5), valid, ["ang", "sad"])
    assert other["test"] != found["test"]
    assert (other["temperature"], other["valid"]) == (
        found["temperature"],
        found["valid"],
    )


def test_without_development_speakers_nothing_is_scaled():
    found = calibrate(table(2, 2.0), None, ["ang", "sad"])
    assert (found["temperature"], found["valid"]) == (1.0, None)
    assert found["test"]["ece"] == found["test"]["ece_scaled"]


def test_a_probability_of_zero_costs_much_but_not_infinitely():
    rows = pd.DataFrame({"truth": ["ang"], "p_ang": [0.0], "p_sad": [1.0]})
    found = calibrate(rows, rows, ["ang", "sad"])
    assert 80 < found["test"]["nll"] < 90
    assert found["temperature"] == 20.0
