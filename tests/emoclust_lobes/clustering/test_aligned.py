"""Aligned clusters: one meaning for all speakers."""

import numpy as np
import pytest
from emoclust_lobes.clustering.algorithms import distances_and_margins
from emoclust_lobes.clustering.aligned import aligned_clusters
from emoclust_lobes.clustering.centering import remove_speaker
from emoclust_lobes.clustering.clusters import ClusterError
from hypothesis import (
    given,
    settings,
    strategies as st,
)
from sklearn.metrics import adjusted_rand_score

ARGUMENTS = {"n_clusters": 4, "n_init": 3, "seed": 1}


def corpus(n_speakers, per_cluster=6, noise=0.1, seed=0):
    """Speakers far apart, each with four ways to speak that all share."""
    rng = np.random.default_rng(seed)
    ways = np.linalg.qr(rng.normal(size=(12, 12)))[0][:4]
    vectors, truth, speakers = [], [], []
    for number in range(n_speakers):
        own = rng.permutation(np.repeat(np.arange(4), per_cluster))
        jitter = noise * rng.normal(size=(len(own), 12))
        vectors.append(20 * rng.normal(size=12) + ways[own] + jitter)
        truth.extend(own)
        speakers.extend([f"s{number}"] * len(own))
    ids = [f"{name}_{row:03d}" for row, name in enumerate(speakers)]
    return {
        "vectors": np.concatenate(vectors),
        "ids": np.array(ids),
        "speakers": np.array(speakers),
    }, np.array(truth)


def test_clusters_mean_the_same_for_every_speaker():
    data, truth = corpus(n_speakers=6)
    labels, margins = aligned_clusters(**data, **ARGUMENTS)
    # One for all: the same numbers for every speaker, not only a partition.
    assert adjusted_rand_score(truth, labels) == 1
    for way in range(4):
        assert len(set(labels[truth == way])) == 1
    assert (margins > 0.5).all()


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(72)))
def test_the_order_of_rows_changes_no_bit(order):
    data, _ = corpus(n_speakers=3, noise=0.5)
    labels, margins = aligned_clusters(**data, **ARGUMENTS)
    again, margins_again = aligned_clusters(
        **{name: values[order] for name, values in data.items()}, **ARGUMENTS
    )
    assert np.array_equal(again, labels[order])
    assert np.array_equal(margins_again, margins[order])


def test_clusters_follow_the_sentence_until_it_is_removed():
    data, truth = corpus(n_speakers=6)
    sentences = np.random.default_rng(2).choice(["x", "y"], len(truth))
    data["vectors"][:, 0] += np.where(sentences == "x", 9, -9)
    labels, _ = aligned_clusters(**data, **ARGUMENTS)
    assert adjusted_rand_score(truth, labels) < 0.6
    labels, _ = aligned_clusters(**data, **ARGUMENTS, sentences=sentences)
    assert adjusted_rand_score(truth, labels) > 0.95


def test_margins_are_those_of_the_clustering_inside_speakers():
    data, _ = corpus(n_speakers=3, noise=0.3)
    labels, margins = aligned_clusters(**data, **ARGUMENTS)
    centered = np.empty_like(data["vectors"])
    for name in set(data["speakers"]):
        own = data["speakers"] == name
        centered[own] = remove_speaker(data["vectors"][own])
    _, expected = distances_and_margins(centered, labels)
    # At least 0: no other center is nearer.
    np.testing.assert_allclose(margins, expected, atol=1e-6)
    assert margins.min() >= 0


@pytest.mark.parametrize("n_clusters", ["silhouette", 4.0, None])
def test_a_number_that_is_not_whole_is_refused(n_clusters):
    data, _ = corpus(n_speakers=1)
    message = f"found n_clusters={n_clusters!r} for .* give a whole number"
    with pytest.raises(ClusterError, match=message):
        aligned_clusters(**data, n_clusters=n_clusters, n_init=1, seed=1)


@pytest.mark.parametrize("n_clusters", [25, 1, 0])
def test_too_little_to_cluster_is_refused(n_clusters):
    data, _ = corpus(n_speakers=1)
    message = f"found 24 utterances for {n_clusters} aligned clusters"
    with pytest.raises(ClusterError, match=message):
        aligned_clusters(**data, n_clusters=n_clusters, n_init=1, seed=1)
