"""Fast measures against scikit-learn and slow loops."""

import numpy as np
import pytest
from agreement_oracles import ORACLES, PAIRS
from emoclust_lobes.analysis.measures import (
    MEASURES,
    Scores,
    compare,
    summarize_speakers,
)
from hypothesis import (
    given,
    strategies as st,
)


@given(PAIRS, st.integers(0, 1000), st.data())
def test_unknown_labels_are_left_out_of_value_and_chance(rows, seed, data):
    labels, clusters = (np.array(x) for x in zip(*rows, strict=True))
    hide = data.draw(st.sets(st.integers(0, len(rows) - 1), max_size=3))
    labels[list(hide)] = ""
    n = len(labels)
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(np.arange(n), (5, 1)), axis=1)
    found = compare(labels, clusters, orders)
    known = labels != ""
    if len(set(labels[known])) < 2 or len(set(clusters[known])) < 2:
        assert found is None
        return
    assert set(found) == set(MEASURES) == set(ORACLES)
    for name, oracle in ORACLES.items():
        value = oracle(labels[known], clusters[known])
        assert found[name].value == pytest.approx(value, abs=1e-9)
        chance = []
        for order in orders:
            kept = [place for place in order if known[place]]
            chance.append(oracle(labels[known], clusters[kept]))
        np.testing.assert_allclose(found[name].chance, chance, atol=1e-9)


def test_the_summary_of_speakers_is_their_mean_beside_chance():
    rng = np.random.default_rng(0)
    scores = [Scores(x, rng.normal(0, 0.1, 99)) for x in (0.2, 0.4, 0.9)]
    found = summarize_speakers(scores, np.random.default_rng(1))
    means = np.mean([x.chance for x in scores], axis=0)
    assert found["value"] == pytest.approx(0.5)
    assert found["chance"] == pytest.approx(means.mean())
    assert found["chance_low"] == pytest.approx(np.percentile(means, 2.5))
    assert found["chance_high"] == pytest.approx(np.percentile(means, 97.5))
    assert 0.2 <= found["low"] < 0.5 < found["high"] <= 0.9
    assert found["p"] == 0.01
    assert found["speakers"] == 3


def test_what_random_clusters_do_as_well_has_a_large_p():
    scores = [Scores(0.0, np.linspace(-0.1, 0.1, 99))]
    found = summarize_speakers(scores, np.random.default_rng(1))
    assert found["p"] == pytest.approx(0.51)
    assert found["low"] is None and found["high"] is None
