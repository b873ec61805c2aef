"""Clustering the utterances of one speaker.

All algorithms see the speaker's embeddings without their mean, at length one:
``(vectors, n_clusters, n_init, seed) -> labels`` below ``n_clusters``.
"""

import hashlib
import warnings

import numpy as np
from emoclust_lobes.clustering.kmeans import kmeans, spherical

MAX_SILHOUETTE_CLUSTERS = 10


def unit(vectors):
    """Scale vectors, [n, dim], to length one; zero vectors stay zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def speaker_seed(seed, speaker):
    """Seed of one speaker, below 2 ** 32, from the run's and the name."""
    digest = hashlib.sha256(f"{seed}|{speaker}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def ward(vectors, n_clusters, n_init, seed):
    """Ward's agglomerative clustering: deterministic, so without restarts."""
    from sklearn.cluster import AgglomerativeClustering  # takes a second

    model = AgglomerativeClustering(n_clusters, linkage="ward")
    return model.fit_predict(vectors)


def gmm(vectors, n_clusters, n_init, seed):
    """Mixture of Gaussians, diagonal covariances: the likeliest cluster."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(
        n_clusters,
        covariance_type="diag",
        n_init=n_init,
        random_state=seed,
        # Clusters are often smaller than the space has dimensions.
        reg_covar=0.1 * vectors.var(axis=0).mean() + 1e-9,
    )
    with warnings.catch_warnings():
        # Identical recordings can leave fewer distinct points than clusters.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit_predict(vectors)


ALGORITHMS = {
    "kmeans": kmeans,
    "spherical": spherical,
    "ward": ward,
    "gmm": gmm,
}


def cluster_speaker(vectors, n_clusters, algorithm, n_init, seed):
    """Cluster one speaker's vectors of ``remove_speaker``, shape [n, dim].

    n utterances get at most n // 2 clusters; ``"silhouette"`` takes the number
    from 2 to 10 with the highest mean. Clusters are numbered from 0 as they
    first appear.
    """
    most = len(vectors) // 2
    if most < 2:
        return np.zeros(len(vectors), dtype=np.int64)
    cluster = ALGORITHMS[algorithm]
    if n_clusters == "silhouette":
        candidates = [
            cluster(vectors, k, n_init, seed)
            for k in range(2, min(most, MAX_SILHOUETTE_CLUSTERS) + 1)
        ]
        scores = [silhouette(vectors, labels) for labels in candidates]
        # Of equals, argmax takes the first, with the fewest clusters.
        best = np.argmax([-1 if x is None else x for x in scores])
        labels = candidates[best]
    else:
        labels = cluster(vectors, min(n_clusters, most), n_init, seed)
    return _renumber(labels)


def silhouette(vectors, labels):
    """Mean silhouette by cosine distance, None where it is not defined.

    Rousseeuw, Journal of Computational and Applied Mathematics 20, 1987; an
    utterance that is alone in its cluster counts 0.
    """
    scores = silhouettes(vectors, np.asarray(labels)[None])
    return None if scores is None else float(scores[0])


def silhouettes(vectors, clusterings, values_at_once=1_000_000):
    """Silhouettes of permutations of the same clusters, [permutations, n].

    Returns their shape, [permutations], or None where they are not defined.
    """
    names, sizes = np.unique(clusterings[0], return_counts=True)
    n_rows, n = clusterings.shape
    if not 2 <= len(sizes) < n:
        return None
    vectors = unit(vectors)
    zero = ~vectors.any(axis=1)  # is at 1 to itself
    at_once = max(1, values_at_once // (n * len(sizes)))
    means = []
    for first in range(0, n_rows, at_once):
        labels = clusterings[first : first + at_once]
        if not np.array_equal(names, np.arange(len(names))):
            labels = np.searchsorted(names, labels)
        members = labels[:, None] == np.arange(len(sizes))[:, None]
        # The cosines with all members of a cluster sum to the product with
        # their sum, so no matrix of all pairs is needed. Rounding takes away
        # the noise that identical utterances would be ranked by.
        rows = members.reshape(-1, n).astype(float)
        sums = -(rows @ vectors @ vectors.T).reshape(members.shape)
        sums += sizes[:, None]
        sums.round(12, out=sums)
        own = np.take_along_axis(sums, labels[:, None], axis=1)[:, 0] - zero
        own /= np.maximum(sizes - 1, 1)[labels]
        sums /= sizes[:, None]
        sums[members] = np.inf
        other = sums.min(axis=1)
        larger = np.maximum(own, other)
        scores = np.zeros(labels.shape)
        defined = (larger > 0) & (sizes > 1)[labels]
        np.divide(other - own, larger, out=scores, where=defined)
        means.append(scores.mean(axis=1))
    return np.concatenate(means)


def distances_and_margins(vectors, labels, directions=False):
    """Distance of each utterance to its own center, and margin to the second.

    Euclidean, [n]; centers are means of members, or their directions
    (``"spherical"``). Margins are near 0 between clusters, negative where
    another center is nearer, and 0 where there is one cluster only.
    """
    names, rows = np.unique(labels, return_inverse=True)
    members = np.eye(len(names))[rows]
    centers = members.T @ vectors / members.sum(axis=0)[:, None]
    if directions:
        centers = unit(centers)
    # All differences at once would be too large for the processor's cache.
    distances = np.stack(
        [np.linalg.norm(vectors - center, axis=1) for center in centers], axis=1
    )
    own = distances[members == 1]
    if len(names) == 1:
        return own, np.zeros_like(own)
    others = np.where(members == 1, np.inf, distances).min(axis=1)
    return own, others - own


def _renumber(labels):
    """Number clusters from 0 in the order in which they first appear."""
    _, first, rows = np.unique(labels, return_index=True, return_inverse=True)
    return first.argsort().argsort()[rows]
