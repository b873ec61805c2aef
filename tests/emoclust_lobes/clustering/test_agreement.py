"""Agreement of many permutations at once against scikit-learn, one by one."""

import numpy as np
import pytest
from agreement_oracles import ORACLES, PAIRS
from emoclust_lobes.clustering.agreement import agreement
from hypothesis import (
    given,
    strategies as st,
)


@given(PAIRS, st.integers(0, 2**32 - 1))
def test_all_permutations_score_as_each_alone(rows, seed):
    labels, clusters = (np.array(x) for x in zip(*rows, strict=True))
    rng = np.random.default_rng(seed)
    many = rng.permuted(np.tile(clusters, (4, 1)), axis=1)
    found = agreement(labels, many)
    assert set(found) == set(ORACLES)
    for name, oracle in ORACLES.items():
        expected = [oracle(labels, row) for row in many]
        np.testing.assert_allclose(found[name], expected, atol=1e-9)


def test_everyone_apart_in_both_agrees_wholly():
    scores = agreement(list("abc"), np.array([[2, 0, 1]]))
    for name, values in scores.items():
        assert values.tolist() == [pytest.approx(1)], name
