"""k-means of all starts at once against scikit-learn and all partitions."""

import itertools

import numpy as np
import pytest
from emoclust_lobes.clustering.algorithms import distances_and_margins, unit
from emoclust_lobes.clustering.kmeans import kmeans, spherical
from hypothesis import (
    given,
    strategies as st,
)
from sklearn.cluster import KMeans

# The matrix of all pairs is made where n <= 2 * dim, and not otherwise.
shapes = st.tuples(st.integers(6, 30), st.sampled_from([1, 2, 5, 20]))
seeds = st.integers(0, 2**32 - 1)


def points(n, dim, seed):
    """Random vectors in clusters that overlap."""
    random = np.random.default_rng(seed)
    centers = random.normal(size=(5, dim))
    return centers[random.integers(5, size=n)] + random.normal(size=(n, dim))


def squared_distances(vectors, labels):
    """Sum of the squared distances to the means, one cluster at a time."""
    total = 0
    for label in set(labels):
        own = vectors[labels == label]
        total += ((own - own.mean(axis=0)) ** 2).sum()
    return total


def cosines(vectors, labels):
    """Sum of the cosines to the mean directions, one cluster at a time."""
    total = 0
    for label in set(labels):
        total += np.linalg.norm(vectors[labels == label].sum(axis=0))
    return total


@pytest.mark.parametrize("dim", [4, 60])
def test_as_good_as_scikit_learn(dim):
    ours = theirs = 0
    for seed in range(60):
        vectors = points(60, dim, seed)
        ours += squared_distances(vectors, kmeans(vectors, 3, 30, seed))
        theirs += KMeans(3, n_init=30, random_state=seed).fit(vectors).inertia_
    assert ours <= theirs * 1.001


@pytest.mark.parametrize("dim", [1, 6])
@pytest.mark.parametrize("n_clusters", [2, 3])
def test_the_best_of_all_partitions_is_found(dim, n_clusters):
    vectors = points(8, dim, seed=n_clusters)
    directions = unit(vectors)
    partitions = [
        np.array(labels)
        for labels in itertools.product(range(n_clusters), repeat=8)
    ]
    labels = kmeans(vectors, n_clusters, 50, seed=1)
    assert squared_distances(vectors, labels) == pytest.approx(
        min(squared_distances(vectors, x) for x in partitions)
    )
    labels = spherical(directions, n_clusters, 50, seed=1)
    assert cosines(directions, labels) == pytest.approx(
        max(cosines(directions, x) for x in partitions)
    )


@pytest.mark.parametrize("algorithm", [kmeans, spherical])
@given(shapes, st.integers(1, 3), seeds)
def test_every_vector_is_with_the_nearest_center(algorithm, shape, k, seed):
    vectors = unit(points(*shape, seed))
    labels = algorithm(vectors, k, n_init=3, seed=seed)
    _, margins = distances_and_margins(
        vectors, labels, directions=algorithm is spherical
    )
    assert margins.min() > -1e-7


@given(shapes, st.integers(1, 6), seeds)
def test_different_vectors_fill_all_clusters(shape, k, seed):
    labels = kmeans(points(*shape, seed), k, n_init=2, seed=seed)
    assert set(labels) == set(range(k))


@pytest.mark.parametrize("algorithm", [kmeans, spherical])
@given(st.integers(2, 40), st.integers(1, 6), seeds)
def test_both_ways_to_the_products_agree(algorithm, n, k, seed):
    vectors = unit(points(n, 2, seed))
    wide = np.pad(vectors, [(0, 0), (0, 40)])  # more of the same dimensions
    scores = [
        squared_distances(x, algorithm(x, min(k, n), n_init=2, seed=seed))
        for x in (vectors, wide)
    ]
    assert scores[0] == pytest.approx(scores[1], abs=1e-9)


@pytest.mark.parametrize("algorithm", [kmeans, spherical])
@given(
    st.integers(1, 4),
    st.lists(st.integers(0, 3), min_size=8, max_size=20),
    seeds,
)
def test_identical_vectors_stay_together(algorithm, k, rows, seed):
    labels = algorithm(np.eye(4)[rows], k, n_init=2, seed=seed)
    places = list(zip(rows, labels.tolist(), strict=True))
    assert len(set(places)) == len(set(rows))
    assert len(set(labels)) == min(k, len(set(rows)))


def test_only_zeros_are_one_cluster():
    for algorithm in (kmeans, spherical):
        labels = algorithm(np.zeros((6, 3)), 3, n_init=2, seed=1)
        assert len(set(labels)) == 1


def test_the_seed_decides():
    vectors = points(60, 20, seed=1)
    found = [kmeans(vectors, 8, 1, seed).tolist() for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
