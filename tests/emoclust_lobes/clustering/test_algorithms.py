"""The clustering algorithms against slow loops and clear clusters."""

import numpy as np
import pytest
from clear_clusters import blobs
from emoclust_lobes.clustering.algorithms import (
    ALGORITHMS,
    cluster_speaker,
    distances_and_margins,
    silhouette,
    silhouettes,
)
from emoclust_lobes.clustering.centering import remove_speaker
from hypothesis import (
    given,
    strategies as st,
)
from sklearn.metrics import adjusted_rand_score, silhouette_score

sizes = st.tuples(st.integers(2, 25), st.integers(2, 6))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n_clusters", [2, 5])
def test_every_algorithm_finds_clear_clusters(algorithm, n_clusters):
    vectors, truth = blobs(n_clusters, 12)
    labels = cluster_speaker(
        remove_speaker(vectors), n_clusters, algorithm, n_init=10, seed=1
    )
    assert adjusted_rand_score(truth, labels) == 1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_silhouette_finds_the_number_of_clear_clusters(algorithm):
    for n_clusters in (2, 4, 7):
        vectors, truth = blobs(n_clusters, 10)
        labels = cluster_speaker(
            remove_speaker(vectors), "silhouette", algorithm, 10, seed=1
        )
        assert adjusted_rand_score(truth, labels) == 1


def test_silhouette_takes_the_best_of_all_numbers_allowed():
    vectors = remove_speaker(np.random.default_rng(3).normal(size=(13, 4)))
    found = cluster_speaker(vectors, "silhouette", "kmeans", 5, seed=1)
    scores = {
        k: silhouette_score(
            vectors,
            cluster_speaker(vectors, k, "kmeans", 5, 1),
            metric="cosine",
        )
        for k in range(2, 7)  # 13 utterances: at most 6 clusters
    }
    assert found.max() + 1 == max(scores, key=scores.get)


@given(st.integers(4, 30), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_the_silhouette_is_that_of_scikit_learn(n, k, seed):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(n, 3))
    vectors[random.integers(n, size=2)] = 0  # silence, without its mean
    labels = random.integers(k, size=n) * 7
    found = silhouette(vectors, labels)
    if 2 <= len(set(labels)) < n:
        expected = silhouette_score(vectors, labels, metric="cosine")
        assert found == pytest.approx(expected, abs=1e-9)
    else:
        assert found is None


def test_silhouettes_of_permutations_are_those_one_by_one():
    random = np.random.default_rng(4)
    vectors = random.normal(size=(17, 3))
    vectors[5] = 0
    labels = 3 * random.permuted(np.tile(np.arange(17) % 4, (9, 1)), axis=1)
    expected = [silhouette_score(vectors, x, metric="cosine") for x in labels]
    # All at once, and in parts of two
    for at_once in (1_000_000, 2 * 17 * 4):
        found = silhouettes(vectors, labels, at_once)
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_the_silhouette_of_identical_utterances_is_0():
    vectors = np.repeat([[0.1, 0.7, 0.3]], 9, axis=0)
    assert silhouette(vectors, np.arange(9) % 3) == 0


@pytest.mark.parametrize("directions", [False, True])
@given(sizes, st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_distance_and_margin_match_a_slow_loop(directions, shape, k, seed):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=shape)
    labels = random.integers(0, k, shape[0])
    distances, margins = distances_and_margins(vectors, labels, directions)
    centers = {}
    for label in set(labels.tolist()):
        center = sum(vectors[labels == label]) / (labels == label).sum()
        if directions:
            center = center / np.sqrt((center**2).sum())
        centers[label] = center
    for vector, label, distance, margin in zip(
        vectors, labels.tolist(), distances, margins, strict=True
    ):
        far = {
            x: np.sqrt(((vector - c) ** 2).sum()) for x, c in centers.items()
        }
        own = far.pop(label)
        assert distance == pytest.approx(own)
        assert margin == pytest.approx(min(far.values()) - own if far else 0)


@pytest.mark.parametrize(
    "utterances, clusters", [(1, 1), (2, 1), (3, 1), (4, 2), (9, 4), (40, 5)]
)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_speaker_gets_at_most_half_as_many_clusters_as_utterances(
    algorithm, utterances, clusters
):
    vectors = np.random.default_rng(7).normal(size=(utterances, 6))
    labels = cluster_speaker(
        remove_speaker(vectors), 5, algorithm, n_init=2, seed=1
    )
    assert set(labels) == set(range(clusters))


@given(st.integers(4, 30), st.integers(2, 6), st.integers(0, 1000))
def test_clusters_are_numbered_as_they_first_appear(n, k, seed):
    vectors = remove_speaker(np.random.default_rng(seed).normal(size=(n, 5)))
    labels = cluster_speaker(vectors, k, "kmeans", n_init=1, seed=seed)
    seen = list(dict.fromkeys(labels.tolist()))
    assert seen == list(range(len(seen)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_identical_utterances_are_no_problem(algorithm):
    vectors = np.repeat([[1.0, 0, 0], [0, 1.0, 0]], 6, axis=0)
    labels = cluster_speaker(remove_speaker(vectors), 4, algorithm, 2, seed=1)
    assert set(labels[:6]).isdisjoint(labels[6:])
    silent = remove_speaker(np.ones((8, 3)))
    assert np.isfinite(silent).all()
    labels = cluster_speaker(silent, 4, algorithm, 2, seed=1)
    assert np.isfinite(distances_and_margins(silent, labels)).all()
