"""Scores of distributions and dimensions against SciPy and slow loops."""

import math

import numpy as np
import pytest
import torch
from emoclust_lobes.evaluation.calibration import (
    calibrate,
    calibrated,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
)
from emoclust_lobes.evaluation.dimensions import concordance, dimension_metrics
from emoclust_lobes.evaluation.distributions import (
    distribution_metrics,
    jensen_shannon,
    plurality_metrics,
    plurality_places,
)
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, pearsonr
from sklearn.metrics import balanced_accuracy_score


@pytest.fixture
def scored():
    """Votes [60, 4], many of them ties or zeros, and distributions."""
    rng = np.random.default_rng(5)
    counts = rng.multinomial(5, [0.4, 0.3, 0.2, 0.1], size=60).astype(float)
    return counts, rng.dirichlet([0.5] * 4, size=60)


def test_jensen_shannon_is_that_of_scipy(scored):
    counts, predicted = scored
    shares = counts / counts.sum(axis=1, keepdims=True)
    found = jensen_shannon(shares, predicted)
    expected = jensenshannon(shares, predicted, base=2, axis=1) ** 2
    assert found == pytest.approx(expected)
    assert found == pytest.approx(jensen_shannon(predicted, shares))
    assert jensen_shannon(shares, shares) == pytest.approx(0)
    certain = np.eye(4)
    assert jensen_shannon(certain, certain[::-1]) == pytest.approx(1)


def test_distributions_are_scored_as_loops_do(scored):
    counts, predicted = scored
    scores = distribution_metrics(counts, predicted)
    crosses, agreeing, ties, places = [], [], 0, []
    for votes, chances in zip(counts, predicted, strict=True):
        shares = votes / sum(votes)
        crosses.append(entropy(shares) + entropy(shares, chances))
        agreeing.append(shares[list(chances).index(max(chances))])
        first = [n for n, x in enumerate(votes) if x == max(votes)]
        ties += len(first) > 1
        places.append(first[0] if len(first) == 1 else -1)
    assert scores["cross_entropy"] == pytest.approx(np.mean(crosses))
    assert scores["soft_accuracy"] == pytest.approx(np.mean(agreeing))
    assert (scores["n_voted"], scores["without_plurality"]) == (60, ties)
    assert 5 < ties < 55
    assert plurality_places(counts).tolist() == places
    names = np.array(["ang", "hap", "neu", "sad", ""])
    truth, prediction = names[places], names[predicted.argmax(axis=1)]
    found = plurality_metrics(truth, prediction, names[:4])
    known = truth != ""
    assert found["uar"] == pytest.approx(
        balanced_accuracy_score(truth[known], prediction[known])
    )
    assert found["n"] == 60 - ties
    assert plurality_metrics([""], ["ang"], ["ang"]) == {}
    with pytest.raises(ValueError, match="without votes"):
        distribution_metrics(counts * 0, predicted)


def test_concordance_is_lins():
    rng = np.random.default_rng(1)
    truth = rng.normal(3, 1, 50)
    predicted = 0.4 * truth + rng.normal(2, 0.5, 50)
    n = len(truth)
    means = sum(truth) / n, sum(predicted) / n
    both = sum(
        (x - means[0]) * (y - means[1]) for x, y in zip(truth, predicted)
    )
    squares = [
        sum((x - mean) ** 2 for x in values)
        for values, mean in zip((truth, predicted), means)
    ]
    apart = sum(squares) / n + (means[0] - means[1]) ** 2
    assert concordance(truth, predicted) == pytest.approx(2 * both / n / apart)
    # Lin: Pearson's correlation, less for other means and deviations
    ratio, shift = truth.std() / predicted.std(), means[0] - means[1]
    width = np.sqrt(truth.std() * predicted.std())
    bias = 2 / (ratio + 1 / ratio + (shift / width) ** 2)
    expected = pearsonr(truth, predicted).statistic * bias
    assert concordance(truth, predicted) == pytest.approx(expected)
    assert concordance(truth, truth) == pytest.approx(1)
    assert concordance(truth, -truth) < 0
    assert concordance([2, 2], [2, 2]) is None
    # The scale of both does not matter
    assert concordance(9 * truth - 4, 9 * predicted - 4) == pytest.approx(
        expected
    )


def test_dimensions_are_scored_together_and_by_speaker():
    rng = np.random.default_rng(2)
    truth, predicted = rng.normal(size=(2, 9, 2))
    speakers = list("aabbbcccd")
    found = dimension_metrics(
        truth, predicted, ["arousal", "valence"], speakers
    )
    columns = [concordance(truth[:, k], predicted[:, k]) for k in (0, 1)]
    assert found["ccc"] == {"arousal": columns[0], "valence": columns[1]}
    assert found["mean_ccc"] == pytest.approx(sum(columns) / 2)
    own = [concordance(truth[2:5, k], predicted[2:5, k]) for k in (0, 1)]
    assert found["speaker_ccc"]["b"] == pytest.approx(sum(own) / 2)
    assert set(found["speaker_ccc"]) == {"a", "b", "c"}  # d spoke once


def test_temperature_of_votes_is_where_their_cross_entropy_is_lowest(scored):
    counts, predicted = scored
    shares = torch.from_numpy(counts / counts.sum(axis=1, keepdims=True))
    sharp = (0.7 * shares + 0.3 * torch.from_numpy(predicted)).log() * 3
    scores = sharp.log_softmax(dim=1)
    found = fit_temperature(scores, shares)
    assert 1.5 < found < 10
    losses = {}
    for temperature in np.geomspace(0.1, 15, 1000):
        chances = calibrated(scores, temperature)
        logs = (scores / temperature).log_softmax(dim=1)
        assert logs.exp() == pytest.approx(chances)
        losses[temperature] = -(shares * logs).sum(1).mean().item()
    assert found == pytest.approx(min(losses, key=losses.get), rel=0.01)
    assert negative_log_likelihood(scores / found, shares) == pytest.approx(
        min(losses.values()), rel=1e-4
    )


def test_certain_votes_are_labels(scored):
    _, predicted = scored
    truth = torch.arange(60) % 4
    chances = torch.from_numpy(predicted)
    scores = chances.clamp(min=1e-9).log()
    certain = torch.nn.functional.one_hot(truth, 4).double()
    for measure, first in (
        (expected_calibration_error, chances),
        (negative_log_likelihood, scores),
        (fit_temperature, scores),
    ):
        labels, votes = measure(first, truth), measure(first, certain)
        assert votes == pytest.approx(labels, rel=1e-6)
        assert math.isfinite(votes)


def test_a_table_with_votes_is_calibrated_by_them(scored):
    import pandas as pd

    counts, predicted = scored
    names = ["ang", "hap", "neu", "sad"]
    rows = pd.DataFrame(predicted, columns=[f"p_{name}" for name in names])
    rows["votes"] = [
        "|".join(f"{x}:{n:.0f}" for x, n in zip(names, row) if n)
        for row in counts
    ]
    found = calibrate(rows, rows, names)
    shares = torch.from_numpy(counts / 5)
    scores = torch.from_numpy(np.log(predicted.clip(1e-30)))
    assert found["temperature"] == fit_temperature(scores, shares)
    assert found["test"]["nll_scaled"] < found["test"]["nll"]
