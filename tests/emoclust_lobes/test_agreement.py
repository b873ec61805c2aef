"""Agreement of many permutations at once against scikit-learn, one by one."""

import numpy as np
import pytest
from emoclust_lobes.agreement import agreement
from hypothesis import (
    given,
    settings,
    strategies as st,
)
from sklearn import metrics
from sklearn.metrics.cluster import contingency_matrix


def purity(labels, clusters):
    """Share of utterances with the commonest label of their cluster."""
    table = contingency_matrix(labels, clusters)
    return table.max(axis=0).sum() / table.sum()


ORACLES = {
    "ami": metrics.adjusted_mutual_info_score,
    "ari": metrics.adjusted_rand_score,
    "nmi": metrics.v_measure_score,
    "homogeneity": metrics.homogeneity_score,
    "completeness": metrics.completeness_score,
    "purity": purity,
}
pairs = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 4)),
    min_size=4,
    max_size=40,
).filter(lambda rows: all(len(set(x)) > 1 for x in zip(*rows, strict=True)))


@given(pairs, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
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
