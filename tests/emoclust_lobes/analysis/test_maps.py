"""Maps keep what they say they keep, and colors mean emotions."""

import numpy as np
import pytest
from emoclust_lobes.analysis.maps import cluster_styles, pca, tsne
from emoclust_lobes.figures.style import GREY, style_of
from scipy.spatial.distance import pdist


def test_a_plane_keeps_its_distances_and_all_variance():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 2)) @ rng.normal(size=(2, 7)) + 5
    places, shares = pca(vectors)
    np.testing.assert_allclose(pdist(places), pdist(vectors))
    variances = places.var(axis=0)
    np.testing.assert_allclose(shares, variances / variances.sum())
    assert shares[0] >= shares[1]


@pytest.mark.parametrize("vectors", [np.ones((6, 3)), np.ones((1, 3))])
def test_where_all_are_the_same_they_are_in_one_place(vectors):
    for places in (pca(vectors)[0], tsne(vectors, seed=1)):
        assert places.tolist() == [[0, 0]] * len(vectors)


def test_a_second_direction_that_is_not_there_is_0():
    places, shares = pca(np.array([[0.0], [2.0], [1.0]]))
    np.testing.assert_allclose(abs(places), [[1, 0], [1, 0], [0, 0]], atol=1e-9)
    assert shares.tolist() == [1, 0]


def test_clusters_look_like_the_emotions_that_they_match():
    looks = style_of(["ang", "sad"])
    others = style_of(["x", "sad", "ang"])
    assert looks.items() <= others.items()
    styles = cluster_styles([2, 0, 1, 1], {0: "sad", 2: "ang"})
    assert styles[0] == looks["sad"] and styles[2] == looks["ang"]
    assert styles[1][0] == GREY
    assert cluster_styles([0, 1], {}) == style_of([0, 1])


def test_64_names_can_be_told_apart():
    assert len(set(style_of([f"n{x}" for x in range(64)]).values())) == 64
